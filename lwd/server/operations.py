"""`GET /v1/status/operations` and `/v1/status/rejections`: what the console shows of the daemon.

Answers from what is in memory. Counters and histograms count from the start: whoever asks twice
sees what happened in between.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict

from aiohttp import web

from lwd import __version__, metrics
from lwd.concerns import concerns
from lwd.server.admission import Streams
from lwd.server.auth import Authenticator
from lwd.server.engines import Engines, LoadedModel
from lwd.server.health import Readiness
from lwd.server.live import Live
from lwd.server.rejections import Rejections
from lwd.server.reply import age_s, json_response
from lwd.server.stream import Stream

_Samples = list[tuple[str, dict[str, str], float]]

_MOST_STREAMS = 50
"""Streams that are listed one by one, those furthest behind first."""


class OperationsHandlers:
    """Answers whoever has a key; a token is made for a page of strangers, and will not do."""

    def __init__(
        self,
        live: Live,
        engines: Engines,
        streams: Streams,
        rejections: Rejections,
        authenticator: Authenticator,
    ) -> None:
        self._engines = engines
        self._streams = streams
        self._rejections = rejections
        self._authenticator = authenticator
        self._readiness = Readiness(live, engines, streams)
        self._started_s = time.monotonic()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the endpoints."""
        router.add_get("/v1/status/operations", self._operations)
        router.add_get("/v1/status/rejections", self._recent_rejections)

    async def _operations(self, request: web.Request) -> web.Response:
        self._authenticator.authenticate(request, takes_tokens=False)
        return json_response(
            {
                "version": __version__,
                "uptime_s": round(time.monotonic() - self._started_s, 3),
                "fault": self._readiness.fault(),
                "concerns": [one.text for one in concerns(metrics.REGISTRY.get_sample_value)],
                "streams": self._load(),
                "models": [_model(model) for model in self._engines],
                "latency": {
                    "interim": _buckets(metrics.read(metrics.INTERIM_LATENCY)),
                    "final": _buckets(metrics.read(metrics.FINAL_LATENCY)),
                },
                "ended": _by_label(metrics.read(metrics.STREAMS), "outcome"),
                "rejected": _by_label(metrics.read(metrics.STREAMS_REJECTED), "reason"),
                "connections_refused": _sum(metrics.read(metrics.CONNECTIONS_REFUSED)),
                "resident_bytes": _sum(metrics.read(metrics.PROCESS_MEMORY)),
            }
        )

    async def _recent_rejections(self, request: web.Request) -> web.Response:
        """The newest first."""
        self._authenticator.authenticate(request, takes_tokens=False)
        recent = [asdict(one) for one in reversed(self._rejections.recent)]
        return json_response(
            {"rejections": [one | {"at": one["at"].isoformat()} for one in recent]}
        )

    def _load(self) -> dict[str, object]:
        behind = sorted(self._streams.open, key=lambda stream: -stream.backlog_s)
        return {
            "open": len(behind),
            "limit": self._streams.limit,
            "list": [_stream(stream) for stream in behind[:_MOST_STREAMS]],
        }


def _stream(stream: Stream) -> dict[str, object]:
    return {
        "request_id": str(stream.settings.request_id),
        "key_id": stream.key_id,
        "model": stream.settings.model,
        "age_s": round(age_s(stream.settings.request_id), 1),
        "backlog_s": round(stream.backlog_s, 2),
    }


def _model(model: LoadedModel) -> dict[str, object]:
    pool = model.pool
    its = {"model": model.name}
    return {
        "name": model.name,
        "engines": pool.replicas,
        "answering": len(pool.pids),
        "queued": pool.queued,
        "busy_s": _sum(metrics.read(metrics.ENGINE_BUSY), its),
        "restarts": _sum(metrics.read(metrics.ENGINE_RESTARTS), its),
        "memory_bytes": _sum(metrics.read(metrics.ENGINE_MEMORY), its | {"kind": "active"}),
    }


def _by_label(samples: _Samples, label: str) -> dict[str, float]:
    return {labels[label]: value for _, labels, value in samples}


def _buckets(samples: _Samples) -> list[tuple[str, float]]:
    """How many observations were at most so many seconds, for each bound up to `+Inf`."""
    return [(labels["le"], value) for _, labels, value in samples if "le" in labels]


def _sum(samples: _Samples, of: Mapping[str, str] = {}) -> float:
    """The sum of the samples that have these labels."""
    return sum(value for _, labels, value in samples if of.items() <= labels.items())
