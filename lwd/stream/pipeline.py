"""From a channel's audio to its events: what to transcribe, when, and what to say of it.

Each channel has one task, `ChannelPipeline.run`, which asks the engine for one window at a time:
finals in their order, and interims while no final waits. So a channel never has more than one
window in the engine, and its events come out in order.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

import structlog

from lwd import metrics
from lwd.asr.types import MAX_WINDOW_S, SAMPLE_RATE, Hints, Hypothesis, JobKind, Samples, Word
from lwd.audio.buffer import SampleBuffer
from lwd.errors import EngineFailed
from lwd.stream.events import SpeechBegan, StreamEvent, Transcribed, UtteranceEnded
from lwd.stream.segmenter import Segmenter, SpeechStarted, WindowEnded
from lwd.stream.transcript import EDGE_GUARD_S, UtteranceTracker, drop_repeated, find_cut, place

_SILENT_STEP = SAMPLE_RATE
"""Deepgram repeats its last interim once a second while nothing new is said."""

_OVERLAP_WORDS = 3
_OVERLAP_MARGIN_S = 0.2
"""Words heard again after a cut; alignment may place them this much too late."""

Emit = Callable[[StreamEvent], Awaitable[None]]
"""Where a channel's events go; it may raise, and then the channel ends."""

log = structlog.get_logger()


class Transcribe(Protocol):
    """Asks an engine for a window.

    None for an interim that came to nothing: a newer window of its owner took its place, or no
    engine had taken it at its deadline, a time of time.monotonic().
    """

    async def __call__(
        self, owner: Hashable, kind: JobKind, samples: Samples, hints: Hints, deadline_s: float
    ) -> Hypothesis | None:
        """Raise EngineFailed when the window cannot be transcribed."""


class Detect(Protocol):
    """Speech probabilities of the frames that the samples complete."""

    def feed(self, samples: Samples) -> list[float]:
        """One for each frame."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What a channel's client asked for."""

    channel: int
    owner: Hashable
    language: str | None
    interim_results: bool
    interim_step_s: float
    interim_deadline_s: float
    chunk_s: float
    utterance_end_ms: int | None
    backlog_s: float


@dataclass(frozen=True, slots=True)
class _FinalRequest:
    """All audio before `end` is due. A cut may leave its last words to the next window."""

    end: int
    asked_at_s: float
    is_cut: bool = False
    speech_final: bool = False
    from_finalize: bool = False


