"""How rows are shown: as a table on a terminal, and as lines with tabs elsewhere.

Knows nothing of what is in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; one that is not `strong` stands back."""

    cells: Sequence[str]
    strong: bool


def show_table(columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Print the rows under the names of their columns; the first column is never broken."""
    console = Console()
    if not console.is_terminal:
        click.echo("\n".join("\t".join(cells) for cells in [columns, *(r.cells for r in rows)]))
        return
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name == columns[0])
    for row in rows:
        table.add_row(*row.cells, style="bold" if row.strong else None)
    console.print(table)
