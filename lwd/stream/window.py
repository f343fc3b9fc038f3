"""The audio of one window: speech with some margin, long silences left out. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lwd.asr.types import SAMPLE_RATE, Samples

Span = tuple[int, int]
"""Samples [start, end) of the stream."""


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces of the stream, in order and apart, that are heard as one."""

    pieces: tuple[Span, ...]

    @classmethod
    def around(cls, speech: Iterable[Span], bounds: Span, margin: int) -> "Window":
        """Speech with `margin` samples before and after each span, inside the bounds.

        As much after as before: a word's last sound is as soft as its first.
        """
        pieces: list[Span] = []
        for start, end in speech:
            start, end = max(bounds[0], start - margin), min(bounds[1], end + margin)  # noqa: PLW2901 - the same span, wider
            if pieces and start <= pieces[-1][1]:
                start = pieces.pop()[0]  # noqa: PLW2901 - both as one
            if start < end:
                pieces.append((start, end))
        return cls(tuple(pieces))

    def __len__(self) -> int:
        """How many samples are heard."""
        return sum(end - start for start, end in self.pieces)

    def samples(self, read: Callable[[int, int], Samples]) -> Samples:
        """The audio of all pieces."""
        return np.concatenate([read(start, end) for start, end in self.pieces])

    def start_on_stream_s(self, time_s: float) -> float:
        """Where on the stream something begins that is heard at a time of the window."""
        return self._on_stream_s(time_s, lambda left, length: left < length)

    def end_on_stream_s(self, time_s: float) -> float:
        """Where on the stream something ends that is heard until a time of the window.

        At a silence that was left out that is before it, where a beginning is after it.
        """
        return self._on_stream_s(time_s, lambda left, length: left <= length)

    def _on_stream_s(self, time_s: float, is_inside: Callable[[float, int], bool]) -> float:
        left = time_s * SAMPLE_RATE
        for start, end in self.pieces[:-1]:
            if is_inside(left, end - start):
                return (start + left) / SAMPLE_RATE
            left -= end - start
        start, end = self.pieces[-1]
        return min(start + left, end) / SAMPLE_RATE


def covered(spans: Sequence[Span], bounds: Span) -> list[Span]:
    """The parts of the spans inside the bounds."""
    start, end = bounds
    parts = [(max(a, start), min(b, end)) for a, b in spans]
    return [(a, b) for a, b in parts if a < b]
