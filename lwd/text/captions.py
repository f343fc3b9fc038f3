"""Captions of a transcript, as SubRip (SRT) and WebVTT. Pure.

A caption has at most two lines of 42 letters and seven seconds, as broadcasters ask for; it ends
with a sentence where it can. https://www.w3.org/TR/webvtt1/
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lwd.protocol.messages import Word

LINE_CHARACTERS = 42
_CAPTION_CHARACTERS = 2 * LINE_CHARACTERS
_LONGEST_S = 7.0
_PAUSE_S = 1.0
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")

VTT_HEADER = "WEBVTT\n\n"
"""What a WebVTT file begins with."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What is shown from `start_s` to `end_s`: one line or two."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


def captions(words: Iterable[Word]) -> Iterator[Caption]:
    """Share out words, in the order of time, into captions."""
    shown: list[Word] = []
    for word in words:
        if shown and not _fits(shown, word):
            yield _caption(shown)
            shown = []
        shown.append(word)
    if shown:
        yield _caption(shown)


def to_srt(caption: Caption, number: int) -> str:
    """Write a caption as SubRip does; numbers count from 1."""
    text = "\n".join(caption.lines)
    return f"{number}\n{_times(caption, ',')}\n{text}\n\n"


def to_vtt(caption: Caption) -> str:
    """Write a caption as a cue of WebVTT."""
    text = "\n".join(map(_escaped, caption.lines))
    return f"{_times(caption, '.')}\n{text}\n\n"


def _fits(shown: Sequence[Word], word: Word) -> bool:
    """Whether a word may stand in the caption of those before it."""
    last = shown[-1]
    n_characters = len(_text([*shown, word]))
    ends_sentence = (
        last.shown.endswith(_SENTENCE_ENDS) and len(_text(shown)) >= LINE_CHARACTERS // 2
    )
    return (
        n_characters <= _CAPTION_CHARACTERS
        and len(_lines([*shown, word])) <= 2  # noqa: PLR2004 - two lines
        and word.end_s - shown[0].start_s <= _LONGEST_S
        and word.start_s - last.end_s < _PAUSE_S
        and not ends_sentence
    )


def _caption(words: Sequence[Word]) -> Caption:
    return Caption(words[0].start_s, max(word.end_s for word in words), _lines(words))


def _lines(words: Sequence[Word]) -> tuple[str, ...]:
    """One line where that is enough, else lines of about the same length."""
    whole = _text(words)
    if len(whole) <= LINE_CHARACTERS or len(words) == 1:
        return (whole,)
    halves = ((_text(words[:n]), _text(words[n:])) for n in range(1, len(words)))
    first, second = min(halves, key=lambda pair: max(map(len, pair)))
    if max(len(first), len(second)) <= LINE_CHARACTERS:
        return first, second
    return (*_lines(words[: len(words) // 2]), *_lines(words[len(words) // 2 :]))


def _text(words: Sequence[Word]) -> str:
    # An empty line would end the caption.
    return " ".join(" ".join(word.shown.split()) for word in words)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _times(caption: Caption, point: str) -> str:
    start, end = round(caption.start_s * 1000), round(caption.end_s * 1000)
    return f"{_clock(start, point)} --> {_clock(max(end, start + 1), point)}"


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}"
