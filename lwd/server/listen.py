"""`GET /v1/listen`: from a handshake to a running stream."""

from functools import partial

import structlog
from aiohttp import web

from lwd.asr.types import Keyterm
from lwd.audio.source import AudioSource, AudioSpec
from lwd.audio.vad import FRAME_SAMPLES, SpeechDetector
from lwd.auth.credentials import offered_scheme
from lwd.config import Config
from lwd.decoding.pool import Decoders
from lwd.errors import Unavailable, WrongEndpoint
from lwd.protocol.params import MULTI, ListenParams, parse_listen_params
from lwd.server.admission import Streams
from lwd.server.auth import Authenticator
from lwd.server.callback import Callback
from lwd.server.engines import Engines, Languages, LoadedModel
from lwd.server.live import Live
from lwd.server.outcome import Outcome
from lwd.server.reply import ADDRESS, KEY_ID, REQUEST_ID
from lwd.server.settings import StreamSettings
from lwd.server.stream import Stream
from lwd.stream.asking import ChannelSettings
from lwd.stream.channel import Channel
from lwd.stream.pipeline import ChannelPipeline, Emit, PipelineSettings
from lwd.stream.segmenter import Segmenter, SegmenterSettings

_CLOSE_TIMEOUT_S = 5.0
"""How long a client may take to answer the closing handshake."""

log = structlog.get_logger()


class ListenHandler:
    """Opens streams."""

    def __init__(
        self,
        live: Live,
        engines: Engines,
        decoders: Decoders,
        authenticator: Authenticator,
        streams: Streams,
    ) -> None:
        self._live = live
        self._engines = engines
        self._decoders = decoders
        self._authenticator = authenticator
        self._streams = streams

    @property
    def _config(self) -> Config:
        return self._live.config

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Validate, authenticate, admit, upgrade; then run the stream to its end.

        Deepgram validates before it authenticates, and so do we. What is no WebSocket is refused
        last: a page whose socket was refused learns why from the same request by fetch.
        """
        address = request.get(ADDRESS)
        self._streams.knock(address)
        params = parse_listen_params(request.query.items())
        target = self._live.callbacks.check(params.callback)
        model = self._engines.choose(params.model)
        languages = self._engines.languages_for(model, params)
        key = self._authenticator.authenticate(request)
        self._streams.admit(key, address)
        if model.pool.has_failed:
            raise Unavailable("engine")
        websocket = self._websocket(request)
        callback = self._live.callbacks.open(
            target, params.callback_method, request[REQUEST_ID], request.get(KEY_ID)
        )
        stream = self._stream(request, websocket, params, model, languages, callback=callback)
        with self._streams.hold(stream), self._engines.hold(model):
            await websocket.prepare(request)
            log.info(
                "stream_started",
                request_id=str(request[REQUEST_ID]),
                key_id=stream.key_id,
                address=address,
                model=model.name,
                model_unknown=not self._engines.knows(params.model),
            )
            outcome = await stream.run()
        if outcome is Outcome.SLOW_CLIENT and request.transport is not None:
            # Else what it did not take would be kept until it does.
            request.transport.abort()
        return websocket

    def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        scheme = offered_scheme(request.headers)
        websocket = web.WebSocketResponse(
            timeout=_CLOSE_TIMEOUT_S,
            protocols=(scheme,) if scheme else (),
            # Deepgram does not compress either; audio gains nothing and a bomb is not possible.
            compress=False,
            max_msg_size=self._config.server.max_message_bytes,
        )
        if not websocket.can_prepare(request):
            raise WrongEndpoint(
                400,
                "Bad Request",
                "Bad Request: /v1/listen is a WebSocket; connect with ws:// or wss://",
            )
        return websocket

    def _stream(
        self,
        request: web.Request,
        websocket: web.WebSocketResponse,
        params: ListenParams,
        model: LoadedModel,
        languages: Languages,
        *,
        callback: Callback | None,
    ) -> Stream:
        server = self._config.server
        settings = StreamSettings(
            request_id=request[REQUEST_ID],
            key_id=request.get(KEY_ID),
            address=request.get(ADDRESS),
            params=params,
            model=model.name,
            model_info=model.info,
            idle_timeout_s=server.idle_timeout_s,
            ping_interval_s=server.ping_interval_s,
            send_timeout_s=server.send_timeout_s,
        )
        make_source = partial(self._source, params)
        make_pipeline = partial(self._pipeline, settings, model, languages)
        return Stream(websocket, settings, make_source, make_pipeline, callback)

    def _source(
        self, params: ListenParams, sample_rate: int | None, channels: int | None
    ) -> AudioSource:
        return AudioSource(
            AudioSpec(
                encoding=None if params.encoding is None else params.encoding.value,
                sample_rate=sample_rate or params.sample_rate,
                channels=channels or params.channels,
                mixdown=not params.multichannel,
                assumed_sample_rate=self._config.streaming.assumed_sample_rate,
            ),
            self._decoders.open,
        )

    def _pipeline(
        self,
        stream: StreamSettings,
        model: LoadedModel,
        languages: Languages,
        emit: Emit,
        channel: int,
    ) -> ChannelPipeline:
        params = stream.params
        settings = ChannelSettings(
            channel=channel,
            language=languages.only,
            languages=languages.hinted,
            is_switching=params.language == MULTI,
            keyterms=tuple(Keyterm(one.text, one.boost) for one in params.keyterms),
            interim_results=params.interim_results,
            interim_step_s=self._config.streaming.interim_step_s,
            chunk_s=self._config.streaming.chunk_s,
            pre_roll_ms=self._config.vad.pre_roll_ms,
            utterance_end_ms=params.utterance_end_ms if params.interim_results else None,
        )
        return ChannelPipeline(
            PipelineSettings(
                owner=(stream.request_id, channel),
                interim_deadline_s=self._config.engine.interim_deadline_s,
                backlog_s=self._config.limits.backlog_s,
            ),
            Channel(settings, Segmenter(self._segmenter_settings(params))),
            SpeechDetector(),
            model.pool.transcribe,
            emit,
        )

    def _segmenter_settings(self, params: ListenParams) -> SegmenterSettings:
        vad = self._config.vad
        return SegmenterSettings(
            endpointing_ms=params.endpointing_ms,
            silent_window_s=self._config.streaming.chunk_s,
            speech_threshold=vad.speech_threshold,
            silence_threshold=vad.silence_threshold,
            min_speech_ms=vad.min_speech_ms,
            min_silence_ms=vad.min_silence_ms,
            frame_samples=FRAME_SAMPLES,
        )
