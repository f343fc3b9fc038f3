"""`lwd check-config`: says whether lwd would start as configured, and what it would use."""

from pathlib import Path

import click

from lwd.cli.command import Command
from lwd.cli.key_rules import KEY_RULES
from lwd.cli.model_rules import MODEL_RULES
from lwd.cli.options import json_option
from lwd.cli.output import show_json
from lwd.config import effective, load_config


@click.command(
    cls=Command,
    examples={
        "lwd check-config lwd.yaml": "A file, before lwd is started or reloaded with it:",
        "lwd check-config --json | jq .limits.streams": "What holds without a file:",
    },
)
@click.argument("config", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@json_option
def check_config(*, config: Path | None, as_json: bool) -> None:
    """Check FILE, if given, and the LWD_* variables, and print the effective configuration.

    API keys are masked, and values that are not the default have their source beside them. Each
    fault is a line on stderr.
    """
    checked = load_config(config, rules=(*MODEL_RULES, *KEY_RULES))
    if as_json:
        show_json(checked.model_dump(mode="json"))
    else:
        click.echo(effective(checked))
