"""The few figures of a daemon's metrics that a person looks at first. Pure."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_QUANTILE = 0.95
_FINALS = "lwd_final_latency_seconds_bucket"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a daemon says of itself since its start; None where it says nothing.

    95 of 100 finals came within `final_p95_s` of their end being known, to the histogram's bounds.
    """

    version: str | None = None
    capacity: int | None = None
    queued: int | None = None
    final_p95_s: float | None = None
    started_at: float | None = None


def read_figures(text: str) -> Figures:
    """Read Prometheus text; what is no such text says nothing."""
    try:
        families = list(text_string_to_metric_families(text))
    except ValueError:
        return Figures()
    samples = [sample for family in families for sample in family.samples]
    values: dict[str, float] = {}
    buckets: dict[float, float] = {}
    version = None
    for sample in samples:
        values[sample.name] = values.get(sample.name, 0.0) + sample.value
        if sample.name == _FINALS:
            buckets[float(sample.labels["le"])] = sample.value
        version = (
            sample.labels.get("version", version) if sample.name == "lwd_build_info" else version
        )
    return Figures(
        version=version,
        capacity=_whole(values, "lwd_streams_limit"),
        queued=_whole(values, "lwd_queued_jobs"),
        final_p95_s=quantile(buckets.items(), _QUANTILE),
        started_at=values.get("lwd_process_start_time_seconds"),
    )


def quantile(buckets: Iterable[tuple[float, float]], share: float) -> float | None:
    """The least bound that covers a share of a histogram's values; None without values.

    Buckets are bounds with how many values are at most that. What is above the last bound is
    infinite, and shown so.
    """
    bounds = sorted(buckets)
    total = bounds[-1][1] if bounds else 0.0
    if not total:
        return None
    return next((bound for bound, count in bounds if count >= share * total), math.inf)


def _whole(values: Mapping[str, float], name: str) -> int | None:
    value = values.get(name)
    return int(value) if value is not None and math.isfinite(value) else None
