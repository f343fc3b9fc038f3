"""Words on the stream's clock: placing them, what to believe of them, and where to cut. Pure.

Whisper revises what it said last. Words on which two successive hypotheses agree, and that are not
at the edge of the audio, are stable (local agreement, https://arxiv.org/abs/2307.14743): finals are
cut from them.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from lwd.asr.types import Word
from lwd.stream.window import Window

EDGE_GUARD_S = 0.5
"""Words that end this close to the audio's edge may still change, and are not cut from it."""

_SHOWN_GUARD_S = 0.2
"""A word that ends this close to the edge is most likely the beginning of another."""

_LIKELY, _LIKELY_IF_AGREED = 0.7, 0.5
"""Probabilities from which a word is shown, at once or when two hypotheses agree on it."""

_OLD_S = 1.0
"""What two hypotheses agree on so far from the edge is shown however unlikely it is."""

_CUT_SPAN_S = 2.5
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")
_CLAUSE_ENDS = (",", ";", ":", "、", "，")


def place(words: Sequence[Word], window: Window, start_s: float, end_s: float) -> list[Word]:
    """Move a window's words onto the stream's clock, in order inside [start, end]."""
    placed = []
    earliest = start_s
    for word in words:
        begin = min(max(window.start_on_stream_s(word.start_s), earliest), end_s)
        end = min(max(window.end_on_stream_s(word.end_s), begin), end_s)
        placed.append(replace(word, start_s=begin, end_s=end))
        earliest = end
    return placed


def agreed(before: Sequence[Word], now: Sequence[Word]) -> int:
    """How many of the first words of `now` stand in `before` too, whatever their case and marks."""
    old = [text for word in before if (text := bare(word))]
    n_old = 0
    for n, word in enumerate(now):
        text = bare(word)
        if text and (n_old == len(old) or old[n_old] != text):
            return n
        n_old += bool(text)
    return len(now)


def shown(
    before: Sequence[Word], words: Sequence[Word], n_agreed: int, edge_s: float
) -> Sequence[Word]:
    """The words to show of an interim of speech that goes on, after those shown before.

    What a reader has seen stands until the window is heard thoroughly, and what is likely to
    change is not shown yet: a text that flickers cannot be read.
    """
    n_safe = next(
        (n for n, word in enumerate(words) if not _is_safe(word, n < n_agreed, edge_s)), len(words)
    )
    n_same = agreed(before, words)
    if _n_spoken(words[:n_same]) >= _n_spoken(before):
        return words[: max(n_safe, n_same)]
    seen_s = before[-1].end_s
    new = [word for word in words[:n_safe] if word.start_s + word.end_s > 2 * seen_s]
    return [*before, *(replace(word, start_s=max(word.start_s, seen_s)) for word in new)]


def find_cut(words: Sequence[Word], n_stable: int, edge_s: float) -> int | None:
    """How many words to close when speech that goes on at `edge_s` must be cut.

    The cut falls among the stable words and before the edge's guard, at the strongest break of
    the last seconds: a sentence's end, a clause's end, else the widest gap, and of equals the
    latest. None when no word is safe.
    """
    breaks = [
        (_strength(before, after), after.start_s, n)
        for n, (before, after) in enumerate(pairwise(words), start=1)
        if n <= n_stable and _begins_word(after) and after.start_s <= edge_s - EDGE_GUARD_S
    ]
    if not breaks:
        return None
    recent = [b for b in breaks if b[1] >= edge_s - _CUT_SPAN_S] or breaks[-1:]
    return max(recent)[2]


def without_end(words: Sequence[Word]) -> Sequence[Word]:
    """The words without the marks after the last: Whisper ends a sentence wherever it stops."""
    n = len(words)
    while n and not bare(words[n - 1]):
        n -= 1
    return words[:n]


def without_beginning(words: Sequence[Word]) -> Sequence[Word]:
    """The words without the marks before the first, which belong to what was said before."""
    n = 0
    while n < len(words) and not bare(words[n]):
        n += 1
    return words[n:]


def bare(word: Word) -> str:
    """A word's letters and digits, whatever their case."""
    return "".join(filter(str.isalnum, word.text)).casefold()


def _is_safe(word: Word, is_agreed: bool, edge_s: float) -> bool:
    age_s = edge_s - word.end_s
    if is_agreed and (word.probability >= _LIKELY_IF_AGREED or age_s >= _OLD_S):
        return True
    return age_s >= _SHOWN_GUARD_S and word.probability >= _LIKELY


def _n_spoken(words: Sequence[Word]) -> int:
    return sum(bool(bare(word)) for word in words)


def _begins_word(word: Word) -> bool:
    return word.text.startswith(" ") or not word.text[:1].isascii()


def _strength(before: Word, after: Word) -> tuple[int, float]:
    text = before.text.rstrip()
    rank = 2 if text.endswith(_SENTENCE_ENDS) else 1 if text.endswith(_CLAUSE_ENDS) else 0
    return rank, round(after.start_s - before.end_s, 2)
