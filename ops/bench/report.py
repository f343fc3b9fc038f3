"""What was measured, beside what it should be: as a table and as JSON."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.table import Table

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; with `at_least` or `at_most` it has a target."""

    key: str
    title: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_reached(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    @property
    def target(self) -> str:
        """The target in words; empty without one."""
        if self.at_least is not None:
            return f"at least {self._text(self.at_least)}"
        return "" if self.at_most is None else f"at most {self._text(self.at_most)}"

    @property
    def measured(self) -> str:
        """The value with its unit."""
        return self._text(self.value)

    def _text(self, value: float) -> str:
        if math.isnan(value):
            return "none"
        digits = 0 if abs(value) >= 100 or value == int(value) else 2  # noqa: PLR2004 - 3 digits do
        return f"{value:.{digits}f}{self.unit}"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a section found. `details` go into the JSON, `remarks` under the table."""

    figures: Sequence[Figure] = ()
    details: dict[str, object] = field(default_factory=dict)
    remarks: Sequence[str] = ()


def table(figures: Iterable[Figure]) -> Table:
    """The figures, a line each."""
    drawn = Table("figure", "target", "measured", "reached")
    for figure in figures:
        reached = {True: "yes", False: "[bold red]no[/]", None: ""}[figure.is_reached]
        named = f"{figure.title}\n[dim]{figure.key}[/]"
        drawn.add_row(named, figure.target, figure.measured, reached)
    return drawn


def missed(figures: Iterable[Figure]) -> list[str]:
    """Keys of the targets that were not reached."""
    return [figure.key for figure in figures if figure.is_reached is False]


def measure(
    sections: Mapping[str, Callable[[T], Measured]], names: Iterable[str], session: T, log: Console
) -> dict[str, object]:
    """Run sections and show each when it is done, and all at the end; everything, as for JSON."""
    found = []
    for name in names:
        log.print(f"[bold]{name}[/]")
        found.append(sections[name](session))
        for figure in found[-1].figures:
            log.print(f"  {figure.title}: {figure.measured}")
    figures = [figure for section in found for figure in section.figures]
    console = Console()
    console.print(table(figures))
    console.print(*(remark for section in found for remark in section.remarks), sep="\n")
    if lacking := missed(figures):
        console.print(f"Missed: {', '.join(lacking)}.")
    return as_json(found)


def as_json(sections: Sequence[Measured]) -> dict[str, object]:
    """Every figure by its key, every detail, and what was missed."""
    figures = [figure for section in sections for figure in section.figures]
    details = {key: value for section in sections for key, value in section.details.items()}
    values = {figure.key: None if math.isnan(figure.value) else figure.value for figure in figures}
    return values | details | {"missed": missed(figures)}
