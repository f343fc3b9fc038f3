"""The picture of a run: how latencies are distributed, and how they rise with the streams."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_SIZE_INCHES = (6.4, 4.4)
_WIDEST_S = 5.0


def draw(
    path: Path, latencies: Mapping[str, Sequence[float]], trials: Sequence[Mapping[str, Any]]
) -> None:
    """Write a PNG with a panel for each of the two that was measured; none without either."""
    latencies = {name: seconds for name, seconds in latencies.items() if seconds}
    n_panels = bool(latencies) + bool(trials)
    if not n_panels:
        return
    width, height = _SIZE_INCHES
    figure = Figure((n_panels * width, height), layout="constrained")
    panels = iter(figure.subplots(1, n_panels, squeeze=False)[0])
    if latencies:
        _distribution(next(panels), latencies)
    if trials:
        _load(next(panels), trials)
    figure.savefig(path, dpi=150)


def _distribution(axes: Axes, latencies: Mapping[str, Sequence[float]]) -> None:
    for name, seconds in latencies.items():
        ordered = np.sort(seconds)
        shares = 100 * np.arange(1, len(ordered) + 1) / len(ordered)
        axes.step(ordered, shares, where="post", label=f"{name} ({len(ordered)})")
    left, right = axes.get_xlim()
    axes.set(xlabel="latency (s)", ylabel="share (%)", xlim=(left, min(right, _WIDEST_S)))
    axes.set_title("Latency")
    _finish(axes)


def _load(axes: Axes, trials: Sequence[Mapping[str, Any]]) -> None:
    streams = [trial["streams"] for trial in trials]
    for percent in ("p50", "p95"):
        axes.plot(streams, [trial[f"final_{percent}_s"] for trial in trials], "o-", label=percent)
    axes.set(xlabel="streams at once", ylabel="final latency (s)", xticks=streams)
    axes.set_title("Final latency under load")
    _finish(axes)


def _finish(axes: Axes) -> None:
    axes.grid(alpha=0.3)
    axes.legend()
