"""The composition root: builds every part of the daemon from its configuration and runs it."""

import faulthandler
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop
from aiohttp import web

from lwd.asr.host import kernel_directory
from lwd.asr.pool import EnginePool
from lwd.asr.settings import EngineSettings
from lwd.asr.shares import cores, has_gpu, share_out
from lwd.asr.wire import EngineSpec
from lwd.auth.tokens import Tokens
from lwd.config import Config, LogConfig
from lwd.decoding.pool import Decoders
from lwd.decoding.process import DecoderSettings
from lwd.errors import LogUnavailable
from lwd.log import configure_logging, empty_large_stderr
from lwd.logfile import LogFile
from lwd.models.store import ModelStore
from lwd.protocol.messages import ModelInfo
from lwd.server.admission import Streams
from lwd.server.auth import Authenticator, GrantHandler
from lwd.server.connections import ConnectionLimit
from lwd.server.console import ConsoleHandlers
from lwd.server.cors import add_cors_headers, answer_preflight
from lwd.server.engines import Engines, LoadedModel
from lwd.server.health import HealthHandlers
from lwd.server.lifecycle import Announce, Daemon, run
from lwd.server.listen import ListenHandler
from lwd.server.live import Live
from lwd.server.manage import ManageHandlers
from lwd.server.operations import OperationsHandlers
from lwd.server.ops import OpsHandlers
from lwd.server.question import Questions
from lwd.server.rejections import Rejections
from lwd.server.reload import LoadConfig, Reloader
from lwd.server.reply import add_request_id, answer_in_shape, count_request

_MIB = 1 << 20

_MAX_REQUEST_LINE_BYTES = 1 << 16
"""Deepgram takes 200 replacements and 100 keyterms, and all stand in the query."""


def serve(config: Config, announce: Announce, load_config: LoadConfig) -> None:
    """Run the daemon until it is told to stop; raises StartError when it cannot start.

    `announce` is called once, when streams are welcome; `load_config` whenever SIGHUP comes.
    """
    faulthandler.enable()  # SIGABRT tells where a daemon hangs, whoever started it
    configure_logging(config.log.level, config.log.format, _log_file(config.log))
    engines = build_engines(config)
    decoders = build_decoders(config)
    streams = Streams(config.limits)
    live = Live(config)
    rejections = Rejections()
    connections = ConnectionLimit(config.limits, engines)
    reloader = Reloader(live, engines, (streams, connections), load_config, load_model)
    daemon = Daemon(
        build_app(live, engines, decoders, streams, rejections),
        build_ops(live, engines, streams, rejections),
        live,
        engines,
        decoders,
        streams,
        connections,
        reloader,
    )
    uvloop.run(run(daemon, announce))


@asynccontextmanager
async def engines_alone(config: Config) -> AsyncIterator[EnginePool]:
    """The engines of the default model, started, with no server around them; raises StartError."""
    configure_logging("warning", config.log.format, None)
    pool = load_model(config, config.model.loaded[0]).pool
    try:
        await pool.start()
        yield pool
    finally:
        await pool.close()


def build_app(
    live: Live, engines: Engines, decoders: Decoders, streams: Streams, rejections: Rejections
) -> web.Application:
    """The HTTP application for clients, over started engines."""
    app = web.Application(
        middlewares=[
            live.note_address,
            count_request,
            rejections.note,
            Questions().recognise,
            answer_in_shape,
            answer_preflight,
        ],
        handler_args={"max_line_size": _MAX_REQUEST_LINE_BYTES},
    )
    app.on_response_prepare.extend([add_request_id, add_cors_headers])
    tokens = Tokens()
    authenticator = Authenticator(live, tokens)
    listen = ListenHandler(live, engines, decoders, authenticator, streams)
    app.router.add_get("/v1/listen", listen.handle)
    app.router.add_post("/v1/auth/grant", GrantHandler(authenticator, tokens).handle)
    ManageHandlers(engines, authenticator).add_routes(app.router)
    HealthHandlers(live, engines, streams).add_routes(app.router)
    OperationsHandlers(live, engines, streams, rejections, authenticator).add_routes(app.router)
    ConsoleHandlers(live).add_routes(app.router)
    return app


def build_ops(
    live: Live, engines: Engines, streams: Streams, rejections: Rejections
) -> web.Application:
    """The HTTP application for those who run the daemon, on a port of its own."""
    app = web.Application(
        middlewares=[live.note_address, count_request, rejections.note, answer_in_shape]
    )
    app.on_response_prepare.append(add_request_id)
    OpsHandlers(live, engines, streams, Authenticator(live, Tokens())).add_routes(app.router)
    return app


def build_engines(config: Config) -> Engines:
    """An engine pool for every configured model; raises when a model is not in the store."""
    models = [load_model(config, name) for name in config.model.loaded]
    return Engines(models, config.model.language, config.model.aliases)


def build_decoders(config: Config) -> Decoders:
    """What decodes compressed audio, not started."""
    decoder = config.decoder
    return Decoders(DecoderSettings(decoder.memory_limit_mb * _MIB, decoder.timeout_s))


def load_model(config: Config, name: str) -> LoadedModel:
    """A model, after reading every byte of it; its engines are not started."""
    files = ModelStore(config.model.store).verify(name)
    spec = EngineSpec(
        weights_file=str(files.weights),
        alignment_heads=files.alignment_heads,
        word_timestamps=config.engine.word_timestamps,
        memory_limit_bytes=_bytes(config.engine.memory_limit_mb),
        cache_limit_bytes=_bytes(config.engine.cache_limit_mb),
        alignment_lag_ms=files.alignment_lag_ms,
    )
    identity = files.identity
    info = ModelInfo(str(identity.uuid), identity.name, identity.version, identity.arch)
    return LoadedModel(name, EnginePool(name, spec, _settings(config)), info)


def _settings(config: Config) -> EngineSettings:
    share = share_out(
        len(config.model.loaded),
        config.model.replicas,
        config.engine.cpu_threads,
        cores=cores(),
        has_gpu=has_gpu(),
    )
    return EngineSettings(
        replicas=share.replicas,
        batch_size=config.engine.batch_size,
        batch_audio_s=config.engine.batch_audio_s,
        cpu_threads=share.cpu_threads,
        deadline_s=config.engine.deadline_s,
        heartbeat_timeout_s=config.engine.heartbeat_timeout_s,
        start_timeout_s=config.engine.start_timeout_s,
        restart_backoff_s=config.engine.restart_backoff_s,
        max_attempts=config.engine.max_attempts,
        cache_directory=kernel_directory(),
    )


def _log_file(config: LogConfig) -> LogFile | None:
    """Where events go, if not to stderr; raises LogUnavailable."""
    if config.file is None:
        return None
    empty_large_stderr()
    try:
        is_ours = config.rotate == "size"
        return LogFile(config.file, config.max_bytes if is_ours else None, config.keep)
    except OSError as error:
        raise LogUnavailable(
            f"log.file {config.file}: {error.strerror}; make its directory, and let the user that"
            " lwd runs as write there"
        ) from error


def _bytes(mebibytes: int | None) -> int | None:
    return None if mebibytes is None else mebibytes * _MIB
