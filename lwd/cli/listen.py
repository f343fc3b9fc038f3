"""`lwd listen`: transcribes a file, a pipe or the microphone through a server, live."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

import click
import numpy as np
from numpy.typing import NDArray

from lwd.audio.files import read_audio
from lwd.cli.command import Command
from lwd.cli.completion import complete_model
from lwd.cli.exits import DOWN, INTERRUPTED
from lwd.cli.options import FILE, audio_source, key_option, messages_option, url_option
from lwd.cli.streaming import show_stream, shows_interims
from lwd.client.microphone import record
from lwd.client.stream import SAMPLE_RATE
from lwd.errors import UsageError
from lwd.protocol.params import PARAMETERS

_RAW = (
    "FILE itself must tell it; give raw audio a header first, such as by"
    " ffmpeg -f s16le -ar 16000 -i raw.pcm speech.wav"
)
_MIXED = "FILE is mixed to one channel; the console and Deepgram's SDKs keep channels apart"
_REMEDIES = {"encoding": _RAW, "sample_rate": _RAW, "channels": _MIXED, "multichannel": _MIXED}
"""Parameters of how audio is sent, which is this command's own affair, and what to do instead."""


@click.command(
    cls=Command,
    examples={
        "lwd listen speech.wav": "What is said in a file, as if it were said now:",
        "lwd listen --mic --language de": "What is said into the microphone, in German:",
        "ffmpeg -i rtsp://camera/1 -f wav - | lwd listen - --fast": "A live source:",
        "lwd listen speech.wav --json | jq -r .type": "The server's own messages:",
    },
    ends=(66, 69, DOWN, INTERRUPTED),
)
@click.argument("file", metavar="FILE|-", required=False, type=FILE)
@click.option("--mic", is_flag=True, help="Listen to the microphone, until Ctrl-C.")
@url_option
@key_option
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=complete_model,
    help="Model to ask for; where the server takes it for another one, that is told.",
)
@click.option(
    "--language",
    metavar="TAG",
    help="Language of the speech, such as en or pt-BR; multi for several.",
)
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
    help="Any further parameter of the server, such as utterance_end_ms=1000; of one that lwd does"
    " not know it warns. Can be repeated.",
)
@click.option(
    "--fast",
    is_flag=True,
    help="Send audio as it is read, not in real time: for waiting less, and for live pipes.",
)
@messages_option
def listen(
    *,
    file: str | None,
    mic: bool,
    url: str,
    key: str | None,
    model: str | None,
    language: str | None,
    endpointing: str,
    punctuate: bool,
    interim: bool,
    params: Sequence[str],
    fast: bool,
    as_json: bool,
) -> None:
    """Transcribe FILE, - for audio on standard input, or --mic through a server.

    Any format that FFmpeg reads will do. Each utterance is a line, with the time of its first word,
    and ends with the pause of --endpointing. What is settled of it is written at once, and a long
    one comes in several parts. On a terminal, what may still change follows it.
    """
    asked = {
        "interim_results": str(interim and shows_interims(as_json=as_json)).lower(),
        "punctuate": str(punctuate).lower(),
        "model": model,
        "language": language,
        "endpointing": _endpointing(endpointing),
    }
    given = [(name, value) for name, value in asked.items() if value is not None]
    given += [_parameter(text) for text in params]
    _warn_of_unknown(name for name, _ in given)
    blocks = _blocks(file, mic=mic)
    show_stream(blocks, url, key, given, as_json=as_json, fast=fast or mic)


def _blocks(file: str | None, *, mic: bool) -> Iterator[NDArray[np.int16]]:
    if mic == (file is not None):
        raise UsageError("expected a FILE, - for standard input, or --mic; one of them")
    if file is None:
        return record(SAMPLE_RATE)
    return read_audio(audio_source(file), sample_rate=SAMPLE_RATE)


def _endpointing(text: str) -> str:
    if not text.isdecimal() and text not in ("true", "false"):
        raise UsageError(f"--endpointing {text}: expected milliseconds such as 300, or false")
    return text


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--param {text}: expected NAME=VALUE")
    if name in _REMEDIES:
        raise UsageError(f"--param {name}: {_REMEDIES[name]}")
    return name, value


def _warn_of_unknown(names: Iterable[str]) -> None:
    """Servers ignore what they do not know, and one of another release may know more."""
    for name in names:
        if name not in PARAMETERS:
            near = get_close_matches(name, PARAMETERS, n=1)
            hint = f"did you mean {near[0]}?" if near else "the server may ignore it"
            click.echo(f"lwd: --param {name}: unknown parameter; {hint}", err=True)
