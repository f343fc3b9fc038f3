"""How far words are from the words of a reference, and their times from its times. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BETWEEN_DIGITS = re.compile(r"(?<=\d)(?=\d)")
_NOT_SPELLED = re.compile(r"[^\w']+")
_DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Errors among the words of references; add up those of many clips."""

    errors: int = 0
    words: int = 0
    runaways: int = 0

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            self.errors + other.errors, self.words + other.words, self.runaways + other.runaways
        )

    @property
    def percent(self) -> float:
        """The word error rate."""
        return 100 * self.errors / max(1, self.words)


@dataclass(frozen=True, slots=True)
class Difference:
    """How many points one word error rate is above another of the same clips.

    With other clips of the kind it would lie from `low` to `high`, 95 times of 100.
    """

    points: float
    low: float
    high: float

    @classmethod
    def of(cls, errors: Sequence[WordErrors], reference: Sequence[WordErrors]) -> "Difference":
        """Clip by clip, at least one. The range is had by drawing clips anew, each with both."""
        words = np.array([clip.words for clip in errors])
        more = np.array([a.errors - b.errors for a, b in zip(errors, reference, strict=True)])
        drawn = np.random.default_rng(0).integers(0, len(words), (_DRAWS, len(words)))
        points = 100 * more[drawn].sum(axis=1) / np.maximum(1, words[drawn].sum(axis=1))
        low, high = np.percentile(points, [2.5, 97.5])
        return cls(100 * float(more.sum()) / max(1, int(words.sum())), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Spread:
    """What errors of time amount to. `bias_ms` is the median with its sign: above 0 is late."""

    median_ms: float
    p90_ms: float
    bias_ms: float

    @classmethod
    def of(cls, errors_s: Sequence[float]) -> "Spread":
        """Of signed errors, in seconds."""
        sizes = 1000 * np.abs(errors_s)
        median, p90 = np.percentile(sizes, [50, 90])
        return cls(float(median), float(p90), 1000 * float(np.median(errors_s)))


def align(reference: Sequence[str], heard: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of indices with the fewest errors; None where a word is missing on that side."""
    costs = _costs(reference, heard)
    i, j = len(reference), len(heard)
    pairs: list[tuple[int | None, int | None]] = []
    while i or j:
        differs = i == 0 or j == 0 or reference[i - 1] != heard[j - 1]
        if i and j and costs[i, j] == costs[i - 1, j - 1] + differs:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and costs[i, j] == costs[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def equal_pairs(reference: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Indices of the words that were heard as they were said."""
    return [
        (i, j)
        for i, j in align(reference, heard)
        if i is not None and j is not None and reference[i] == heard[j]
    ]


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> WordErrors:
    """Words replaced, left out and put in; and whether the text ran away."""
    errors = int(_costs(reference, heard)[-1, -1])
    return WordErrors(errors, len(reference), int(runs_away(reference, heard)))


def runs_away(reference: Sequence[str], heard: Sequence[str]) -> bool:
    """Whether far more was heard than said: a decoder that loops."""
    return len(heard) > 2 * len(reference) + 5


def words_of(normalised: str) -> list[str]:
    """The words of a text whose numbers are digits; each digit is one.

    The normaliser writes digits that were told one by one as one number, unless there are marks
    between them.
    """
    return _BETWEEN_DIGITS.sub(" ", normalised).split()


def spelling(word: str) -> str:
    """A word without case and marks; empty for a lone mark."""
    return _NOT_SPELLED.sub("", word).strip("'").lower()


def _costs(reference: Sequence[str], heard: Sequence[str]) -> NDArray[np.int64]:
    """Levenshtein's distances between all beginnings of both."""
    costs = np.zeros((len(reference) + 1, len(heard) + 1), dtype=np.int64)
    costs[:, 0] = range(len(reference) + 1)
    costs[0, :] = range(len(heard) + 1)
    for i, said in enumerate(reference, 1):
        for j, word in enumerate(heard, 1):
            costs[i, j] = min(
                costs[i - 1, j - 1] + (said != word), costs[i - 1, j] + 1, costs[i, j - 1] + 1
            )
    return costs
