"""Words on the stream's clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.types import Word
from lwd.stream.transcript import EDGE_GUARD_S, UtteranceTracker, find_cut, place


def words(text: str, *, start_s: float = 0.0, each_s: float = 0.5) -> list[Word]:
    """The words of a text, evenly spaced, as Whisper writes them."""
    return [
        Word(f" {part}", start_s + n * each_s, start_s + (n + 1) * each_s, 0.9)
        for n, part in enumerate(text.split())
    ]


def test_words_move_onto_the_streams_clock() -> None:
    """A window's times begin at its first sample, a stream's at its first."""
    placed = place(words("good morning"), 10.0, 10.0, 12.0)

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

    placed = place(heard, offset_s, offset_s, offset_s + length_s)

    edges = [offset_s]
    for word in placed:
        edges += [word.start_s, word.end_s]
    edges.append(offset_s + length_s)
    assert edges == sorted(edges)
    assert [w.text for w in placed] == [w.text for w in heard]


def test_a_cut_prefers_the_end_of_a_sentence() -> None:
    """A seam between sentences costs no context."""
    assert find_cut(words("a b c d e. f g h"), edge_s=4.0) == 5


def test_a_cut_prefers_a_clause_to_a_gap() -> None:
    """Without a sentence's end a comma is the best seam."""
    assert find_cut(words("a b c d, e f g h"), edge_s=4.0) == 4


def test_a_cut_falls_into_the_widest_gap() -> None:
    """Without punctuation the longest pause is the best seam."""
    heard = [*words("a b c d e"), *words("f g", start_s=2.9)]

    assert find_cut(heard, edge_s=4.0) == 5


def test_a_cut_leaves_the_edge_alone() -> None:
    """Words that may still change wait for the next window."""
    heard = words("a b c d e f g h")

    n = find_cut(heard, edge_s=4.0)

    assert n is not None
    assert heard[n].start_s <= 4.0 - EDGE_GUARD_S


def test_no_cut_without_a_safe_word() -> None:
    """A window with one word, or none, is not cut."""
    assert find_cut([], edge_s=5.0) is None
    assert find_cut(words("alone"), edge_s=5.0) is None
    assert find_cut(words("a b", start_s=4.2, each_s=0.4), edge_s=5.0) is None


def test_a_mark_is_not_torn_from_its_word() -> None:
    """A cut never leaves a comma to begin the next window."""
    heard = [Word(" so", 0.0, 1.0, 0.9), Word(",", 1.5, 1.6, 0.9), Word(" yes", 1.6, 2.0, 0.9)]

    assert find_cut(heard, edge_s=3.0) == 2


def test_an_utterance_ends_once() -> None:
    """UtteranceEnd comes when the gap has passed, and not again."""
    tracker = UtteranceTracker(1000)
    tracker.saw(words("good bye"), is_final=True)

    assert tracker.ended(1.9) is None
    assert tracker.ended(2.0) == pytest.approx(1.0)
    assert tracker.ended(9.0) is None


def test_an_utterance_goes_on_while_interims_have_words() -> None:
    """Words of an interim are newer than those of the last final."""
    tracker = UtteranceTracker(1000)
    tracker.saw(words("good bye"), is_final=True)
    tracker.saw(words("and"), is_final=False)
    assert tracker.ended(5.0) is None

    tracker.saw([], is_final=False)
    assert tracker.ended(5.0) == pytest.approx(1.0)


def test_silence_ends_no_utterance() -> None:
    """Nothing was said, so nothing ends; nor when nobody asked."""
    silent = UtteranceTracker(1000)
    silent.saw([], is_final=True)
    unasked = UtteranceTracker(None)
    unasked.saw(words("good bye"), is_final=True)

    assert silent.ended(100.0) is None
    assert unasked.ended(100.0) is None
