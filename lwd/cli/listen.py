"""`lwd listen`: transcribes a file or a pipe through a server and shows what it answers.

Owns the options and the three ways of showing results. The connection is client.py's.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from lwd.audio.files import read_audio
from lwd.cli import DEFAULT_URL
from lwd.cli.client import SAMPLE_RATE, listen_url, transcribe
from lwd.errors import ConnectionFailed, UsageError


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option(
    "--url",
    default=DEFAULT_URL,
    show_default=True,
    help="Server to use; http, https, ws or wss.",
)
@click.option("--key", envvar="DEEPGRAM_API_KEY", show_envvar=True, help="API key of the server.")
@click.option("--model", help="Model to ask for.")
@click.option("--language", help="Language of the speech, such as en or pt-BR; multi for several.")
@click.option(
    "--endpointing",
    metavar="MS|false",
    default="300",
    show_default=True,
    help="Silence that ends an utterance; Deepgram's default is 10.",
)
@click.option(
    "--punctuate/--no-punctuate",
    default=True,
    show_default=True,
    help="Write punctuation and capitals.",
)
@click.option(
    "--interim/--no-interim", default=True, show_default=True, help="Show interim results."
)
@click.option(
    "--param",
    "params",
    metavar="NAME=VALUE",
    multiple=True,
    help="Any further parameter of the server, such as utterance_end_ms=1000. Can be repeated.",
)
@click.option(
    "--fast",
    is_flag=True,
    help="Send audio as it is read, not in real time: for waiting less, and for live pipes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the server's messages as they are.")
def listen(
    *,
    file: str,
    url: str,
    key: str | None,
    model: str | None,
    language: str | None,
    endpointing: str | None,
    punctuate: bool,
    interim: bool,
    params: Sequence[str],
    fast: bool,
    as_json: bool,
) -> None:
    """Transcribe FILE, or - for audio on standard input, through a server.

    Any format that FFmpeg reads will do. On a terminal, what is being said is shown as it changes;
    elsewhere only settled results are printed, one a line, each with the time it starts at.
    """
    if not file:
        raise UsageError("FILE is empty; expected a path, or - for standard input")
    asked = {
        "encoding": "linear16",
        "sample_rate": str(SAMPLE_RATE),
        "channels": "1",
        "interim_results": str(interim and (as_json or sys.stdout.isatty())).lower(),
        "punctuate": str(punctuate).lower(),
        "model": model,
        "language": language,
        "endpointing": endpointing,
    }
    given = [(name, value) for name, value in asked.items() if value is not None]
    address = listen_url(url, given + [_parameter(text) for text in params])
    blocks = read_audio(_stdin() if file == "-" else Path(file), sample_rate=SAMPLE_RATE)
    with _display(as_json=as_json) as show:
        asyncio.run(transcribe(blocks, address, key, show, fast=fast))


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--param {text}: expected NAME=VALUE")
    return name, value


def _stdin() -> FileIO:
    # Unbuffered: Python aborts when it exits while a thread waits in a buffered read.
    stdin = FileIO(sys.stdin.fileno(), closefd=False)
    stdin.name = "standard input"
    return stdin


class Result(NamedTuple):
    """What a `Results` message says: where it starts in the audio, and its text."""

    start_s: float
    transcript: str
    is_final: bool

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.start_s, 1), 60)
        return f"{minutes:02.0f}:{seconds:04.1f}  {self.transcript}"


def parse(message: str) -> Result | None:
    """Read a server's message; None if it is not about words."""
    try:
        fields = json.loads(message)
        if fields["type"] != "Results":
            return None
        transcript = fields["channel"]["alternatives"][0]["transcript"]
        return Result(float(fields["start"]), transcript, fields["is_final"])
    except (LookupError, TypeError, ValueError) as error:
        raise ConnectionFailed("the server sent a message that is not Deepgram's") from error


@contextmanager
def _display(*, as_json: bool) -> Iterator[Callable[[str], None]]:
    try:
        if as_json:
            yield click.echo
        elif sys.stdout.isatty():
            console = Console(highlight=False)
            with Live(console=console, auto_refresh=False, transient=True) as live:
                yield partial(show_live, live)
        else:
            yield show_final
    except BrokenPipeError:
        # Who reads the results has seen enough; what is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_live(live: Live, message: str) -> None:
    """Print what is settled, and show below it what may still change."""
    result = parse(message)
    if result is None:
        return
    pending = str(result) if result.transcript and not result.is_final else ""
    live.update(Text(pending, style="dim"), refresh=True)
    if result.transcript and result.is_final:
        live.console.print(Text(str(result)))


def show_final(message: str) -> None:
    """Print what is settled."""
    result = parse(message)
    if result and result.is_final and result.transcript:
        click.echo(str(result))
