"""One client's stream: frames in, the channels' events out as Deepgram's messages.

The session says what a frame means, the source turns bytes into samples, the pipelines turn
samples into events; this class moves things between them and owns the order of the ending.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import structlog
from aiohttp import WSMsgType, web

from lwd import metrics
from lwd.asr.types import SAMPLE_RATE, Keyterm, Samples
from lwd.audio.source import AudioSource
from lwd.errors import CallbackBroken, UndecodableAudio
from lwd.protocol import session as events
from lwd.protocol.closing import Close
from lwd.protocol.messages import ConfigureSuccess, ErrorMessage, Metadata, Results
from lwd.protocol.session import Session
from lwd.server.answers import Answers, Message
from lwd.server.callback import Callback
from lwd.server.outcome import OUTCOMES, Outcome, close_code
from lwd.server.settings import StreamSettings
from lwd.server.tally import Tally
from lwd.stream.events import StreamEvent, Transcribed
from lwd.stream.pipeline import ChannelPipeline, Emit

_SLICE_BYTES = 1 << 16
_SLICE_SAMPLES = SAMPLE_RATE // 2
"""A frame may hold a whole file; it is decoded and taken in slices so that other streams get on."""

_LOOK_AGAIN_S = 0.1

_HELD_UP_S = 1.0
"""A timer this late tells of a machine that slept or a loop that was held up: nobody listened then."""

_LAST_WORDS_S = 0.8
"""Whose bytes are no audio shall know within a second, however much of it still waits."""

_CLOSING_S = 10.0
"""Longest time for the closing handshake, which waits for 5 s by itself, but not for room to write."""

log = structlog.get_logger()


class _ClientGone(Exception):
    """The client's socket is closed."""


class _SlowClient(Exception):
    """The client does not take its messages."""


