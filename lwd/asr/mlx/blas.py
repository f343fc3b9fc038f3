"""A fast BLAS for MLX on Linux, loaded before MLX is.

The mlx-cpu wheel carries Netlib's reference BLAS, some forty times slower than OpenBLAS. Symbols
loaded earlier into the global scope win, so this module must run before `mlx.core` is imported.
On macOS MLX uses Accelerate and Metal, and there is nothing to do.
"""

import ctypes
import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_CANDIDATES = (str(Path(sys.prefix) / "lib" / "lwd" / "libopenblas.so"), "libopenblas.so.0")
_ROW_MAJOR, _NO_TRANSPOSE = 101, 111


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


def matrix_vector(matrix: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """`matrix` (m, n) times `vector` (n,), both contiguous.

    MLX has no matrix-vector product on a CPU: its matrix product takes twice as long. It is the
    same BLAS with the same threads as MLX's, since two that spin would stall each other.
    """
    sgemv = _sgemv()
    if sgemv is None:
        product: NDArray[np.float32] = matrix @ vector
        return product
    m, n = matrix.shape
    result = np.empty(m, dtype=np.float32)
    sgemv(
        *(_ROW_MAJOR, _NO_TRANSPOSE, m, n),
        *(1.0, matrix.ctypes.data, n, vector.ctypes.data, 1),
        *(0.0, result.ctypes.data, 1),
    )
    return result


@cache
def _sgemv() -> "ctypes._NamedFuncPointer | None":
    """cblas_sgemv of the loaded BLAS."""
    try:
        sgemv = ctypes.CDLL(None).cblas_sgemv
    except AttributeError:
        return None
    integer, real, pointer = ctypes.c_int, ctypes.c_float, ctypes.c_void_p
    sgemv.restype = None
    sgemv.argtypes = [
        *(integer, integer, integer, integer),
        *(real, pointer, integer, pointer, integer),
        *(real, pointer, integer),
    ]
    return sgemv
