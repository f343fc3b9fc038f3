"""Throw-away virtual environments, one for each program that is tried, so that none sees another's."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_INSTALLED = "installed.txt"
_INSTALL_TIMEOUT_S = 1800.0


class Unavailable(Exception):
    """A program cannot be had or does not start; its text is the reason, in one line."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What pip installs: `alone` without what it depends on, then `requirements`."""

    name: str
    requirements: Sequence[str]
    alone: Sequence[str] = ()

    def install(self, root: Path) -> Path:
        """Make it under `root` unless it is there, and say where its Python is.

        Raises Unavailable with pip's reason.
        """
        directory = root / self.name
        python = directory / "bin" / "python"
        marker = directory / _INSTALLED
        pins = "\n".join([*self.alone, *self.requirements])
        if not (marker.exists() and marker.read_text() == pins):
            run([sys.executable, "-m", "venv", "--clear", str(directory)])
            pip = [str(python), "-m", "pip", "install", "--quiet"]
            if self.alone:
                run([*pip, "--no-deps", *self.alone])
            run([*pip, *self.requirements])
            marker.write_text(pins)
        return python


def run(command: Sequence[str]) -> None:
    """Let an installer do its work; raises Unavailable with its reason."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"not installed: {error}") from error
    if done.returncode:
        raise Unavailable(f"not installed: {reason(done.stderr)}")


def reason(log: str) -> str:
    """The line of a log that says most: the last error, or else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["it said nothing"])[-1]