class ChannelPipeline:
    """One channel of one stream."""

    def __init__(
        self,
        settings: PipelineSettings,
        segmenter: Segmenter,
        detector: Detect,
        transcribe: Transcribe,
        emit: Emit,
    ) -> None:
        self._settings = settings
        self._segmenter = segmenter
        self._detector = detector
        self._transcribe = transcribe
        self._emit = emit
        self._audio = SampleBuffer()
        self._utterance = UtteranceTracker(settings.utterance_end_ms)
        self._requests: deque[_FinalRequest] = deque()
        self._wake = asyncio.Event()
        self._progress = asyncio.Event()
        self._is_finished = False
        self._window_start = 0
        self._audio_start = 0
        self._overlap: list[Word] = []
        self._interim_end = 0
        self._interim_words: list[Word] = []
        self._draft: tuple[int, ...] = ()

    async def feed(self, samples: Samples) -> None:
        """Take the next audio; returns once the channel is no more than `backlog_s` behind."""
        self._audio.append(samples)
        for event in self._segmenter.feed(self._detector.feed(samples)):
            match event:
                case SpeechStarted(at):
                    await self._emit(SpeechBegan(self._settings.channel, at / SAMPLE_RATE))
                case WindowEnded(end, is_endpoint, is_cut):
                    self._request(end, is_cut=is_cut, speech_final=is_endpoint)
        self._wake.set()
        while self._behind_s() > self._settings.backlog_s:
            self._progress.clear()
            await self._progress.wait()

    def finalize(self) -> None:
        """Ask for a final of everything so far, and answer even if it is empty."""
        self._request(self._audio.end, from_finalize=True)

    def finish(self) -> None:
        """Ask for the last final, if one is owed; `run` returns after it."""
        last = self._requests[-1] if self._requests else None
        told = self._window_start if last is None or last.is_cut else last.end
        if self._audio.end > told:
            self._request(self._audio.end)
        self._is_finished = True
        self._wake.set()

    async def run(self) -> None:
        """Transcribe until the stream is finished."""
        while True:
            if self._requests:
                await self._final(self._requests[0])
                self._requests.popleft()
                self._progress.set()
            elif self._is_finished:
                return
            elif self._settings.interim_results and self._is_interim_due():
                await self._interim()
            else:
                await self._end_utterance()
                self._wake.clear()
                await self._wake.wait()

    def _request(
        self,
        end: int,
        *,
        is_cut: bool = False,
        speech_final: bool = True,
        from_finalize: bool = False,
    ) -> None:
        self._segmenter.end_window(end)
        self._requests.append(
            _FinalRequest(end, time.monotonic(), is_cut, speech_final, from_finalize)
        )
        self._wake.set()

    def _behind_s(self) -> float:
        if not self._requests:
            return 0.0
        return (self._audio.end - self._requests[0].end) / SAMPLE_RATE

    # Interims

    def _is_interim_due(self) -> bool:
        return self._new_speech() or self._audio.end - self._interim_end >= _SILENT_STEP

    def _new_speech(self) -> bool:
        """Whether enough was said since the last interim to transcribe the window again."""
        step = int(self._settings.interim_step_s * SAMPLE_RATE)
        since = max(self._interim_end, self._window_start)
        speech = self._segmenter.speech_between(since, self._audio.end)
        return self._audio.end - since >= step and speech is not None

    async def _interim(self) -> None:
        end = self._audio.end
        if self._new_speech():
            asked_at_s = time.monotonic()
            hypothesis = await self._unless_final_is_due(self._hear(JobKind.INTERIM, end))
            if hypothesis is None:
                return
            self._interim_words = hypothesis
            metrics.INTERIM_LATENCY.observe(time.monotonic() - asked_at_s)
        self._interim_end = end
        await self._say(self._interim_words, end, is_final=False)

    async def _unless_final_is_due(
        self, hearing: Awaitable[list[Word] | None]
    ) -> list[Word] | None:
        """What was heard, or None as soon as a final waits: it would be late behind an interim."""
        task = asyncio.ensure_future(hearing)
        try:
            while not task.done() and not self._requests:
                self._wake.clear()
                woken = asyncio.ensure_future(self._wake.wait())
                await asyncio.wait({task, woken}, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
            return await task if task.done() else None
        finally:
            task.cancel()

    # Finals

    async def _final(self, request: _FinalRequest) -> None:
        end = max(request.end, self._window_start)
        kind = JobKind.CUT if request.is_cut else JobKind.FINAL
        words = await self._hear(kind, end) or []
        if request.is_cut:
            words, end, overlap = self._cut(words, end)
            if end == self._window_start:
                return
        else:
            overlap = []
        metrics.FINAL_LATENCY.observe(time.monotonic() - request.asked_at_s)
        await self._say(
            words,
            end,
            is_final=True,
            speech_final=request.speech_final,
            from_finalize=request.from_finalize,
        )
        self._begin_window(end, overlap)

    def _cut(self, words: list[Word], end: int) -> tuple[list[Word], int, list[Word]]:
        """The words to close now, where their audio ends, and which the next window repeats."""
        speech = self._segmenter.speech_between(self._window_start, end)
        if speech is None or end - speech[1] >= EDGE_GUARD_S * SAMPLE_RATE:
            return words, end, []
        n = find_cut(words, end / SAMPLE_RATE) or 0
        overlap = words[max(0, n - _OVERLAP_WORDS) : n]
        left_s = (end - self._start_with(overlap)) / SAMPLE_RATE
        if left_s + self._settings.chunk_s > MAX_WINDOW_S:
            return words, end, []
        if n == 0:
            return [], self._window_start, []
        return words[:n], int(words[n].start_s * SAMPLE_RATE), overlap

    def _start_with(self, overlap: list[Word]) -> int:
        """Where a window's audio begins that hears these words again."""
        if not overlap:
            return self._audio_start
        start_s = overlap[0].start_s - _OVERLAP_MARGIN_S
        return max(self._audio_start, int(start_s * SAMPLE_RATE))

    def _begin_window(self, start: int, overlap: list[Word]) -> None:
        self._audio_start = self._start_with(overlap) if overlap else start
        self._window_start = self._interim_end = start
        self._interim_words = []
        self._draft = ()
        self._overlap = overlap
        self._audio.drop_before(self._audio_start)
        self._segmenter.forget_before(self._audio_start)

    # Both

    async def _hear(self, kind: JobKind, end: int) -> list[Word] | None:
        """Words from the window's start to `end` on the stream's clock; none without speech.

        None when the engine did not get to an interim.
        """
        speech = self._segmenter.speech_between(self._audio_start, end)
        if speech is None:
            return []
        start, stop = speech
        samples = self._audio.read(start, stop).copy()
        hints = Hints(self._settings.language, draft=self._draft)
        try:
            hypothesis = await self._transcribe(
                self._settings.owner, kind, samples, hints, self._deadline_s(kind)
            )
        except EngineFailed as error:
            log.error("window_failed", kind=kind.value, reason=str(error))
            return []
        if hypothesis is None:
            return None
        self._draft = hypothesis.tokens
        window_start_s = self._window_start / SAMPLE_RATE
        words = place(hypothesis.words, start / SAMPLE_RATE, 0.0, stop / SAMPLE_RATE)
        new = drop_repeated(words, self._overlap, window_start_s)
        return place(new, 0.0, window_start_s, end / SAMPLE_RATE)

    def _deadline_s(self, kind: JobKind) -> float:
        """Until when an engine must have begun."""
        if kind is not JobKind.INTERIM:
            return math.inf
        return time.monotonic() + self._settings.interim_deadline_s

    async def _say(
        self,
        words: list[Word],
        end: int,
        *,
        is_final: bool,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> None:
        self._utterance.saw(words, is_final=is_final)
        await self._emit(
            Transcribed(
                channel=self._settings.channel,
                start_s=self._window_start / SAMPLE_RATE,
                duration_s=(end - self._window_start) / SAMPLE_RATE,
                words=tuple(words),
                is_final=is_final,
                speech_final=speech_final,
                from_finalize=from_finalize,
            )
        )

    async def _end_utterance(self) -> None:
        last_word_end_s = self._utterance.ended(self._audio.end / SAMPLE_RATE)
        if last_word_end_s is not None:
            await self._emit(UtteranceEnded(self._settings.channel, last_word_end_s))
