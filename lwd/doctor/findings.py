"""What a check tells: how it stands, what that means, and the command that mends it."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer. `skip` is what does not apply here, or cannot be told.

    `shown` is what was found, `meaning` why it matters; `remedy` is a command, where one mends it.
    """

    check: str
    status: Status
    shown: str
    meaning: str = ""
    remedy: str = ""


def ok(check: str, shown: str) -> Finding:
    """It is as it should be."""
    return Finding(check, "ok", shown)


def skip(check: str, why: str) -> Finding:
    """It does not apply, or cannot be told."""
    return Finding(check, "skip", why)
