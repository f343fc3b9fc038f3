"""`lwd serve`: turns the command line into a configuration and hands it to the server."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import get_args

import click

from lwd.cli.command import Command
from lwd.cli.completion import complete_model
from lwd.cli.key_rules import KEY_RULES
from lwd.cli.model_rules import MODEL_RULES
from lwd.cli.options import DEFAULT_URL, config_option, server_url
from lwd.cli.output import show_json_line
from lwd.config import LogConfig, load_config


@click.command(
    cls=Command,
    examples={
        "lwd serve --model tiny.en": "With a small model, for this machine alone:",
        "lwd serve --config /usr/local/etc/lwd/lwd.yaml": "As configured:",
    },
    ends=(65, 69, 70, 71),
)
@config_option
@click.option("--host", metavar="ADDRESS", help="Address to listen on (server.host).")
@click.option("--port", type=int, metavar="N", help="Port to listen on (server.port).")
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=complete_model,
    help="Whisper model to serve (model.name).",
)
@click.option(
    "--log-level",
    type=click.Choice(get_args(LogConfig.model_fields["level"].annotation)),
    help="Least severe level that is logged (log.level).",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON once lwd is ready.")
def serve(
    *,
    config: Path | None,
    host: str | None,
    port: int | None,
    model: str | None,
    log_level: str | None,
    as_json: bool,
) -> None:
    """Run the server until it is told to stop.

    SIGTERM and Ctrl-C stop it: streams that are open may go on for a while, and a second signal
    ends them. SIGHUP has it read its configuration again. An option wins over LWD_* variables, and
    these over the file.
    """
    given = {
        "server.host": host,
        "server.port": port,
        "model.name": model,
        "log.level": log_level,
    }
    overrides = {path: value for path, value in given.items() if value is not None}
    load = partial(load_config, config, overrides, rules=(*MODEL_RULES, *KEY_RULES))
    configuration = load()
    from lwd.server.app import serve as run  # noqa: PLC0415 - so help and faults are told at once

    tell = partial(
        announce,
        needs_key=not configuration.auth.is_open,
        has_console=configuration.console.enabled,
    )
    run(configuration, announce_json if as_json else tell, load)


def announce_json(host: str, port: int, models: Sequence[str]) -> None:
    """Tell a program where the server is."""
    show_json_line({"url": server_url(host, port), "models": list(models)})


def announce(
    host: str, port: int, models: Sequence[str], *, needs_key: bool, has_console: bool
) -> None:
    """Tell who started the server where it is, and what to try next."""
    url = server_url(host, port)
    options = "" if url == DEFAULT_URL else f" --url {url}"
    options += " --key KEY" if needs_key else ""
    click.echo(f"lwd listens on {url}/v1/listen with {', '.join(models)}; Ctrl-C stops it.")
    command = "python -m lwd" if sys.argv[0].endswith("__main__.py") else sys.argv[0]
    if has_console:
        click.echo(f"Speak to it in a browser: {url.replace('ws', 'http', 1)}/")
    click.echo(f"Try it from another terminal: {command} listen{options} FILE")
