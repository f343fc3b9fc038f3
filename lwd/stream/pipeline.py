"""Runs a channel: gives it audio and time, and does what it says.

A channel never has more than one window in the engine, and its events come out in order.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from lwd import metrics
from lwd.asr.types import SAMPLE_RATE, Hints, Hypothesis, JobKind, Keyterm, Samples
from lwd.audio.buffer import SampleBuffer
from lwd.errors import EngineFailed
from lwd.stream.asking import Listen
from lwd.stream.channel import Channel
from lwd.stream.events import StreamEvent, Transcribed

Emit = Callable[[StreamEvent], Awaitable[None]]
"""Where a channel's events go; it may raise, and then the channel ends."""

_AHEAD_S = 5.0
"""Audio that is further ahead of a speaker is a recording: nobody waits for its finals."""

log = structlog.get_logger()


class Hearing(Protocol):
    """A window that an engine was asked for.

    The answer raises EngineFailed when the window cannot be transcribed. It is None for an interim
    that came to nothing: a newer window of its owner took its place, or no engine had taken it at
    its deadline. Cancelling it gives the window up.
    """

    @property
    def answer(self) -> asyncio.Future[Hypothesis | None]:
        """What was heard, in the end."""

    @property
    def has_begun(self) -> bool:
        """Whether an engine has the window, or else it still waits for one."""


class Transcribe(Protocol):
    """Asks an engine for a window."""

    def __call__(
        self, owner: Hashable, kind: JobKind, samples: Samples, hints: Hints, deadline_s: float
    ) -> Hearing:
        """The deadline is a time of time.monotonic()."""


class Detect(Protocol):
    """Speech probabilities of the frames that the samples complete."""

    def feed(self, samples: Samples) -> list[float]:
        """One for each frame."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """`owner` tells channels apart. Audio is taken until the channel is `backlog_s` behind."""

    owner: Hashable
    interim_deadline_s: float
    backlog_s: float


class _Pace:
    """Whether audio comes as it is spoken, or else faster."""

    def __init__(self) -> None:
        self.is_live = True
        self._began_s: float | None = None
        self._fed_s = 0.0

    def feed(self, n_samples: int, now_s: float) -> None:
        """Take note of audio that came."""
        if self._began_s is None:
            self._began_s = now_s
        self._fed_s += n_samples / SAMPLE_RATE
        if self._fed_s > now_s - self._began_s + _AHEAD_S:
            self.is_live = False


class ChannelPipeline:
    """One channel of one stream."""

    def __init__(
        self,
        settings: PipelineSettings,
        channel: Channel,
        detector: Detect,
        transcribe: Transcribe,
        emit: Emit,
    ) -> None:
        self._settings = settings
        self._channel = channel
        self._detector = detector
        self._transcribe = transcribe
        self._emit = emit
        self._audio = SampleBuffer()
        self._pace = _Pace()
        self._wake = asyncio.Event()
        self._progress = asyncio.Event()

    @property
    def backlog_s(self) -> float:
        """How far the channel is behind."""
        return self._channel.behind / SAMPLE_RATE

    async def feed(self, samples: Samples) -> None:
        """Take the next audio; returns once the channel is no more than `backlog_s` behind."""
        now_s = time.monotonic()
        self._audio.append(samples)
        self._pace.feed(len(samples), now_s)
        probabilities = self._detector.feed(samples)
        for began in self._channel.feed(len(samples), probabilities, now_s):
            await self._emit(began)
        self._wake.set()
        while self._channel.behind > self._settings.backlog_s * SAMPLE_RATE:
            self._progress.clear()
            await self._progress.wait()

    def finalize(self) -> None:
        """Ask for a final of everything so far, and answer even if it is empty."""
        self._channel.finalize(time.monotonic())
        self._wake.set()

    def expect(self, keyterms: tuple[Keyterm, ...]) -> None:
        """Hear what follows with these keyterms."""
        self._channel.expect(keyterms)

    def finish(self) -> None:
        """Ask for the last final, if one is owed; `run` returns after it."""
        self._channel.finish(time.monotonic())
        self._wake.set()

    async def run(self) -> None:
        """Transcribe until the stream is finished."""
        while True:
            self._wake.clear()
            match self._channel.next():
                case Listen() as asked:
                    await self._listen(asked)
                case None if self._channel.is_done:
                    return
                case None:
                    await self._wake.wait()
                case event:
                    await self._say(event)

    async def _say(self, event: StreamEvent) -> None:
        if isinstance(event, Transcribed) and event.is_final:
            # What had no words was told without an engine, at once.
            if not (self._pace.is_live and event.words):
                event = replace(event, asked_at_s=None)
            if event.asked_at_s is not None:
                metrics.FINAL_LATENCY.observe(time.monotonic() - event.asked_at_s)
            self._audio.drop_before(self._channel.needed_from)
            self._progress.set()
        await self._emit(event)

    async def _listen(self, asked: Listen) -> None:
        asked_at_s = time.monotonic()
        is_interim = asked.kind is JobKind.INTERIM
        deadline_s = asked_at_s + self._settings.interim_deadline_s if is_interim else math.inf
        samples = asked.window.samples(self._audio.read)
        hearing = self._transcribe(
            self._settings.owner, asked.kind, samples, asked.hints, deadline_s
        )
        try:
            hypothesis = await self._unless_overtaken(asked, hearing)
        except EngineFailed as error:
            log.error("window_failed", kind=asked.kind.value, reason=str(error))
            self._channel.failed(asked)
            return
        if hypothesis is not None:
            self._channel.heard(asked, hypothesis)
            if is_interim:
                metrics.INTERIM_LATENCY.observe(time.monotonic() - asked_at_s)

    async def _unless_overtaken(self, asked: Listen, hearing: Hearing) -> Hypothesis | None:
        """What was heard, or None as soon as something else should be heard instead."""
        answer = hearing.answer
        try:
            while not answer.done():
                if self._channel.is_overtaken(asked, has_begun=hearing.has_begun):
                    return None
                self._wake.clear()
                woken = asyncio.ensure_future(self._wake.wait())
                either: set[asyncio.Future[Any]] = {answer, woken}
                try:
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    woken.cancel()
            return answer.result()
        finally:
            answer.cancel()
