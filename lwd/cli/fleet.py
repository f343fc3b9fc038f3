"""`lwd fleet`: asks several servers how they are, at once."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from lwd.cli.command import Command
from lwd.cli.exits import DOWN, FAILED
from lwd.cli.health import exit_of, ops_port_option, shown, timeout_option, told
from lwd.cli.options import json_option, key_option, read_text
from lwd.cli.output import Row, or_dash, show_json, show_table
from lwd.client.status import Host, Status, ask_all
from lwd.errors import UsageError

_COLUMNS = ("Host", "State", "Streams", "Of", "Queued", "Finals p95", "Version", "Up", "Why")


@click.command(
    cls=Command,
    examples={
        "lwd fleet mini1 mini2 mini3": "Three hosts, each at the default ports:",
        "lwd fleet --hosts fleet.hosts": "All that stand in a file:",
        "lwd fleet --hosts fleet.hosts --json | jq '.[] | select(.state != \"ready\")'": (
            "Those that want looking after:"
        ),
    },
    ends=(66, DOWN),
    answers={0: "all are ready", FAILED: "one is degraded, and none is down"},
)
@click.argument("names", metavar="[HOST...]", nargs=-1)
@click.option(
    "--hosts",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File with a host on each line; what follows # is a comment.",
)
@ops_port_option
@key_option
@timeout_option
@json_option
def fleet(
    *,
    names: Sequence[str],
    hosts: Path | None,
    ops_port: int,
    key: str | None,
    timeout_s: float,
    as_json: bool,
) -> int:
    """Ask each HOST, such as mini1, mini1:9001 or wss://mini1, whether it is ready.

    With a key all comes from a host's port for clients. Without one, capacity, queue, latency,
    version and uptime come from its port for operators (ops.listen), and are a dash where that
    cannot be reached; Why says so.
    """
    listed = [*names, *(_listed(hosts) if hosts else ())]
    if not listed:
        raise UsageError("no host is named; name some, or a file with --hosts")
    asked = [Host.parse(name, ops_port) for name in dict.fromkeys(listed)]
    answers = asyncio.run(ask_all(asked, key, timeout_s))
    if as_json:
        show_json([shown(answer) for answer in answers])
    else:
        show_table(_COLUMNS, [*map(_row, answers), _total(answers)])
    return exit_of(answers)


def _listed(path: Path) -> Iterator[str]:
    for line in read_text("--hosts", path).splitlines():
        if name := line.partition("#")[0].strip():
            yield name


def _row(answer: Status) -> Row:
    cells = told(answer)
    return Row([cells[name] for name in _COLUMNS], strong=answer.state != "ready")


def _total(answers: Sequence[Status]) -> Row:
    n_ready = sum(answer.state == "ready" for answer in answers)
    streams = _sum(answer.streams for answer in answers)
    capacity = _sum(answer.figures.capacity for answer in answers)
    cells = ("all", f"{n_ready} of {len(answers)} ready", or_dash(streams), or_dash(capacity))
    return Row((*cells, *[""] * (len(_COLUMNS) - len(cells))))


def _sum(numbers: Iterable[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
