"""The manual of every command as docs/cli.md has it, written from what click knows.

`python -m tests.cli.manual` prints what belongs below the page's heading Commands.
"""

import re
from collections.abc import Iterator
from inspect import cleandoc

import click

from lwd.cli import lwd
from lwd.cli.command import Command

_HELP = "--help"


def commands() -> dict[str, Command]:
    """Every command that does something, by its words after `lwd`."""
    found = dict(_commands(lwd, ()))
    assert all(isinstance(command, Command) for command in found.values())
    return found


def _commands(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))
        else:
            assert isinstance(command, Command), name
            yield " ".join((*words, name)), command


def synopsis(name: str, command: Command) -> str:
    """How a command is called."""
    context = click.Context(command, info_name=f"lwd {name}")
    return " ".join([f"lwd {name}", *command.collect_usage_pieces(context)])


def options(command: Command) -> list[click.Option]:
    """The options of a command, but for its help."""
    return [param for param in command.params if isinstance(param, click.Option)]


def section(name: str, command: Command) -> str:
    """The part of the page that is about a command."""
    assert command.help
    paragraphs = [" ".join(part.split()) for part in cleandoc(command.help).split("\n\n")]
    examples = [f"- {meaning.rstrip(':')}: `{line}`" for line, meaning in command.examples.items()]
    variables = ", ".join(f"`{variable}`" for variable in command.environment)
    status = ", ".join(
        f"{code} ({command.answers[code]})" if code in command.answers else str(code)
        for code in command.exits
    )
    return "\n".join(
        [
            f"### lwd {name}\n",
            f"`{synopsis(name, command)}`\n",
            "\n\n".join(paragraphs) + "\n",
            *("| option | default | meaning |", "|---|---|---|"),
            *map(_row, options(command)),
            *("\nExamples:\n", *examples),
            f"\nExit status: {status}.",
            *([f"Environment: {variables}."] if variables else ()),
            "",
        ]
    )


def _row(option: click.Option) -> str:
    names = " ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    takes = "" if option.is_flag else f" `{_metavar(option)}`"
    is_told = option.show_default and option.default is not None
    default = option.secondary_opts[0] if option.default is False else option.opts[0]
    shown = default if option.is_flag else option.default
    cells = [names + takes, f"`{shown}`" if is_told else "", option.help or ""]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _metavar(option: click.Option) -> str:
    metavar = option.make_metavar(click.Context(click.Command("x")))
    return re.sub(r"^\[(.*)\]$", r"\1", metavar)


def page() -> str:
    """All of them."""
    return "\n".join(section(name, command) for name, command in commands().items())


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - its purpose
