"""The `lwd` command: its subcommands, each imported only when it runs, and how it ends.

Knows no subcommand's own affairs. Every StartError becomes one line on stderr and its exit code.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

import click
from click.exceptions import NoArgsIsHelpError, NoSuchCommand

from lwd import __version__
from lwd.errors import StartError, UsageError

DEFAULT_URL = "ws://127.0.0.1:9000"
"""Where a server with the default configuration is."""

INTERRUPTED = 130  # 128 + SIGINT, as shells report it

# What stands in `lwd --help`; listing it imports nothing.
COMMANDS = {
    "check-config": ("lwd.cli.check_config:check_config", "Check the configuration."),
    "doctor": ("lwd.cli.doctor:doctor", "Check the machine and the installation."),
    "keys": ("lwd.cli.keys:keys", "Make, list, rotate and disable API keys."),
    "listen": ("lwd.cli.listen:listen", "Transcribe a file or a pipe through a server."),
    "models": ("lwd.cli.models:models", "Download, list and verify models."),
    "serve": ("lwd.cli.serve:serve", "Run the server."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            raise NoSuchCommand(cmd_name, possibilities=COMMANDS, ctx=ctx)
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lwd", message="%(prog)s %(version)s")
def lwd() -> None:
    """Live speech recognition behind Deepgram's WebSocket protocol."""


def main(args: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    try:
        code: int | None = lwd.main(args, prog_name="lwd", standalone_mode=False)
    except NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        return _fail(UsageError(error.format_message()))
    except StartError as error:
        return _fail(error)
    return code or 0


def _fail(error: StartError) -> int:
    for line in str(error).splitlines():
        click.echo(f"lwd: {line}", err=True)
    return error.exit_code
