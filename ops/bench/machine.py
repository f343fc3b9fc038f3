"""What figures depend on besides the code: the machine, its load, and the versions of packages."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console

STORE = Path.home() / ".cache" / "lwd" / "models"
"""Where the daemon has its models, unless it is configured otherwise."""

_QUIET_LOAD = 0.5


def describe(packages: Sequence[str]) -> dict[str, object]:
    """The machine as it is now."""
    return {
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "versions": {name: _version(name) for name in packages},
    }


def warn_unless_quiet(console: Console) -> None:
    """Say so when something else runs."""
    if (load := os.getloadavg()[0]) > _QUIET_LOAD:
        console.print(
            f"[bold red]The machine is not quiet (load {load:.1f}): times mean little.[/]"
        )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
