"""`lwd check-config`: says whether lwd would start as configured, and what it would use."""

from pathlib import Path

import click

from lwd.cli.key_rules import KEY_RULES
from lwd.cli.model_rules import MODEL_RULES
from lwd.config import effective, load_config


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check_config(file: Path | None) -> None:
    """Check FILE, if given, and the LWD_* variables, and print the effective configuration.

    API keys are masked. Exits with 78 and a line for each fault if there is any.
    """
    click.echo(effective(load_config(file, rules=(*MODEL_RULES, *KEY_RULES))))
