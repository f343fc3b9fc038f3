"""The composition root: builds every part of the daemon from its configuration and runs it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import structlog
import uvloop
from aiohttp import web

from lwd import metrics
from lwd.asr.pool import EnginePool
from lwd.asr.settings import EngineSettings
from lwd.asr.shares import cores, has_gpu, share_out
from lwd.asr.wire import EngineSpec
from lwd.auth.keyring import Keyring
from lwd.auth.origin import LocalOnly
from lwd.auth.tokens import Tokens
from lwd.config import Config
from lwd.errors import Rejection, WrongEndpoint
from lwd.log import configure_logging
from lwd.models.store import ModelStore
from lwd.protocol.messages import ModelInfo
from lwd.server.admission import Streams
from lwd.server.auth import Authenticator, GrantHandler
from lwd.server.engines import Engines, LoadedModel
from lwd.server.lifecycle import Announce, run
from lwd.server.listen import ListenHandler
from lwd.server.ops import OpsHandlers
from lwd.server.reply import KEY_ID, REQUEST_ID, rejection_response

_MIB = 1 << 20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


def serve(config: Config, announce: Announce) -> None:
    """Run the daemon until it is told to stop; raises StartError when it cannot start.

    `announce` is called once, when streams are welcome.
    """
    configure_logging(config.log.level, config.log.format)
    engines = build_engines(config)
    streams = Streams(config.limits.streams)
    app = build_app(config, engines, streams)
    uvloop.run(run(app, config.server, engines, streams, announce))


def build_app(config: Config, engines: Engines, streams: Streams) -> web.Application:
    """The HTTP application over started engines; raises KeysFileInvalid."""
    app = web.Application(middlewares=[_identify_and_reject])
    keyring = Keyring((key.get_secret_value() for key in config.auth.keys), config.auth.keys_file)
    local_only = LocalOnly(config.server.allowed_hosts, config.server.allowed_origins)
    tokens = Tokens()
    authenticator = Authenticator(keyring, tokens, local_only)
    listen = ListenHandler(config, engines, authenticator, streams)
    app.router.add_get("/v1/listen", listen.handle)
    app.router.add_post("/v1/auth/grant", GrantHandler(authenticator, tokens).handle)
    OpsHandlers(engines, streams).add_routes(app.router)
    return app


def build_engines(config: Config) -> Engines:
    """An engine pool for every configured model; raises when a model is not in the store."""
    store = ModelStore(config.model.store)
    models = [_loaded_model(config, store, name) for name in config.model.loaded]
    return Engines(models, config.model.language, config.model.aliases)


def _loaded_model(config: Config, store: ModelStore, name: str) -> LoadedModel:
    files = store.verify(name)
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
        cache_directory=Path.home() / ".cache" / "lwd" / "kernels",
    )


@web.middleware
async def _identify_and_reject(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id, and every refusal Deepgram's shape."""
    request_id = request[REQUEST_ID] = uuid4()
    try:
        response = await _or_wrong_endpoint(handler, request)
    except Rejection as rejection:
        metrics.STREAMS_REJECTED.labels(rejection.reason).inc()
        log.info(
            "rejected",
            request_id=str(request_id),
            key_id=request.get(KEY_ID),
            status=rejection.status,
            reason=rejection.reason,
            parameter=rejection.parameter,
        )
        response = rejection_response(rejection, request_id)
    if not response.prepared:
        response.headers["dg-request-id"] = str(request_id)
    return response


async def _or_wrong_endpoint(handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        raise WrongEndpoint(
            error.status,
            error.reason.upper().replace(" ", "_"),
            f"{error.reason}: lwd serves GET /v1/listen as a WebSocket and POST /v1/auth/grant, "
            "and nothing else of Deepgram.",
        ) from error


def _bytes(mebibytes: int | None) -> int | None:
    return None if mebibytes is None else mebibytes * _MIB
