"""Words on the stream's clock."""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.types import SAMPLE_RATE, Word
from lwd.stream.transcript import (
    EDGE_GUARD_S,
    agreed,
    find_cut,
    place,
    shown,
    without_beginning,
    without_end,
)
from lwd.stream.window import Window
from tests.stream.conftest import words

if TYPE_CHECKING:
    from collections.abc import Sequence


def window(start_s: float, end_s: float) -> Window:
    """All the audio between two times."""
    return Window(((round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)),))


def marked(text: str) -> list[Word]:
    """Words and marks as they stand, a tenth of a second each."""
    return [Word(part, n / 10, (n + 1) / 10, 0.9) for n, part in enumerate(text.split("|"))]


def test_words_move_onto_the_streams_clock() -> None:
    """A window's times begin at its first sample, a stream's at its first."""
    placed = place(words("good morning"), window(10.0, 12.0), 10.0, 12.0)

    assert [(w.start_s, w.end_s) for w in placed] == [(10.0, 10.5), (10.5, 11.0)]


@given(
    times=st.lists(st.tuples(st.floats(-5, 40), st.floats(-5, 40)), max_size=20),
    offset_s=st.floats(0, 1000),
    length_s=st.floats(0, 30),
)
def test_placed_words_are_in_order_and_inside(
    times: list[tuple[float, float]], offset_s: float, length_s: float
) -> None:
    """However wrong an alignment is, clients see monotonic times inside the result."""
    heard = [Word(" word", start, end, 0.5) for start, end in times]

    placed = place(heard, window(offset_s, offset_s + length_s), offset_s, offset_s + length_s)

    edges = [offset_s]
    for word in placed:
        edges += [word.start_s, word.end_s]
    edges.append(offset_s + length_s)
    assert edges == sorted(edges)
    assert [w.text for w in placed] == [w.text for w in heard]


def test_a_cut_prefers_the_end_of_a_sentence() -> None:
    """A seam between sentences costs no context."""
    assert find_cut(words("a b c d e. f g h"), 8, edge_s=4.0) == 5


def test_a_cut_prefers_a_clause_to_a_gap() -> None:
    """Without a sentence's end a comma is the best seam."""
    assert find_cut(words("a b c d, e f g h"), 8, edge_s=4.0) == 4


def test_a_cut_falls_into_the_widest_gap() -> None:
    """Without punctuation the longest pause is the best seam."""
    heard = [*words("a b c d e"), *words("f g", start_s=2.9)]

    assert find_cut(heard, 8, edge_s=4.0) == 5


def test_a_cut_leaves_the_edge_alone() -> None:
    """Words that may still change wait for the next window."""
    heard = words("a b c d e f g h")

    n = find_cut(heard, 8, edge_s=4.0)

    assert n is not None
    assert heard[n].start_s <= 4.0 - EDGE_GUARD_S


def test_no_cut_without_a_safe_word() -> None:
    """A window with one word, or none, is not cut."""
    assert find_cut([], 8, edge_s=5.0) is None
    assert find_cut(words("alone"), 8, edge_s=5.0) is None
    assert find_cut(words("a b", start_s=4.2, each_s=0.4), 8, edge_s=5.0) is None


def test_a_mark_is_not_torn_from_its_word() -> None:
    """A cut never leaves a comma to begin the next window."""
    heard = [Word(" so", 0.0, 1.0, 0.9), Word(",", 1.5, 1.6, 0.9), Word(" yes", 1.6, 2.0, 0.9)]

    assert find_cut(heard, 8, edge_s=3.0) == 2


def test_a_cut_falls_among_the_stable_words() -> None:
    """What the next hypothesis may still change is not settled, whatever its marks."""
    assert find_cut(words("a b c d e f. g h"), 4, edge_s=4.0) == 4
    assert find_cut(words("a b c d. e f g h"), 5, edge_s=4.0) == 4
    assert find_cut(words("a b c d e f g h"), 0, edge_s=4.0) is None


