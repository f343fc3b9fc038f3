"""How the health of servers is shown and ended with: what `status` and `fleet` share."""

from collections.abc import Sequence

import click

from lwd.cli.exits import DOWN, FAILED
from lwd.cli.options import number, whole_number
from lwd.cli.output import or_dash
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

_HOUR_S, _MINUTE_S = 3600, 60

_EXITS: dict[State, int] = {"ready": 0, "degraded": FAILED, "down": DOWN}


def exit_of(answers: Sequence[Status]) -> int:
    """The exit status for the one that is worst off; one that refuses the key is as one that is down."""
    return max(DOWN if each.is_key_refused else _EXITS[each.state] for each in answers)


def shown(answer: Status) -> dict[str, object]:
    """What is told of a server to a program, by name; None for what is not known."""
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


def told(answer: Status) -> dict[str, str]:
    """What is told of a server to a person, by column; a dash for what is not known."""
    figures = answer.figures
    return {
        "Host": answer.host,
        "State": answer.state,
        "Streams": or_dash(answer.streams),
        "Of": or_dash(figures.capacity),
        "Queued": or_dash(figures.queued),
        "Finals p95": or_dash(figures.final_p95),
        "Version": or_dash(figures.version),
        "Up": _up(figures.uptime_s),
        "Why": answer.reason or "",
    }


def _up(uptime_s: float | None) -> str:
    if uptime_s is None:
        return "-"
    hours = f"{uptime_s / _HOUR_S:.1f} h"
    return hours if uptime_s >= _HOUR_S else f"{uptime_s // _MINUTE_S:.0f} min"
