"""What came of each client, side by side. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Row:
    """One client: for each check that was made why it failed, or None; or why none was made."""

    name: str
    version: str = ""
    verdicts: Mapping[str, str | None] = field(default_factory=dict)
    failure: str | None = None

    def is_green(self, checks: Sequence[str]) -> bool:
        """Whether every check was made and passed."""
        return all(self.verdicts.get(check, "not made") is None for check in checks)

    def reasons(self) -> list[str]:
        """A line for everything that went wrong."""
        failed = {check: reason for check, reason in self.verdicts.items() if reason}
        return [
            *([f"{self.name}: {self.failure}"] if self.failure else []),
            *(f"{self.name}, {check}: {reason}" for check, reason in failed.items()),
        ]

    def as_json(self) -> dict[str, object]:
        """Everything; null is a check that passed."""
        return {"version": self.version, "failure": self.failure, "checks": dict(self.verdicts)}


def side_by_side(rows: Sequence[Row], checks: Sequence[str]) -> Table:
    """A line for each client, and the reasons below."""
    reasons = [reason for row in rows for reason in row.reasons()]
    drawn = Table(
        box=SIMPLE_HEAD,
        padding=0,
        caption=Text("\n".join(reasons)) if reasons else None,
        caption_justify="left",
    )
    for heading in ("client", "version", *checks):
        drawn.add_column(heading.replace(" ", "\n").replace("-", "-\n"), no_wrap=True)
    for row in rows:
        drawn.add_row(row.name, row.version, *(_cell(row, check) for check in checks))
    return drawn


def _cell(row: Row, check: str) -> Text:
    if check not in row.verdicts:
        return Text("-", "dim")
    return Text("no", "bold red") if row.verdicts[check] else Text("ok", "green")