class Stream:
    """Runs one accepted WebSocket to its end."""

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        settings: StreamSettings,
        make_source: Callable[[int | None, int | None], AudioSource],
        make_pipeline: Callable[[Emit, int], ChannelPipeline],
        callback: Callback | None = None,
    ) -> None:
        self._websocket = websocket
        self._settings = settings
        self._make_source = make_source
        self._make_pipeline = make_pipeline
        self._callback = callback
        self._answers = Answers(settings.request_id, settings.model_info, settings.params)
        self._session = Session(time.monotonic(), settings.idle_timeout_s)
        self._created = datetime.now(UTC)
        self._source = make_source(None, None)
        self._pipelines: list[ChannelPipeline] = []
        self._channel_tasks: list[asyncio.Task[None]] = []
        self._waiting: asyncio.Timeout | None = None
        self._keyterms: tuple[Keyterm, ...] | None = None
        self._configured: tuple[int | None, int | None] = (None, None)
        self._samples = 0
        self._tally = Tally()

    async def run(self) -> Outcome:
        """Serve the client until the stream is over; raises nothing but CancelledError."""
        async with self._callback or contextlib.nullcontext():
            outcome = await self._serve_to_its_end()
        self._record(outcome)
        return outcome

    async def _serve_to_its_end(self) -> Outcome:
        pinging = asyncio.create_task(self._ping())
        try:
            return await self._serve()
        except _ClientGone:
            return Outcome.CLIENT_GONE
        except _SlowClient:
            return Outcome.SLOW_CLIENT
        finally:
            for task in (pinging, *self._channel_tasks):
                task.cancel()
            await asyncio.gather(pinging, *self._channel_tasks, return_exceptions=True)
            await self._source.close()

    def _record(self, outcome: Outcome) -> None:
        duration_s = (datetime.now(UTC) - self._created).total_seconds()
        metrics.STREAMS.labels(outcome.value).inc()
        metrics.STREAM_DURATION.observe(duration_s)
        log.info(
            "stream_ended",
            request_id=str(self._settings.request_id),
            key_id=self.key_id,
            address=self.address,
            model=self._settings.model,
            outcome=outcome.value,
            close_code=close_code(outcome, self._websocket.close_code),
            duration_s=round(duration_s, 3),
            audio_s=round(self._audio_s, 3),
            audio_bytes=self._session.audio_bytes,
            params=self._settings.params.asked,
            first_result_s=self._tally.first_result_s,
            interims=self._tally.count("interim"),
            finals=self._tally.count("final"),
            final_p50_s=self._tally.final_latency_s(0.5),
            final_p95_s=self._tally.final_latency_s(0.95),
        )

    def stop(self) -> None:
        """End the stream because the daemon stops; its client still gets the results."""
        self._session.end(Close.SERVICE_RESTART)
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())

    @property
    def settings(self) -> StreamSettings:
        """What it was opened with."""
        return self._settings

    @property
    def key_id(self) -> str | None:
        """Names the key that opened the stream; None where none is asked for."""
        return self._settings.key_id

    @property
    def address(self) -> str | None:
        """Where its client is."""
        return self._settings.address

    @property
    def backlog_s(self) -> float:
        """Audio that waits in the channel that is furthest behind."""
        return max((pipeline.backlog_s for pipeline in self._pipelines), default=0.0)

    @property
    def _audio_s(self) -> float:
        return self._samples / SAMPLE_RATE

    async def _serve(self) -> Outcome:
        try:
            await self._take_audio()
            if self._session.owes_results:
                await self._transcribe_the_rest()
        except CallbackBroken:
            self._session.end(Close.CALLBACK_BROKEN)
        except (_ClientGone, _SlowClient):
            raise
        except Exception:
            self._session.end(Close.INTERNAL_ERROR)
            log.exception("stream_failed", request_id=str(self._settings.request_id))
        await self._send(self._metadata())
        close = self._session.finish()
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self._websocket.close(code=close.code, message=close.reason.encode())
        except TimeoutError as error:
            raise _SlowClient from error
        return OUTCOMES[close]

    # Receiving

    async def _take_audio(self) -> None:
        """Take all that the client sends, to its end or as far as it decodes."""
        try:
            await self._receive_until_end()
            if self._session.owes_results:
                async for samples in self._source.flush():
                    await self._feed(samples)
        except UndecodableAudio as error:
            self._session.end(Close.UNDECODABLE_AUDIO)
            log.warning(
                "undecodable_audio",
                request_id=str(self._settings.request_id),
                reason=str(error),
            )

    async def _receive_until_end(self) -> None:
        """Take frames until the session is no longer open, or a channel or callback fails."""
        receiving = asyncio.create_task(self._receive())
        deliveries = [self._callback.delivery] if self._callback else []
        try:
            while not receiving.done():
                tasks = {receiving, *self._channel_tasks, *deliveries}
                # Looked at again after a while, because channels start as audio comes.
                done, _ = await asyncio.wait(
                    tasks, timeout=_LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    task.result()
        finally:
            receiving.cancel()

    async def _receive(self) -> None:
        while (deadline_s := self._session.next_deadline_s) is not None:
            self._waiting = asyncio.timeout(deadline_s - time.monotonic())
            try:
                async with self._waiting:
                    message = await self._websocket.receive()
            except TimeoutError:
                now_s = time.monotonic()
                if now_s > deadline_s + _HELD_UP_S:
                    self._session.listen_anew(now_s)
                else:
                    self._session.check_idle(now_s)
                continue
            finally:
                self._waiting = None
            match message.type:
                case WSMsgType.BINARY:
                    event = self._session.receive_binary(message.data, time.monotonic())
                case WSMsgType.TEXT:
                    event = self._session.receive_text(message.data, time.monotonic())
                case _:
                    raise _ClientGone
            await self._handle(event)
            # Nobody listened meanwhile: a channel that is far behind takes no audio for long.
            self._session.listen_anew(time.monotonic())

    async def _handle(self, event: events.Event) -> None:
        match event:
            case events.AudioReceived(data):
                metrics.AUDIO_BYTES.inc(len(data))
                self._tally.audio_came(time.monotonic())
                for start in range(0, len(data), _SLICE_BYTES):
                    async for samples in self._source.feed(data[start : start + _SLICE_BYTES]):
                        await self._feed(samples)
            case events.FinalizeRequested(channel):
                await self._finalize(channel)
            case events.AudioConfigured(sample_rate, channels):
                earlier = self._configured
                self._configured = (sample_rate or earlier[0], channels or earlier[1])
                # Only before the first audio, so that the earlier source has no decoder to close.
                self._source = self._make_source(*self._configured)
            case events.FeaturesConfigured(keyterms, numerals):
                await self._configure(keyterms, numerals)
            case events.Reply(message):
                await self._send(message)

    async def _configure(self, keyterms: tuple[str, ...] | None, numerals: bool | None) -> None:
        answer = self._answers.configure(keyterms, numerals)
        if isinstance(answer, ConfigureSuccess):
            self._keyterms = tuple(map(Keyterm, answer.keyterms))
            self._expect_keyterms()
        if answer is not None:
            await self._send(answer)

    def _expect_keyterms(self) -> None:
        """Have the channels that there are listen for what a Configure named."""
        if self._keyterms is not None:
            for pipeline in self._pipelines:
                pipeline.expect(self._keyterms)

    async def _finalize(self, channel: int | None) -> None:
        """Answer a Finalize of one channel, or of all."""
        if not self._pipelines:
            nothing = Transcribed(
                channel or 0, 0.0, 0.0, (), is_final=True, speech_final=True, from_finalize=True
            )
            await self.emit(nothing)
        elif channel is None:
            for pipeline in self._pipelines:
                pipeline.finalize()
        elif channel < len(self._pipelines):
            self._pipelines[channel].finalize()
        else:
            await self._send(
                ErrorMessage(
                    "SchemaError",
                    f"Could not apply last text message: `channel` {channel} is not one of the "
                    f"stream's {len(self._pipelines)}, counted from 0",
                    f'{{"type":"Finalize","channel":{channel}}}',
                )
            )

    async def _feed(self, samples: Samples) -> None:
        """Give decoded audio, (channels, n), to the channels."""
        if samples.shape[1] == 0:
            return
        self._start_channels()
        for start in range(0, samples.shape[1], _SLICE_SAMPLES):
            part = samples[:, start : start + _SLICE_SAMPLES]
            self._samples += part.shape[1]
            metrics.AUDIO_SECONDS.inc(part.size / SAMPLE_RATE)
            for pipeline, channel in zip(self._pipelines, part, strict=True):
                await pipeline.feed(np.ascontiguousarray(channel))
            await asyncio.sleep(0)

    def _start_channels(self) -> None:
        if self._pipelines:
            return
        source = self._source.format
        if source is not None and source.contradicts_encoding:
            metrics.CONTAINER_MISMATCHES.inc()
            log.warning("container_wins_over_encoding", request_id=str(self._settings.request_id))
        self._pipelines = [self._make_pipeline(self.emit, n) for n in range(self._channels)]
        self._expect_keyterms()
        self._channel_tasks = [asyncio.create_task(p.run()) for p in self._pipelines]

    @property
    def _channels(self) -> int:
        """How many channels are transcribed."""
        source = self._source.format
        is_split = self._settings.params.multichannel
        return source.channels if source is not None and is_split else 1

    # Ending

    async def _transcribe_the_rest(self) -> None:
        """Have all audio that was taken transcribed, and wait for it, or for its last words."""
        for pipeline in self._pipelines:
            pipeline.finish()
        is_cut = self._session.close is Close.UNDECODABLE_AUDIO
        tasks: set[asyncio.Future[Any]] = {asyncio.gather(*self._channel_tasks)}
        if self._callback is None:  # which takes the results whether its client stays or not
            tasks.add(asyncio.create_task(self._await_leaving()))
        try:
            limit_s = _LAST_WORDS_S if is_cut else None
            done, _ = await asyncio.wait(
                tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _await_leaving(self) -> None:
        """Raise _ClientGone when the client closes its socket; what else it sends comes too late."""
        while (await self._websocket.receive()).type in (WSMsgType.BINARY, WSMsgType.TEXT):
            pass
        raise _ClientGone

    def _metadata(self) -> Metadata:
        source, params = self._source.format, self._settings.params
        undecoded = 0 if params.encoding is None else params.channels
        return self._answers.metadata(
            sha256=self._session.sha256,
            created=self._created,
            duration_s=self._audio_s,
            channels=undecoded if source is None else source.channels,
        )

    # Sending

    async def emit(self, event: StreamEvent) -> None:
        """Send what a channel has to say, if the client asked for its kind."""
        if (message := self._answers.to(event, self._channels)) is not None:
            self._tally.tell(event, time.monotonic())
            await self._send(message)

    async def _send(self, message: Message) -> None:
        """Send a message where the client wants it.

        With a callback its socket only has answers to its own frames, and what tells of the end.
        """
        metrics.MESSAGES.labels(type(message).__name__).inc()
        text = message.to_json()
        if self._callback is not None and not isinstance(message, ErrorMessage):
            is_interim = isinstance(message, Results) and not message.is_final
            self._callback.send(text, is_interim=is_interim)
            if not isinstance(message, Metadata):
                return
        try:
            async with asyncio.timeout(self._settings.send_timeout_s):
                await self._websocket.send_str(text)
        except TimeoutError as error:
            raise _SlowClient from error
        except ConnectionError as error:
            raise _ClientGone from error

    async def _ping(self) -> None:
        """Keep proxies from taking a quiet stream for a dead one."""
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(self._settings.ping_interval_s)
                await self._websocket.ping()
