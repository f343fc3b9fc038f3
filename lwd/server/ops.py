"""What machines and people ask of the daemon itself: liveness, readiness, health, metrics."""

import platform
import time
from importlib.metadata import version as distribution_version
from itertools import chain
from typing import get_args

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from lwd import __version__, metrics
from lwd.asr.pool import EnginePool
from lwd.auth.origin import is_loopback
from lwd.concerns import concerns
from lwd.errors import REJECTIONS
from lwd.server.admission import Streams
from lwd.server.answers import Message
from lwd.server.auth import Authenticator
from lwd.server.engines import Engines
from lwd.server.health import Liveness, Readiness
from lwd.server.live import Live
from lwd.server.outcome import Outcome
from lwd.server.tally import ResultType

_VERSIONS = {
    "version": __version__,
    "python": platform.python_version(),
    "mlx": distribution_version("mlx"),
}


class OpsHandlers:
    """Answers from what is in memory: no question here waits for an engine."""

    def __init__(
        self, live: Live, engines: Engines, streams: Streams, authenticator: Authenticator
    ) -> None:
        self._live = live
        self._ops = live.config.ops
        self._engines = engines
        self._streams = streams
        self._readiness = Readiness(live, engines, streams)
        self._authenticator = authenticator
        self._started_s = time.time()
        metrics.START_TIME.set(self._started_s)
        # A counter that first appears at 1 hides its first increase from Prometheus.
        for outcome in Outcome:
            metrics.STREAMS.labels(outcome.value)
        for reason in REJECTIONS:
            metrics.STREAMS_REJECTED.labels(reason)
        for state in ("missing", "unknown", "disabled", "expired"):
            metrics.AUTH_FAILURES.labels(state)
        for kind in get_args(Message):
            metrics.MESSAGES.labels(kind.__name__)
        for result in get_args(ResultType):
            metrics.RESULTS.labels(result)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the endpoints."""
        router.add_get("/livez", Liveness(self._engines).answer)
        router.add_get("/readyz", self._readiness.answer)
        router.add_get("/healthz", self._healthz)
        router.add_get("/metrics", self._metrics)

    async def _healthz(self, request: web.Request) -> web.Response:
        """Summary for people, shaped like draft-inadarei-api-health-check-06."""
        self._check_key(request)
        self._live.keyring.refresh()
        reason = self._readiness.fault()
        checks = self._checks()
        has_concern = any(one["status"] != "pass" for one in chain(*checks.values()))
        body: dict[str, object] = {
            "status": "fail" if reason else "warn" if has_concern else "pass",
            "version": __version__.partition(".")[0],
            "releaseId": __version__,
            "serviceId": "lwd",
            "checks": checks,
        }
        if reason:
            body["output"] = reason
        return web.json_response(
            body, status=503 if reason else 200, content_type="application/health+json"
        )

    def _checks(self) -> dict[str, list[dict[str, object]]]:
        uptime_s = round(time.time() - self._started_s)
        return {
            **{f"engine:{model.name}": _engine_checks(model.pool) for model in self._engines},
            "lwd:streams": [self._stream_check()],
            "lwd:connections": [_connection_check()],
            "lwd:uptime": [_observed(uptime_s, "s")],
            **{
                f"lwd:{one.name}": [{"status": "warn", "output": one.text}]
                for one in concerns(metrics.REGISTRY.get_sample_value)
            },
        }

    async def _metrics(self, request: web.Request) -> web.Response:
        self._check_key(request)
        self._live.keyring.refresh()
        backlogs = (stream.backlog_s for stream in self._streams.open)
        metrics.AUDIO_BACKLOG.set(max(backlogs, default=0.0))
        metrics.READY.set(self._readiness.fault() is None)
        metrics.BUILD.info({**_VERSIONS, "model": ",".join(model.name for model in self._engines)})
        text = generate_latest(metrics.REGISTRY)
        if self._ops.deepgram_metrics:
            text += generate_latest(metrics.DEEPGRAM)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _check_key(self, request: web.Request) -> None:
        """Raise InvalidCredentials where others than this machine may ask, and show no key."""
        if not is_loopback(self._ops.host):
            self._authenticator.authenticate(request)

    def _stream_check(self) -> dict[str, object]:
        n_open = len(self._streams.open)
        status = "warn" if n_open >= self._streams.limit else "pass"
        return _observed(n_open, f"of {self._streams.limit} streams", status)


def _engine_checks(pool: EnginePool) -> list[dict[str, object]]:
    """How many of a model's engines answer, and what waits for them."""
    answering = len(pool.pids)
    lame = "warn" if answering else "fail"
    status = "pass" if answering == pool.replicas else lame
    return [
        _observed(answering, f"of {pool.replicas} engine processes", status),
        _observed(pool.queued, "queued windows"),
    ]


def _connection_check() -> dict[str, object]:
    """As `/metrics` has it; 0 of 0 until clients are let in."""
    [(*_, n_open)] = metrics.read(metrics.CONNECTIONS)
    [(*_, limit)] = metrics.read(metrics.CONNECTIONS_LIMIT)
    status = "warn" if 0 < limit <= n_open else "pass"
    return _observed(int(n_open), f"of {limit:.0f} connections", status)


def _observed(value: int, unit: str, status: str = "pass") -> dict[str, object]:
    return {"status": status, "observedValue": value, "observedUnit": unit}
