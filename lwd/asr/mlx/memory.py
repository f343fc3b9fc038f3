"""How much memory MLX may hold, and how quickly it is given back."""

import ctypes
import sys

import mlx.core as mx

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE_BYTES = 1 << 30


def set_up(*, limit_bytes: int | None, cache_limit_bytes: int) -> None:
    """Bound what MLX holds and what it keeps for later; None leaves MLX's own limit.

    On Linux large arrays are taken from the heap: by default each is mapped anew, and the page
    faults of the attention scores of a long window take longer than their arithmetic.
    """
    if limit_bytes is not None:
        mx.set_memory_limit(limit_bytes)
    mx.set_cache_limit(cache_limit_bytes)
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_TRIM_THRESHOLD, _LARGE_BYTES)


def give_back() -> None:
    """Return what is only kept for later to the system."""
    mx.clear_cache()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def held_bytes() -> dict[str, int]:
    """MLX's active, cached and peak memory; any thread may ask."""
    return {
        "active": mx.get_active_memory(),
        "cache": mx.get_cache_memory(),
        "peak": mx.get_peak_memory(),
    }
