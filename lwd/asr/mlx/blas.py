"""A fast BLAS for MLX on Linux, loaded before MLX is.

The mlx-cpu wheel carries Netlib's reference BLAS, some forty times slower than OpenBLAS. Symbols
loaded earlier into the global scope win, so this module must run before `mlx.core` is imported.
On macOS MLX uses Accelerate and Metal, and there is nothing to do.
"""

import ctypes
import sys
from pathlib import Path

_CANDIDATES = (str(Path(sys.prefix) / "lib" / "lwd" / "libopenblas.so"), "libopenblas.so.0")


def load_blas() -> str | None:
    """Load the first BLAS there is; its name, or None when MLX keeps its own slow one."""
    if sys.platform != "linux":
        return "accelerate"
    for candidate in _CANDIDATES:
        try:
            ctypes.CDLL(candidate, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        return candidate
    return None
