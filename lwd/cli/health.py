"""How the health of servers is shown and ended with: what `status` and `fleet` share."""

from collections.abc import Sequence

import click

from lwd.cli.exits import DOWN, FAILED
from lwd.cli.options import number, whole_number
from lwd.client.status import DEFAULT_OPS_PORT, State, Status

ops_port_option = click.option(
    "--ops-port",
    metavar="N",
    type=whole_number(1, 65535),
    default=DEFAULT_OPS_PORT,
    show_default=True,
    help="Port for operators (ops.listen) on the same host.",
)

timeout_option = click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=number(0.1, 60),
    default=3.0,
    show_default=True,
    help="Longest time to wait for an answer.",
)

_EXITS: dict[State, int] = {"ready": 0, "degraded": FAILED, "down": DOWN}


def exit_of(answers: Sequence[Status]) -> int:
    """The exit status for the one that is worst off; one that refuses the key is as one that is down."""
    return max(DOWN if each.is_key_refused else _EXITS[each.state] for each in answers)


def shown(answer: Status) -> dict[str, object]:
    """What is told of a server, by name; None for what is not known."""
    figures, p95 = answer.figures, answer.figures.final_p95
    return {
        "host": answer.host,
        "state": answer.state,
        "reason": answer.reason,
        "system_health": answer.system_health,
        "engine": answer.engine,
        "streams": answer.streams,
        "capacity": figures.capacity,
        "queued": figures.queued,
        "final_p95_s": p95 and p95.bound_s,
        "final_p95_is_over": p95 and p95.is_over,
        "version": figures.version,
        "uptime_s": figures.uptime_s,
    }
