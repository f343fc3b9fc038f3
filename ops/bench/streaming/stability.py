"""How many of the words that a reader was shown were changed under their eyes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring import equal_pairs, spelling
from streaming.client import Result, Word

_EDGE_S = 0.3
"""A word that a final lacks is left to the next message if it lies behind the final's end, or so near."""


@dataclass(frozen=True, slots=True)
class Stability:
    """Words that interims showed, each counted once, and those that a later message changed."""

    shown: int = 0
    changed: int = 0

    def __add__(self, other: "Stability") -> "Stability":
        return Stability(self.shown + other.shown, self.changed + other.changed)

    @property
    def percent(self) -> float:
        """The share of words that were changed; not a number where none was shown."""
        return 100 * self.changed / self.shown if self.shown else float("nan")


def stability(results: Sequence[Result]) -> Stability:
    """Compare each message with the one before, without case and marks.

    A word is shown where it has no equal in the message before, and changed where it has none in
    the next one. What a final does not reach is compared with the first message of the next window.
    """
    shown = changed = 0
    pending: list[Word] = []
    for result in results:
        words = [word for word in result.words if spelling(word.text)]
        kept = equal_pairs(_spelled(pending), _spelled(words))
        rest = _beyond(pending, kept, result)
        changed += len(pending) - len(kept) - len(rest)
        if result.is_final:
            pending = rest
        else:
            shown += len(words) - len(kept)
            pending = words
    return Stability(shown, changed + len(pending))


def _beyond(pending: list[Word], kept: list[tuple[int, int]], result: Result) -> list[Word]:
    """The words behind a final's last one that it does not reach; an interim reaches all."""
    if not result.is_final:
        return []
    behind = kept[-1][0] + 1 if kept else 0
    return [
        word
        for word in pending[behind:]
        if (word.start_s + word.end_s) / 2 >= result.end_s - _EDGE_S
    ]


def _spelled(words: Sequence[Word]) -> list[str]:
    return [spelling(word.text) for word in words]
