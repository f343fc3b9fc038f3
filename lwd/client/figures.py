"""The few figures of a daemon that a person looks at first, from either place that has them. Pure.

`/v1/status/operations` is where clients go, and asks for a key; `/metrics` is where operators go,
which on the daemon's own machine needs none.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from lwd.concerns import concerns

_QUANTILE = 0.95
_FINALS = "lwd_final_latency_seconds_bucket"


@dataclass(frozen=True, slots=True)
class Quantile:
    """The least bound of a histogram that covers a share of its values; where none does, the last.

    Then `is_over`: the quantile is more than that, and nobody knows how much.
    """

    bound_s: float
    is_over: bool = False

    def __str__(self) -> str:
        return f"over {self.bound_s:g} s" if self.is_over else f"{self.bound_s:g} s"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a daemon says of itself since its start; None where it says nothing.

    `final_p95` is of the time from when a final's end was known until it came; `concerns` are what
    is amiss though no caller feels it.
    """

    version: str | None = None
    capacity: int | None = None
    queued: int | None = None
    final_p95: Quantile | None = None
    uptime_s: int | None = None
    concerns: tuple[str, ...] = ()


def read_operations(document: object) -> Figures:
    """Read the JSON of `/v1/status/operations`; what is no such document says nothing."""
    match document:
        case {
            "version": str(version),
            "uptime_s": int() | float() as uptime_s,
            "streams": {"limit": int(limit)},
            "models": list(models),
            "latency": {"final": list(final)},
            **rest,
        }:
            try:
                buckets = [(float(bound), float(count)) for bound, count in final]
                queued = sum(int(model["queued"]) for model in models)
            except (KeyError, OverflowError, TypeError, ValueError):
                return Figures()
            p95, told = quantile(buckets, _QUANTILE), rest.get("concerns")
            amiss = tuple(map(str, told)) if isinstance(told, list) else ()
            return Figures(version, limit, queued, p95, _whole(uptime_s), amiss)
    return Figures()


def read_metrics(text: str, now_s: float) -> Figures:
    """Read Prometheus text at a Unix time; what is no such text says nothing."""
    try:
        families = list(text_string_to_metric_families(text))
    except ValueError:
        return Figures()
    values: dict[str, float] = {}
    buckets: dict[float, float] = {}
    version = None
    for sample in (sample for family in families for sample in family.samples):
        values[sample.name] = values.get(sample.name, 0.0) + sample.value
        if sample.name == _FINALS:
            buckets[float(sample.labels["le"])] = sample.value
        elif sample.name == "lwd_build_info":
            version = sample.labels.get("version")
    started_s = values.get("lwd_process_start_time_seconds")
    return Figures(
        version=version,
        capacity=_whole(values.get("lwd_streams_limit")),
        queued=_whole(values.get("lwd_queued_jobs")),
        final_p95=quantile(buckets.items(), _QUANTILE),
        uptime_s=None if started_s is None else _whole(max(0.0, now_s - started_s)),
        concerns=tuple(one.text for one in concerns(values.get)),
    )


def quantile(buckets: Iterable[tuple[float, float]], share: float) -> Quantile | None:
    """The quantile of a histogram's values; None without values.

    Buckets are bounds with how many values are at most that.
    """
    bounds = sorted(buckets)
    finite = [bound for bound, _ in bounds if math.isfinite(bound)]
    total = bounds[-1][1] if bounds else 0.0
    if not total or not finite:
        return None
    covering = next((bound for bound, count in bounds if count >= share * total), math.inf)
    return Quantile(min(covering, finite[-1]), is_over=covering > finite[-1])


def _whole(value: float | None) -> int | None:
    return int(value) if value is not None and math.isfinite(value) else None
