"""How much memory MLX may hold, and how quickly it is given back."""

import ctypes
import sys

import mlx.core as mx

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE_BYTES = 1 << 30

_CPU_CACHE_BYTES = 64 << 20
_GPU_CACHE_BYTES = 512 << 20


def set_up(*, limit_bytes: int | None, cache_limit_bytes: int | None) -> None:
    """Bound what MLX holds and what it keeps for later; None means what suits the device.

    On Linux large arrays are taken from the heap: by default each is mapped anew, and the page
    faults of the attention scores of a long window take longer than their arithmetic. The heap then
    keeps freed memory itself, and the less MLX keeps beside it, the less the heap is torn.
    """
    if limit_bytes is not None:
        mx.set_memory_limit(limit_bytes)
    is_cpu = mx.default_device() == mx.Device(mx.cpu)
    default_bytes = _CPU_CACHE_BYTES if is_cpu else _GPU_CACHE_BYTES
    mx.set_cache_limit(default_bytes if cache_limit_bytes is None else cache_limit_bytes)
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
