"""What the daemon asks of an engine, and what comes back: plain data, no arrays of any framework.

Times are seconds from the start of the window.
"""

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
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
    goes on, in the middle of a word as like as not, and should rather be right than quick. A pause
    may be the end of what is said, and is heard like a final so that the final is there when it is
    due. An interim is worth only as much as it is fresh; it alone may be dropped. A batch job is
    part of a recording that nobody listens to live, and takes what capacity the others leave.
    """

    FINAL = "final"
    CUT = "cut"
    PAUSE = "pause"
    INTERIM = "interim"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Keyterm:
    """Words that may be said, as they are to be written.

    `boost` is 1 for what is likely, more for what must not be missed, and below 0 for what is not
    to be heard; an engine may bound it.
    """

    term: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a window before it is heard.

    `language` is a Whisper code, or None to detect it, among `languages` if there are any.
    `keyterms` are words that may be said in the window. `spoken` holds the tokens of words that
    it begins with and that are settled: what is heard goes on after them. `draft` holds the tokens
    of an earlier hypothesis: it makes the answer come sooner and never changes it. With
    `is_hurried` an answer soon is worth more than one that is a little better.
    """

    language: str | None = None
    languages: tuple[str, ...] = ()
    keyterms: tuple[Keyterm, ...] = ()
    spoken: tuple[int, ...] = ()
    draft: tuple[int, ...] = ()
    is_hurried: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One window of one channel to transcribe.

    `owner` tells channels apart: a newer interim of an owner replaces its older one. Nobody wants
    the answer to an interim after `deadline_s`, a time on the batcher's clock.
    """

    job_id: int
    owner: Hashable
    kind: JobKind
    samples: Samples
    hints: Hints = Hints()
    deadline_s: float = math.inf

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
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What an engine heard in one window; no words where it heard no speech.

    `tokens` can be the draft of the next hypothesis of the same window. The temperature is 0 for
    greedy decoding, and higher when only sampling gave a plausible text.
    """

    words: tuple[Word, ...]
    language: str
    language_probability: float = 1.0
    no_speech_probability: float = 0.0
    average_log_probability: float = 0.0
    temperature: float = 0.0
    tokens: tuple[int, ...] = ()


IsWanted = Callable[[Job], bool]
"""Whether anybody still waits for a job; asked between tokens."""


class Engine(Protocol):
    """Something that transcribes windows; lives in the engine process, on one thread."""

    def warm_up(self) -> None:
        """Run every shape once, so that the first caller does not pay for it."""

    def transcribe(
        self, batch: Sequence[Job], is_wanted: IsWanted
    ) -> Iterator[tuple[Job, Hypothesis]]:
        """Yield each job with its hypothesis as soon as that is done, in any order.

        A job that is no longer wanted is left off without an answer.
        """

    def rest(self) -> None:
        """Give back memory that is only kept to be quick; called when there is nothing to do."""

    def memory_bytes(self) -> dict[str, int]:
        """Bytes that the engine's framework holds, by kind."""

    def seconds_by_stage(self) -> dict[str, float]:
        """Seconds spent since the start on each stage of the work."""
