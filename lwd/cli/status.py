"""`lwd status`: asks one server how it is."""

import asyncio

import click

from lwd.cli.command import Command
from lwd.cli.exits import DOWN, FAILED
from lwd.cli.health import exit_of, ops_port_option, shown, timeout_option
from lwd.cli.options import json_option, key_option, url_option
from lwd.cli.output import Row, show_json, show_table
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
    and uptime come from its port for operators (ops.listen), and are left out where that cannot be
    reached.
    """
    [answer] = asyncio.run(ask_all([Host.parse(url, ops_port)], key, timeout_s))
    if as_json:
        show_json(shown(answer))
    else:
        show_table(("What", "Now"), [Row(cells) for cells in _told(answer).items()])
    return exit_of([answer])


def _told(answer: Status) -> dict[str, str]:
    """What is known, in the words of a person."""
    told = shown(answer)
    del told["final_p95_is_over"]
    if p95 := answer.figures.final_p95:
        told["final_p95_s"] = f"{p95} since the start"
    return {name: str(value) for name, value in told.items() if value is not None}
