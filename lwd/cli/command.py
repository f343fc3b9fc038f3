"""What every command has in common: help that is a manual page.

Synopsis, description and options are click's; examples, exit status and environment follow. Knows
no command's own affairs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from lwd.cli.exits import EXITS

_CONFIGURED = ("LWD_SECTION__KEY", "A key of the configuration, see docs/configuration.md.")


class Command(click.Command):
    """A command with `examples`, each command line with what it does.

    `ends` are the exit statuses beside 0, 64 and 73, 78 where there is a configuration; `answers` says
    in the command's own words what a status means.
    """

    def __init__(
        self,
        *args: Any,
        examples: Mapping[str, str],
        ends: Sequence[int] = (),
        answers: Mapping[int, str] = {},
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self._ends = ends
        self.answers = answers

    @property
    def exits(self) -> dict[int, str]:
        """Every status that the command ends with, and when."""
        configured = (78,) if self._is_configured else ()
        codes = sorted({0, 64, 73, *self._ends, *self.answers, *configured})
        return {code: self.answers.get(code, EXITS[code]) for code in codes}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the command reads, and what they give."""
        options = [o for o in self.params if isinstance(o, click.Option) and o.envvar]
        variables = {str(option.envvar): f"Stands for {option.opts[0]}." for option in options}
        return variables | dict([_CONFIGURED] if self._is_configured else [])

    @property
    def _is_configured(self) -> bool:
        return any(option.name == "config" for option in self.params)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what click does not know."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for line, meaning in self.examples.items():
                formatter.write_text(meaning)
                formatter.write(f"{'':{formatter.current_indent + 2}}$ {line}\n")
        write_exits(formatter, self.exits)
        if self.environment:
            with formatter.section("Environment"):
                formatter.write_dl(list(self.environment.items()))


def write_exits(formatter: click.HelpFormatter, exits: Mapping[int, str]) -> None:
    """Write the exit statuses as a section."""
    with formatter.section("Exit status"):
        formatter.write_dl([(str(code), when) for code, when in exits.items()])
