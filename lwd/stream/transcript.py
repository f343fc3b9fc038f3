"""Words on the stream's clock: placing them, cutting long speech, and the end of utterances. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from lwd.asr.types import Word

EDGE_GUARD_S = 0.5
"""Words that end this close to the audio's edge may still change, and are not cut from it."""

_CUT_SPAN_S = 2.5
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")
_CLAUSE_ENDS = (",", ";", ":", "、", "，")


def place(words: Sequence[Word], offset_s: float, start_s: float, end_s: float) -> list[Word]:
    """Move a window's words by `offset_s` onto the stream's clock, in order inside [start, end]."""
    placed = []
    earliest = start_s
    for word in words:
        begin = min(max(word.start_s + offset_s, earliest), end_s)
        end = min(max(word.end_s + offset_s, begin), end_s)
        placed.append(replace(word, start_s=begin, end_s=end))
        earliest = end
    return placed


def find_cut(words: Sequence[Word], edge_s: float) -> int | None:
    """How many words to close when speech that goes on at `edge_s` must be cut.

    The cut falls before the edge's guard, at the strongest break of the last seconds: a
    sentence's end, a clause's end, else the widest gap, and of equals the latest. None when no
    word is safe.
    """
    breaks = [
        (_strength(before, after), after.start_s, n)
        for n, (before, after) in enumerate(pairwise(words), start=1)
        if _begins_word(after) and after.start_s <= edge_s - EDGE_GUARD_S
    ]
    if not breaks:
        return None
    recent = [b for b in breaks if b[1] >= edge_s - _CUT_SPAN_S] or breaks[-1:]
    return max(recent)[2]


def drop_repeated(words: Sequence[Word], told: Sequence[Word], seam_s: float) -> Sequence[Word]:
    """The words after those that were told already, in a window that begins with them.

    After a cut the next window hears its last words again, so that no sound falls into the seam.
    They are known by their text; a window that heard them otherwise is divided by time.
    """
    texts, tail = [_bare(word) for word in words], [_bare(word) for word in told]
    for n in range(min(len(tail), len(texts)), 0, -1):
        # The window may begin inside a word, so one stray piece before the repetition goes too.
        for first in (0, 1):
            if texts[first : first + n] == tail[-n:]:
                return words[first + n :]
    return [word for word in words if not told or (word.start_s + word.end_s) / 2 > seam_s]


def _bare(word: Word) -> str:
    return "".join(filter(str.isalnum, word.text)).casefold()


def _begins_word(word: Word) -> bool:
    return word.text.startswith(" ") or not word.text[:1].isascii()


def _strength(before: Word, after: Word) -> tuple[int, float]:
    text = before.text.rstrip()
    rank = 2 if text.endswith(_SENTENCE_ENDS) else 1 if text.endswith(_CLAUSE_ENDS) else 0
    return rank, round(after.start_s - before.end_s, 2)


class UtteranceTracker:
    """Tells when an utterance has ended by the times of its words, whatever the VAD says.

    Deepgram's `utterance_end_ms`: one event for each utterance, once the audio is that far past
    the last final word and no later word is in sight.
    """

    def __init__(self, utterance_end_ms: int | None) -> None:
        self._gap_s = None if utterance_end_ms is None else utterance_end_ms / 1000
        self._last_word_end_s: float | None = None
        self._later_words = False

    def saw(self, words: Sequence[Word], *, is_final: bool) -> None:
        """Take note of a result's words."""
        if is_final:
            self._later_words = False
            if words:
                self._last_word_end_s = words[-1].end_s
        else:
            self._later_words = bool(words)

    def ended(self, now_s: float) -> float | None:
        """End of the last word if the utterance has ended at `now_s`, told once; else None."""
        last = self._last_word_end_s
        if last is None or self._gap_s is None or self._later_words or now_s < last + self._gap_s:
            return None
        self._last_word_end_s = None
        return last
