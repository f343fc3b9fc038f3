"""`lwd serve`: turns the command line into a configuration and hands it to the server."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from lwd.cli import DEFAULT_URL
from lwd.cli.key_rules import KEY_RULES
from lwd.cli.model_rules import MODEL_RULES
from lwd.config import load_config


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="YAML file to read.")
@click.option("--host", help="Address to listen on (server.host).")
@click.option("--port", type=int, help="Port to listen on (server.port).")
@click.option("--model", metavar="NAME", help="Whisper model to serve (model.name).")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error (log.level).")
def serve(
    config: Path | None,
    host: str | None,
    port: int | None,
    model: str | None,
    log_level: str | None,
) -> None:
    """Run the server until it is told to stop.

    SIGHUP has it read its configuration again. An option wins over LWD_* variables, and these over the file.
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

    run(configuration, partial(announce, needs_key=not configuration.auth.is_open), load)


def announce(host: str, port: int, models: Sequence[str], *, needs_key: bool) -> None:
    """Tell who started the server where it is, and what to try next."""
    shown = f"[{host}]" if ":" in host else host
    url = f"ws://{shown}:{port}"
    options = "" if url == DEFAULT_URL else f" --url {url}"
    options += " --key KEY" if needs_key else ""
    click.echo(f"lwd listens on {url}/v1/listen with {', '.join(models)}; Ctrl-C stops it.")
    command = "python -m lwd" if sys.argv[0].endswith("__main__.py") else sys.argv[0]
    click.echo(f"Try it from another terminal: {command} listen{options} FILE")