@pytest.mark.parametrize(
    ("before", "now", "n"),
    [
        ("", " So", 0),
        (" So| it", " So| it| is", 2),
        (" So|,| it|.", " so| It| is", 2),
        (" So| it", " So|,| it|,| is", 4),
        (" Sow| it", " So| it", 0),
        (" So| it| is", " So| it", 2),
    ],
)
def test_hypotheses_agree_whatever_their_case_and_marks(before: str, now: str, n: int) -> None:
    """Whisper changes those with every word that follows."""
    old = marked(before) if before else []

    assert agreed(old, marked(now)) == n


def test_a_word_at_the_edge_is_shown_when_it_has_stayed() -> None:
    """Until then it is most likely the beginning of another word."""
    heard = words("so it is", each_s=0.5)

    assert shown([], heard, 0, edge_s=1.6) == heard[:2]
    assert shown([], heard, 3, edge_s=1.6) == heard
    assert shown([], heard, 0, edge_s=2.0) == heard


@pytest.mark.parametrize(
    ("probability", "n_agreed", "edge_s", "is_shown"),
    [
        (0.6, 0, 2.0, False),
        (0.6, 3, 2.0, True),
        (0.3, 3, 2.0, False),
        (0.3, 3, 2.6, True),
        (0.3, 2, 2.6, False),
    ],
)
def test_an_unlikely_word_is_shown_when_it_has_stayed(
    probability: float, n_agreed: int, edge_s: float, is_shown: bool
) -> None:
    """Most words that are taken back were unlikely from the start."""
    *sure, last = words("so it is", each_s=0.5)
    heard = [*sure, replace(last, probability=probability)]

    assert shown([], heard, n_agreed, edge_s) == (heard if is_shown else sure)


def test_what_was_shown_stands_and_new_words_follow_it() -> None:
    """A reader's text does not flicker, whatever the next hypothesis says of it."""
    before = words("so it seems", each_s=0.5)
    now = words("so it beams to me", each_s=0.5)

    text = "".join(word.text for word in shown(before, now, 2, edge_s=3.0))

    assert text == " so it seems to me"


def test_what_was_shown_is_not_taken_back() -> None:
    """A hypothesis that is shorter, or less sure, takes no word away."""
    before = words("so it seems to me", each_s=0.5)
    doubtful = [replace(word, probability=0.1) for word in before]

    assert list(shown(before, before[:2], 2, edge_s=3.0)) == before
    assert list(shown(before, doubtful, 0, edge_s=3.0)) == doubtful


@given(
    times=st.lists(
        st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), max_size=8), min_size=1, max_size=6
    ),
    texts=st.lists(st.sampled_from("abc"), min_size=8, max_size=8),
)
def test_shown_words_only_grow_and_are_in_order(
    times: list[list[tuple[float, float]]], texts: list[str]
) -> None:
    """Whatever hypotheses follow on each other."""
    seen: Sequence[Word] = []
    for hypothesis in times:
        starts = sorted(start for start, _ in hypothesis)
        heard = [
            Word(f" {texts[n]}", start, min(start + 0.2, [*starts, 9.0][n + 1]), probability)
            for n, (start, (_, probability)) in enumerate(zip(starts, hypothesis, strict=True))
        ]
        now = shown(seen, heard, 0, edge_s=3.5)
        assert [word.text for word in now][: len(seen)] == [word.text for word in seen]
        assert all(a.end_s <= b.start_s for a, b in pairwise(now))
        seen = now


def test_marks_at_a_seam_belong_to_neither_side() -> None:
    """A sentence that goes on after a pause is not ended in its middle."""
    heard = marked(".| So| it|.|..")

    assert [word.text for word in without_end(heard)] == [".", " So", " it"]
    assert [word.text for word in without_beginning(heard)] == [" So", " it", ".", ".."]
    assert list(without_end(marked("."))) == []
