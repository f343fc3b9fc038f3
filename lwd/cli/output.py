"""How results are shown: tables for people, lines with tabs for pipes, JSON for programs, progress.

Knows nothing of what is in them. Results go to stdout, progress to stderr and to a terminal alone.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

Report = Callable[[str, float, float | None], None]
"""Told of a task's name, how much of it is done, and how much there is, if that is known."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; one that is not `strong` stands back."""

    cells: Sequence[str]
    strong: bool = False


def show_table(columns: Sequence[str], rows: Sequence[Row], cut: str | None = None) -> None:
    """Print the rows under the names of their columns.

    Where a terminal is too narrow, cells go on in the next line, but for the first column's, which
    stay whole, and those of the column `cut`, which end in an ellipsis.
    """
    console = Console()
    if not console.is_terminal:
        click.echo("\n".join("\t".join(cells) for cells in [columns, *(r.cells for r in rows)]))
        return
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name == columns[0])
    for row in rows:
        # A column that is not wrapped itself would have the others give way.
        cells = [
            Text(cell, no_wrap=True, overflow="ellipsis") if name == cut else cell
            for name, cell in zip(columns, row.cells, strict=True)
        ]
        table.add_row(*cells, style="bold" if row.strong else None)
    console.print(table)


def show_json(document: object) -> None:
    """Print the one document that a command answers with."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def show_json_line(document: object) -> None:
    """Print one of the documents that a command answers with as they come."""
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def or_dash(value: object) -> str:
    """A cell; a dash for what is not known."""
    return "-" if value is None else str(value)


@contextmanager
def progress(*columns: ProgressColumn) -> Iterator[Report]:
    """Progress bars with these columns on a terminal, and nothing elsewhere."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *columns,
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        # What is printed into a file or a pipe must not be shown instead.
        redirect_stdout=sys.stdout.isatty(),
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: float, total: float | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield report
