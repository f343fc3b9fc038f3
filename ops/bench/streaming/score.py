"""What one call, and many together, amount to. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from scoring import WordErrors, word_errors, words_of
from streaming.client import Result
from streaming.compose import Call
from streaming.latency import final_latencies, interim_latencies, word_latencies
from streaming.seams import Seams, seams
from streaming.stability import Stability, stability

_SETTLED_SHARE = 1 / 3
"""Of a run, after which memory should have its size."""

Normalise = Callable[[str], str]
"""Whisper's English normaliser."""


@dataclass(frozen=True, slots=True)
class CallScore:
    """One call as it was heard; latencies in seconds, None for what never came.

    `closing_s` is from CloseStream to the last message.
    """

    call: str
    interim_s: list[float]
    worded_interim_s: list[float]
    word_s: list[float | None]
    final_s: list[float | None]
    closing_s: float | None
    errors: WordErrors
    stability: Stability
    seams: Seams


def score(
    call: Call,
    results: Sequence[Result],
    endpointing_s: float,
    normalise: Normalise,
    *,
    pace: float = 1.0,
    closing_s: float | None = None,
) -> CallScore:
    """Rate the results of one call."""
    return CallScore(
        call=call.name,
        interim_s=interim_latencies(results, pace),
        worded_interim_s=interim_latencies(results, pace, worded=True),
        word_s=word_latencies(call.utterances, results, pace),
        final_s=final_latencies(call.utterances, results, endpointing_s, pace),
        closing_s=closing_s,
        errors=errors_of(call.text, final_text(results), normalise),
        stability=stability(results),
        seams=seams(call.text, results),
    )


def final_text(results: Sequence[Result]) -> str:
    """All finals, one after the other."""
    return " ".join(result.text for result in results if result.is_final and result.text)


def errors_of(said: str, heard: str, normalise: Normalise) -> WordErrors:
    """Word errors as Whisper's authors count them, each digit a word."""
    return word_errors(words_of(normalise(said)), words_of(normalise(heard)))


@dataclass(frozen=True, slots=True)
class Total:
    """Many calls together."""

    interim_s: list[float]
    worded_interim_s: list[float]
    word_s: list[float]
    words: int
    final_s: list[float]
    finals_due: int
    closing_s: list[float]
    errors: WordErrors
    stability: Stability
    seams: Seams

    @classmethod
    def of(cls, scores: Sequence[CallScore]) -> "Total":
        """Add up; what never came is missing among the latencies, and counted by its absence."""
        return cls(
            interim_s=[s for call in scores for s in call.interim_s],
            worded_interim_s=[s for call in scores for s in call.worded_interim_s],
            word_s=_came(s for call in scores for s in call.word_s),
            words=sum(len(call.word_s) for call in scores),
            final_s=_came(s for call in scores for s in call.final_s),
            finals_due=sum(len(call.final_s) for call in scores),
            closing_s=_came(call.closing_s for call in scores),
            errors=sum((call.errors for call in scores), WordErrors()),
            stability=sum((call.stability for call in scores), Stability()),
            seams=sum((call.seams for call in scores), Seams()),
        )

    @property
    def missing_finals(self) -> int:
        """Utterances that no speech_final closed before the next one began."""
        return self.finals_due - len(self.final_s)


def mean(values: Sequence[float]) -> float:
    """The average; not a number without values."""
    return float(np.mean(values)) if values else float("nan")


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed; not a number without values."""
    return float(np.percentile(values, percent)) if values else float("nan")


def growth_percent(resident_bytes: Sequence[int]) -> float | None:
    """How much higher memory came after the first third of a run than in it; None without any."""
    settled = int(len(resident_bytes) * _SETTLED_SHARE)
    if not settled:
        return None
    return 100 * (max(resident_bytes[settled:]) / max(resident_bytes[:settled]) - 1)


def _came(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
