"""What engines need of the machine beside their models: a directory for kernels, and a fast BLAS.

Knows where they are to be, and what mends their lack; the doctor asks before an engine does.
"""

import os
import sys
from pathlib import Path

from lwd.errors import EngineUnavailable

MAKE_BLAS = f"{sys.executable} ops/blas.py ops/requirements/linux-x86_64/openblas.txt"
"""Makes an OpenBLAS for this very Python; to be run in a checkout, as whoever installed it."""


def kernel_directory() -> Path:
    """Where MLX keeps what it compiles on a CPU, in the home directory of whoever runs this."""
    return Path.home() / ".cache" / "lwd" / "kernels"


def nearest(path: Path) -> Path:
    """The path, or of the directories above it the nearest that is there."""
    return next(one for one in (path, *path.parents) if os.access(one, os.F_OK))


def make_kernel_directory(path: Path) -> None:
    """Make it, for its owner alone; raises EngineUnavailable."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EngineUnavailable(
            f"{path}: {error.strerror}; let the user that lwd runs as write to {nearest(path)},"
            " or give it another home directory (HOME)"
        ) from error
