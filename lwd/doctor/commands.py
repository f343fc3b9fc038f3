"""How the system is asked: by its own commands, whose output is text for people.

Everything that only a Mac has is reached here, so that a test can answer in its place.
"""

import subprocess
from collections.abc import Callable

_TIMEOUT_S = 10

Ask = Callable[..., str | None]
"""Runs a command and gives what it prints; None where it is not there, fails, or takes too long."""


def ask(*command: str) -> str | None:
    """Run a command of the system, without a shell."""
    try:
        done = subprocess.run(  # noqa: S603 - every command is a constant of this package
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
