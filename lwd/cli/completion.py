"""`lwd completion`: the script by which a shell completes what is typed, and the names of models.

Script and all else are click's.
"""

import click
from click.shell_completion import get_completion_class

from lwd.cli.command import Command
from lwd.cli.options import json_option
from lwd.cli.output import show_json
from lwd.models.catalogue import CATALOGUE


@click.command(
    cls=Command,
    examples={
        "lwd completion zsh > ~/.zfunc/_lwd": "For zsh, with ~/.zfunc in its fpath:",
        "lwd completion bash > ~/.local/share/bash-completion/completions/lwd": "For bash 4.4 or later:",
        "lwd completion fish > ~/.config/fish/completions/lwd.fish": "For fish:",
    },
)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
def completion(*, shell: str, as_json: bool) -> None:
    """Print the script by which SHELL completes lwd's commands, options, files, models and keys' ids."""
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    root = click.get_current_context().find_root().command
    script = kind(root, {}, "lwd", "_LWD_COMPLETE")
    text = script.source_template % script.source_vars()
    if as_json:
        show_json({"shell": shell, "script": text})
    else:
        click.echo(text)


def complete_model(_context: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """The models that there are and whose name begins so."""
    return [name for name in CATALOGUE if name.startswith(begun)]
