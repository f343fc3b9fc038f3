"""`lwd check-config`: says whether lwd would start with a file, and what it would use."""

from pathlib import Path

import click

from lwd.config import effective, load_config


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def check_config(file: Path) -> None:
    """Check FILE together with the LWD_* variables and print the effective configuration.

    API keys are masked. Exits with 78 and a line for each fault if there is any.
    """
    click.echo(effective(load_config(file)))
