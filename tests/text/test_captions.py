"""Captions: what a player shows, for any words at any times."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lwd.protocol.messages import Word
from lwd.text.captions import LINE_CHARACTERS, Caption, captions, to_srt, to_vtt

TIME = r"(\d{2,}):([0-5]\d):([0-5]\d)[.,](\d{3})"


@st.composite
def spoken(draw: st.DrawFn) -> list[Word]:
    """Words in the order of time."""
    words, now_s = [], 0.0
    texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
    for text in draw(st.lists(texts.filter(str.strip), max_size=30)):
        start_s = now_s + draw(st.floats(0, 3))
        now_s = start_s + draw(st.floats(0, 2))
        words.append(Word(text, start_s, now_s, 0.9))
    return words


def word(text: str, start_s: float, end_s: float) -> Word:
    return Word(text.lower(), start_s, end_s, 0.9, text)


def sentence(text: str, start_s: float = 0.0, each_s: float = 0.3) -> list[Word]:
    """Words at an even pace."""
    return [
        word(part, start_s + n * each_s, start_s + (n + 1) * each_s)
        for n, part in enumerate(text.split())
    ]


@given(spoken())
def test_every_word_is_shown_once(words: list[Word]) -> None:
    """In order, in lines that fit, in captions that do not run into each other."""
    made = list(captions(words))

    shown = " ".join(" ".join(caption.lines) for caption in made)
    assert shown.split() == [part for word in words for part in word.shown.split()]
    alone = {" ".join(word.shown.split()) for word in words}
    for caption in made:
        assert 1 <= len(caption.lines) <= 2
        assert all(line.strip() for line in caption.lines)
        assert all(len(line) <= LINE_CHARACTERS or line in alone for line in caption.lines)
        assert caption.start_s <= caption.end_s
    assert all(a.end_s <= b.start_s for a, b in pairwise(made))


@given(spoken())
def test_a_player_can_read_them(words: list[Word]) -> None:
    """Each cue is a number, times in order, lines of text and an empty line; nothing breaks out."""
    for n, caption in enumerate(captions(words), 1):
        number, times, *lines, blank, end = to_srt(caption, n).split("\n")
        assert (number, blank, end) == (str(n), "", "")
        assert re.fullmatch(f"{TIME} --> {TIME}", times)
        assert lines == list(caption.lines)
        times, *lines, blank, end = to_vtt(caption).split("\n")
        assert (blank, end) == ("", "")
        assert re.fullmatch(f"{TIME} --> {TIME}", times)
        assert not any("<" in line or "-->" in line for line in lines)


def test_two_lines_are_about_as_long() -> None:
    """A caption is easy to read at a glance."""
    [caption] = captions(
        sentence("ask not what your country can do for you, ask what you can", each_s=0.2)
    )

    assert caption.lines == ("ask not what your country can", "do for you, ask what you can")


def test_a_sentence_ends_a_caption() -> None:
    """The next one does not begin in the middle of a line."""
    made = list(captions(sentence("Nobody knows what will come. We shall see.")))

    assert [caption.lines for caption in made] == [
        ("Nobody knows what will come.",),
        ("We shall see.",),
    ]


def test_a_pause_ends_a_caption() -> None:
    """What is not being said is not shown."""
    made = list(captions([word("Wait.", 0.0, 0.4), word("Now!", 2.0, 2.3)]))

    assert [(caption.start_s, caption.end_s) for caption in made] == [(0.0, 0.4), (2.0, 2.3)]


def test_how_they_are_written() -> None:
    """SubRip has numbers and commas; WebVTT has points, and escapes what would be markup."""
    caption = Caption(3661.5, 3662.0004, ("R&B <loud>",))

    assert to_srt(caption, 7) == "7\n01:01:01,500 --> 01:01:02,000\nR&B <loud>\n\n"
    assert to_vtt(caption) == "01:01:01.500 --> 01:01:02.000\nR&amp;B &lt;loud&gt;\n\n"
