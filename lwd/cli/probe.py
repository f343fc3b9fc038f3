"""`lwd probe`: tries whether a server hears, from the handshake to the words."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from lwd.cli.command import Command
from lwd.cli.exits import DOWN, FAILED
from lwd.cli.options import config_option, json_option, key_option, start_option, tried_url_option
from lwd.cli.output import show_json
from lwd.cli.trying import DAEMON_ENDS, tried


@click.command(
    cls=Command,
    examples={
        "lwd probe": "The server of this machine:",
        "lwd probe --url wss://speech.example --key KEY --json": "Another, for a program:",
        "lwd probe --start --config config/dev.yaml": "Whether lwd works here at all (make smoke):",
    },
    ends=(*DAEMON_ENDS, DOWN),
    answers={0: "it hears", FAILED: "it answers, but hears what is not said, or not what is"},
)
@tried_url_option
@key_option
@start_option
@config_option
@json_option
def probe(
    *, url: str | None, key: str | None, start: bool, config: Path | None, as_json: bool
) -> int:
    """Send a server a sine, which must give no words, and a sentence, which must give its own.

    It takes two streams, one after the other, of some seconds of audio each, sent faster than they
    are spoken. So it tries the handshake, the key, decoding, speech detection, the engine and the
    text.
    """
    from lwd.trial.probe import probe as run  # noqa: PLC0415 - so help is shown at once

    with tried(url, key, config, start=start) as server:
        checks = asyncio.run(run(server))
    if as_json:
        show_json([asdict(check) for check in checks])
    else:
        for check in checks:
            verdict = (
                click.style("ok  ", fg="green") if check.passed else click.style("fail", fg="red")
            )
            click.echo(f"{verdict}  {check.check}: {check.shown}, after {check.seconds:.1f} s")
    return 0 if all(check.passed for check in checks) else FAILED
