"""The `lwd` command: its subcommands, each imported only when it runs, and how it ends.

Knows no subcommand's own affairs. Every StartError becomes one line on stderr and its exit code.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

import click
from click.exceptions import NoArgsIsHelpError, NoSuchCommand

from lwd import __version__
from lwd.cli.command import write_exits
from lwd.cli.exits import EXITS, INTERRUPTED
from lwd.cli.stdout import checked_stdout
from lwd.errors import StartError, UsageError

# What stands in `lwd --help`; listing it imports nothing.
COMMANDS = {
    "serve": ("lwd.cli.serve:serve", "Run the server."),
    "check-config": ("lwd.cli.check_config:check_config", "Check the configuration."),
    "listen": ("lwd.cli.listen:listen", "Transcribe a file, a pipe or the microphone live."),
    "transcribe": ("lwd.cli.transcribe:transcribe", "Transcribe recordings, without a server."),
    "models": ("lwd.cli.models:models", "Download, list and verify models."),
    "keys": ("lwd.cli.keys:keys", "Make, list, rotate, disable and enable API keys."),
    "doctor": ("lwd.cli.doctor:doctor", "Check the machine and the installation."),
    "status": ("lwd.cli.status:status", "Ask a server how it is."),
    "fleet": ("lwd.cli.fleet:fleet", "Ask several servers how they are."),
    "probe": ("lwd.cli.probe:probe", "Try a server: hear a tone and a sentence."),
    "bench": ("lwd.cli.bench:bench", "Measure a server, and suggest its limit of streams."),
    "simulate": ("lwd.cli.simulate:simulate", "Send a recording in real time, in chunks."),
    "collect": ("lwd.cli.collect:collect", "Make a corpus of media files or a video site."),
    "completion": ("lwd.cli.completion:completion", "Print a shell's completion of lwd."),
}


class _LazyGroup(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        # Within click, which would make a failure of a reader who has gone away.
        with checked_stdout():
            return super().invoke(ctx)
        return None

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

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        formatter.write_paragraph()
        formatter.write_text("`lwd COMMAND --help` is the manual of a command.")
        write_exits(formatter, EXITS)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lwd", message="%(prog)s %(version)s")
def lwd() -> None:
    """Live speech recognition behind Deepgram's WebSocket protocol."""


def main(args: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    try:
        with checked_stdout():
            return _answer(args)
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        return _fail(UsageError(" ".join(error.format_message().split())))
    except StartError as error:
        return _fail(error)
    return 0


def _answer(args: Sequence[str] | None) -> int:
    try:
        code: int | None = lwd.main(args, prog_name="lwd", standalone_mode=False)
    except NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    return code or 0


def _fail(error: StartError) -> int:
    for line in str(error).splitlines():
        click.echo(f"lwd: {line}", err=True)
    return error.exit_code
