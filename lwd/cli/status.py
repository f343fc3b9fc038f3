"""`lwd status`: asks one server how it is."""

import asyncio

import click

from lwd.cli.command import Command
from lwd.cli.exits import DOWN, FAILED
from lwd.cli.health import exit_of, ops_port_option, shown, timeout_option, told
from lwd.cli.options import json_option, key_option, url_option
from lwd.cli.output import Row, or_dash, show_json, show_table
from lwd.client.status import Host, Status, ask_all


@click.command(
    cls=Command,
    examples={
        "lwd status": "The server of this machine:",
        "lwd status --url wss://speech.example --json": "Another, for a program:",
        "until lwd status > /dev/null; do sleep 1; done": "Wait until it is ready:",
    },
    ends=(DOWN,),
    answers={0: "ready", FAILED: "degraded: it answers, but is not ready, or lacks an engine"},
)
@url_option
@ops_port_option
@key_option
@timeout_option
@json_option
def status(*, url: str, ops_port: int, key: str | None, timeout_s: float, as_json: bool) -> int:
    """Ask a server whether it is ready, and how much it has to do.

    With a key all comes from its port for clients. Without one, capacity, queue, latency, version
    and uptime come from its port for operators (ops.listen), and are a dash where that cannot be
    reached; Why says so.
    """
    [answer] = asyncio.run(ask_all([Host.parse(url, ops_port)], key, timeout_s))
    if as_json:
        show_json(shown(answer))
    else:
        show_table(("What", "Now"), [Row(cells) for cells in _lines(answer).items()])
    return exit_of([answer])


def _lines(answer: Status) -> dict[str, str]:
    """The cells of its line of a fleet, and what has no room there."""
    cells = told(answer)
    why = cells.pop("Why")
    if p95 := answer.figures.final_p95:
        cells["Finals p95"] = f"{p95} since the start"
    cells |= {"Health": or_dash(answer.system_health), "Engine": or_dash(answer.engine)}
    return cells | ({"Why": why} if why else {})
