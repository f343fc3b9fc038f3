"""What the daemon asks of an engine, and what comes back: plain data, no arrays of any framework.

Times are seconds from the start of the window.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Samples per second of every window: Whisper's own rate."""

MAX_WINDOW_S = 30.0
"""The longest window that Whisper's encoder takes."""

Samples = NDArray[np.float32]
"""Mono audio in [-1, 1] at `SAMPLE_RATE`, shape (n,)."""


class JobKind(Enum):
    """What a window is for, the most urgent first.

    A final closes speech that has paused, and its speaker waits for it. A cut closes speech that
    goes on, in the middle of a word as like as not, and should rather be right than quick. Neither
    is ever dropped. An interim is worth only as much as it is fresh.
    """

    FINAL = "final"
    CUT = "cut"
    INTERIM = "interim"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One window of one channel to transcribe.

    `owner` tells channels apart: a newer interim of an owner replaces its older one.
    `language` is a Whisper code, or None to detect it.
    """

    job_id: int
    owner: Hashable
    kind: JobKind
    samples: Samples
    language: str | None = None

    @property
    def duration_s(self) -> float:
        """Length of the window in seconds."""
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text as Whisper wrote it: a word with the space before it, or a lone mark."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What an engine heard in one window; no words where it heard no speech."""

    words: tuple[Word, ...]
    language: str
    no_speech_probability: float = 0.0
    average_log_probability: float = 0.0


class Engine(Protocol):
    """Something that transcribes windows; lives in the engine process, on one thread."""

    def warm_up(self) -> None:
        """Run every shape once, so that the first caller does not pay for it."""

    def transcribe(self, batch: Sequence[Job]) -> Iterator[tuple[Job, Hypothesis]]:
        """Yield each job with its hypothesis as soon as that is done, in any order."""

    def memory_bytes(self) -> dict[str, int]:
        """Bytes that the engine's framework holds, by kind."""
