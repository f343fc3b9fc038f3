"""`lwd bench`: a quick measurement of a server, and what its limit of streams should be."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from lwd.cli.command import Command
from lwd.cli.exits import DOWN, INTERRUPTED
from lwd.cli.options import (
    config_option,
    json_option,
    key_option,
    start_option,
    tried_url_option,
    whole_number,
)
from lwd.cli.output import Row, progress, show_json, show_table
from lwd.cli.trying import DAEMON_ENDS, tried
from lwd.trial.load import IN_TIME_S, Load, Measured, measure

_COLUMNS = ("Streams", "First result", "Interims", "Worst final")


@click.command(
    cls=Command,
    examples={
        "lwd bench --start --config lwd.yaml": "What this machine can do:",
        "lwd bench --url ws://mini1:9000 --most 16": "A server that runs, without disturbing it much:",
    },
    ends=(*DAEMON_ENDS, DOWN, INTERRUPTED),
)
@tried_url_option
@key_option
@start_option
@config_option
@click.option(
    "--most",
    metavar="N",
    type=whole_number(1, 1000),
    default=64,
    show_default=True,
    help="Most callers at once.",
)
@json_option
def bench(
    *,
    url: str | None,
    key: str | None,
    start: bool,
    config: Path | None,
    most: int,
    as_json: bool,
) -> None:
    """Measure how quickly a server answers 1, 2, 4 … callers who all speak at once.

    Each says one sentence in real time. The first result counts from the caller's first audio, with
    the silence before the first word; the age of interims and finals is the time since their last
    audio was sent. The suggestion for limits.streams is the most callers whose every final came within a
    second; there is none where the key or the server allows no more. It takes about 12 seconds for
    each number of callers. Calls have pauses, in which others are served: what callers of all kinds
    get is measured by make bench-stream, with a corpus.
    """
    with (
        tried(url, key, config, start=start, settings=_room_for(most)) as server,
        progress() as report,
    ):
        report("callers: 1", 0, None)
        measured = asyncio.run(
            measure(server, most, lambda load: report(f"callers: {load.streams}", 1, 1))
        )
    if as_json:
        show_json(asdict(measured))
    else:
        _show(measured)


def _room_for(most: int) -> dict[str, str]:
    """Settings that keep no caller out; more would be more files than the system may allow."""
    # When the next callers come, the ones before may not be gone yet.
    return {"LWD_LIMITS__STREAMS": str(2 * most), "LWD_LIMITS__CONNECTIONS": "null"}


def _show(measured: Measured) -> None:
    show_table(_COLUMNS, [_row(load) for load in measured.loads])
    click.echo(f"Real-time factor of one caller who does not wait: {measured.real_time_factor:g}")
    if measured.limit is None:
        click.echo(
            f"Not even one caller got every final within {IN_TIME_S:g} s: use a smaller model."
        )
    elif measured.is_capped:
        click.echo(f"In time: {measured.limit}, and no more are let in ({measured.ended_by})")
        click.echo("For a suggestion raise that limit, or measure with --start.")
    else:
        click.echo(f"Suggested limits.streams: {measured.limit} ({measured.ended_by})")


def _row(load: Load) -> Row:
    times_s = (load.first_result_s, load.interim_mean_s, load.final_worst_s)
    cells = ["-" if seconds is None else f"{seconds:.2f} s" for seconds in times_s]
    return Row((str(load.streams), *cells), strong=load.is_in_time)
