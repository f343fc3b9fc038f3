"""How a machine is shared out among engines where the configuration leaves it open.

On a GPU one engine for each model fills it with batches. On a CPU batches gain little, and threads
of one engine wait for each other at every product: an engine on each core carries more callers,
and answers a lone one as soon.
"""

import os
import sys
from dataclasses import dataclass
from importlib.metadata import distributions

_MOST_REPLICAS = 4
"""Each replica holds the weights by itself."""


@dataclass(frozen=True, slots=True)
class Share:
    """Engines of each model, and the threads that each may use on a CPU."""

    replicas: int
    cpu_threads: int


def share_out(
    n_models: int, replicas: int | None, cpu_threads: int | None, *, cores: int, has_gpu: bool
) -> Share:
    """Fill in what is None."""
    of_model = max(1, cores // n_models)
    if replicas is None:
        fitting = of_model if cpu_threads is None else of_model // cpu_threads
        replicas = 1 if has_gpu else max(1, min(_MOST_REPLICAS, fitting))
    return Share(replicas, cpu_threads or max(1, of_model // replicas))


def cores() -> int:
    """Cores that lwd may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_gpu() -> bool:
    """Whether MLX computes on a GPU: on every Mac, and where its CUDA build is installed."""
    return sys.platform == "darwin" or any(
        found.name.lower().startswith("mlx-cuda") for found in distributions()
    )
