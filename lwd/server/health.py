"""How the daemon is, for proxies and for Deepgram's own tools: ready or not, and its state in a word."""

import secrets

from aiohttp import web

from lwd.server.admission import Streams
from lwd.server.engines import Engines
from lwd.server.live import Live
from lwd.server.reply import json_response

_INSTANCE = secrets.token_hex(8)
"""By it a client knows that two ports are one daemon's."""


class Liveness:
    """Whether the process is of any use: that it answers is most of the answer."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def answer(self, _: web.Request) -> web.Response:
        """Answer whoever would restart it."""
        fault = "an engine was killed and does not go" if self._engines.is_stuck else None
        return web.Response(status=503 if fault else 200, text=f"{fault or 'ok'}\n")


class Readiness:
    """Whether new streams are welcome, and why not."""

    def __init__(self, live: Live, engines: Engines, streams: Streams) -> None:
        self._live = live
        self._engines = engines
        self._streams = streams

    def fault(self) -> str | None:
        """Why no stream should be sent here; None where one may be."""
        if self._streams.is_draining:
            return "draining"
        if any(model.pool.has_failed for model in self._engines):
            return "no engine starts; see engine_start_failed in the log"
        return None if self._engines.is_ready else "an engine is starting"

    async def answer(self, _: web.Request) -> web.Response:
        """Answer a proxy; a full daemon still is ready, and its headers tell the console more."""
        fault = self.fault()
        headers = {
            "lwd-instance": _INSTANCE,
            "lwd-key": "none" if self._live.config.auth.is_open else "required",
            "lwd-free-streams": str(self._streams.free),
        }
        status = 503 if fault else 200
        return web.Response(status=status, text=f"{fault or 'ok'}\n", headers=headers)


class HealthHandlers:
    """Answers from what is in memory, whoever asks: no question here waits for an engine."""

    def __init__(self, live: Live, engines: Engines, streams: Streams) -> None:
        self._engines = engines
        self._streams = streams
        self._readiness = Readiness(live, engines, streams)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the endpoints."""
        router.add_get("/livez", Liveness(self._engines).answer)
        router.add_get("/readyz", self._readiness.answer)
        router.add_get("/v1/status", self._status)
        router.add_get("/v1/status/engine", self._status_engine)

    async def _status(self, _: web.Request) -> web.Response:
        """Health and load, as Deepgram's self-hosted API tells them."""
        return json_response(
            {
                "system_health": self._system_health(),
                "active_batch_requests": 0,
                "active_stream_requests": len(self._streams.open),
                "active_listen_v2_stream_requests": 0,
            }
        )

    async def _status_engine(self, _: web.Request) -> web.Response:
        """Whether any engine answers; Deepgram's own probes look for the text `Connected`."""
        is_connected = any(model.pool.is_ready for model in self._engines)
        return json_response(
            {"engine_connection_status": "Connected" if is_connected else "Disconnected"}
        )

    def _system_health(self) -> str:
        """Deepgram tells it by the requests that went well; the engines tell it sooner."""
        pools = [model.pool for model in self._engines]
        if all(pool.has_failed for pool in pools):
            return "Critical"
        if not any(pool.is_ready for pool in pools):
            return "Initializing"
        if any(len(pool.pids) < pool.replicas for pool in pools):
            return "Degraded"
        return "Healthy" if self._streams.has_served else "Ready"
