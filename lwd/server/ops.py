"""What machines and people ask of the daemon itself: liveness, readiness, health, metrics."""

import platform
import time
from typing import get_args

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from lwd import __version__, metrics
from lwd.asr.pool import EnginePool
from lwd.errors import REJECTIONS
from lwd.server.admission import Streams
from lwd.server.answers import Message
from lwd.server.engines import Engines
from lwd.server.reply import json_response
from lwd.server.stream import Outcome


class OpsHandlers:
    """Answers from what is in memory: no question here waits for an engine."""

    def __init__(self, engines: Engines, streams: Streams) -> None:
        self._engines = engines
        self._streams = streams
        metrics.BUILD.info({"version": __version__, "python": platform.python_version()})
        metrics.START_TIME.set(time.time())
        metrics.STREAMS_LIMIT.set(streams.limit)
        # A counter that first appears at 1 hides its first increase from Prometheus.
        for outcome in Outcome:
            metrics.STREAMS.labels(outcome.value)
        for reason in REJECTIONS:
            metrics.STREAMS_REJECTED.labels(reason)
        for kind in get_args(Message):
            metrics.MESSAGES.labels(kind.__name__)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the endpoints."""
        router.add_get("/livez", self._livez)
        router.add_get("/readyz", self._readyz)
        router.add_get("/healthz", self._healthz)
        router.add_get("/metrics", self._metrics)
        router.add_get("/v1/status", self._status)
        router.add_get("/v1/status/engine", self._status_engine)

    async def _livez(self, _: web.Request) -> web.Response:
        """Answering at all is the answer."""
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        """Whether a proxy should send new streams here; a full daemon still is ready."""
        reason = self._not_ready()
        return web.Response(status=503 if reason else 200, text=f"{reason or 'ok'}\n")

    async def _healthz(self, _: web.Request) -> web.Response:
        """Summary for people, shaped like draft-inadarei-api-health-check-06."""
        reason = self._not_ready()
        body: dict[str, object] = {
            "status": "fail" if reason else "pass",
            "version": __version__,
            "checks": {
                **{f"engine:{model.name}": _engine_checks(model.pool) for model in self._engines},
                "streams": [
                    {
                        "status": "warn" if self._is_full() else "pass",
                        "observedValue": len(self._streams.open),
                        "observedUnit": f"of {self._streams.limit} streams",
                    }
                ],
            },
        }
        if reason:
            body["output"] = reason
        return web.json_response(
            body, status=503 if reason else 200, content_type="application/health+json"
        )

    async def _metrics(self, _: web.Request) -> web.Response:
        metrics.READY.set(self._not_ready() is None)
        return web.Response(
            body=generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

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

    def _is_full(self) -> bool:
        return len(self._streams.open) >= self._streams.limit

    def _not_ready(self) -> str | None:
        if self._streams.is_draining:
            return "draining"
        if any(model.pool.has_failed for model in self._engines):
            return "no engine starts; see engine_start_failed in the log"
        return None if self._engines.is_ready else "an engine is starting"


def _engine_checks(pool: EnginePool) -> list[dict[str, object]]:
    """How many of a model's engines answer, and what waits for them."""
    answering = len(pool.pids)
    lame = "warn" if answering else "fail"
    return [
        {
            "status": "pass" if answering == pool.replicas else lame,
            "observedValue": answering,
            "observedUnit": f"of {pool.replicas} engine processes",
        },
        {"observedValue": pool.queued, "observedUnit": "queued windows"},
    ]
