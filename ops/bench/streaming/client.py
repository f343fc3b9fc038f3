"""What a client of any live server does: send audio as it is spoken, and note what comes when.

A rival with a protocol of its own brings a class with `stream` and `results`; see `deepgram`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lwd.asr.types import SAMPLE_RATE

FRAME_S = 0.02

_BYTES_PER_S = 2 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a result, in seconds of submitted audio."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """A transcript of the audio from `start_s` to `end_s`.

    It came `received_s` after the first sample was spoken, when the audio up to `cursor_s` was sent.
    """

    received_s: float
    cursor_s: float
    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...]
    is_final: bool
    speech_final: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came; it is read only after the run."""

    at_s: float
    cursor_s: float
    text: str


@dataclass(slots=True)
class Recording:
    """What happened on one connection, in seconds since the first sample was spoken.

    `closing_s` is when the client said that it was done, and `worst_late_s` the most by which it
    sent a frame too late; `error` says why the stream did not end well.
    """

    received: list[Received] = field(default_factory=list)
    closing_s: float | None = None
    worst_late_s: float = 0.0
    error: str | None = None
    is_refused: bool = False


class Client(Protocol):
    """How one server is called."""

    async def stream(self, pcm: bytes, pace: float) -> Recording:
        """Send a call, linear16 mono at 16 kHz, `pace` times as fast as it is spoken."""

    def results(self, recording: Recording) -> Sequence[Result]:
        """Read what was received."""


class Speaker:
    """Audio that is sent as it is spoken: each frame when its last sample has been said."""

    def __init__(self, pcm: bytes, pace: float) -> None:
        """The clock starts now."""
        self._pcm = memoryview(pcm)
        self._pace = pace
        self._started_s = time.perf_counter()
        self.cursor_s = 0.0
        self.worst_late_s = 0.0

    def now_s(self) -> float:
        """Seconds since the first sample was spoken, of the wall clock."""
        return time.perf_counter() - self._started_s

    async def speak(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send everything. No frame's delay moves a later one."""
        step = round(FRAME_S * _BYTES_PER_S)
        for first in range(0, len(self._pcm), step):
            frame = bytes(self._pcm[first : first + step])
            spoken_s = (first + len(frame)) / _BYTES_PER_S
            await asyncio.sleep(max(0.0, spoken_s / self._pace - self.now_s()))
            self.worst_late_s = max(self.worst_late_s, self.now_s() - spoken_s / self._pace)
            await send(frame)
            self.cursor_s = spoken_s
