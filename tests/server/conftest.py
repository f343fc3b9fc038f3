"""The daemon's application over a scripted engine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lwd.asr.pool import EnginePool
from lwd.asr.scripted import Script
from lwd.asr.settings import EngineSettings
from lwd.asr.wire import EngineSpec
from lwd.config import Config, load_config
from lwd.protocol.messages import ModelInfo
from lwd.server.admission import Streams
from lwd.server.app import build_app, build_decoders, build_ops
from lwd.server.engines import Engines, LoadedModel
from lwd.server.live import Live
from lwd.server.rejections import Rejections
from tests.conftest import read_pcm

Client = TestClient[web.Request, web.Application]

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
KEY = "0123456789abcdef0123456789abcdef01234567"
RAW = {"encoding": "linear16", "sample_rate": "16000"}

MODEL = ModelInfo(str(UUID(int=7)), "scripted-whisper", "2026-01-01.0", "whisper")


class Server:
    """A running application and its parts."""

    def __init__(self, client: Client, ops: Client, streams: Streams, pool: EnginePool) -> None:
        self.client = client
        self.ops = ops
        self.streams = streams
        self.pool = pool


class _Served(TestServer):
    """Serves as the daemon does: a handler goes on when its client has gone."""

    async def _make_runner(self, **settings: Any) -> web.BaseRunner:
        return await super()._make_runner(**{**settings, "handler_cancellation": False})


StartServer = Callable[..., Awaitable[Server]]


def make_pool(
    directory: Path, *, replicas: int = 1, command: tuple[str, ...] = Script().command()
) -> EnginePool:
    """A pool of scripted engines, not started."""
    settings = EngineSettings(
        replicas=replicas,
        batch_size=4,
        batch_audio_s=60.0,
        cpu_threads=1,
        deadline_s=20.0,
        heartbeat_timeout_s=20.0,
        start_timeout_s=30.0,
        restart_backoff_s=0.01,
        max_attempts=2,
        cache_directory=directory / "kernels",
    )
    spec = EngineSpec(
        str(directory), None, word_timestamps=True, memory_limit_bytes=None, cache_limit_bytes=0
    )
    return EnginePool("scripted", spec, settings, command=command)


@pytest.fixture
async def start_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Start applications; keyword arguments are settings, with `__` for the dot."""
    started: list[Server] = []

    async def start(script: Script | None = None, **settings: object) -> Server:
        overrides = {name.replace("__", "."): value for name, value in settings.items()}
        config: Config = load_config(None, overrides, environ={})
        command = (script or Script()).command()
        pool = make_pool(tmp_path, replicas=config.model.replicas or 1, command=command)
        engines = Engines([LoadedModel("scripted", pool, MODEL)], config.model.language)
        await engines.start()
        streams, live, rejections = Streams(config.limits), Live(config), Rejections()
        app = build_app(live, engines, build_decoders(config), streams, rejections)
        client: Client = TestClient(_Served(app))
        ops: Client = TestClient(_Served(build_ops(live, engines, streams, rejections)))
        for one in (client, ops):
            await one.start_server()
        server = Server(client, ops, streams, pool)
        started.append(server)
        return server

    yield start
    for server in started:
        await server.client.close()
        await server.ops.close()
        await server.pool.close()


@pytest.fixture
async def server(start_server: StartServer) -> Server:
    """An application with default settings."""
    return await start_server()


async def refused(
    server: Server, params: dict[str, str], headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and body of a handshake that fails, in the contract's shape."""
    response = await server.client.get("/v1/listen", params=params, headers=headers or UPGRADE)
    body = await response.json()
    code = "error_code" if response.status == 503 else "err_code"
    assert list(body) == [code, "err_msg", "request_id"]
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["dg-error"] == body["err_msg"]
    assert response.headers["dg-request-id"] == body["request_id"]
    assert UUID(body["request_id"])
    return response.status, body


@pytest.fixture(scope="session")
def voice(speech_file: Path) -> bytes:
    """Six seconds of someone speaking without a pause to speak of, linear16 at 16 kHz."""
    return read_pcm(speech_file, 16_000)[8_000:104_000].tobytes()


def silence(seconds: float) -> bytes:
    """Digital silence, linear16 at 16 kHz."""
    return bytes(2 * round(seconds * 16_000))
