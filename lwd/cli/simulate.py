"""`lwd simulate`: the earlier server's real-time simulation, a stream of chunks of one length."""

import click

from lwd.audio.files import read_audio
from lwd.cli.command import Command
from lwd.cli.exits import DOWN, INTERRUPTED
from lwd.cli.options import FILE, audio_source, key_option, messages_option, number, url_option
from lwd.cli.streaming import show_stream, shows_interims
from lwd.client.stream import SAMPLE_RATE


@click.command(
    cls=Command,
    examples={
        "lwd simulate sample.wav --chunk-duration 1.5": "A caller who sends audio rarely:",
        "lwd simulate sample.wav --chunk-duration 0.02": "A telephone's frames of 20 ms:",
    },
    ends=(66, DOWN, INTERRUPTED),
)
@click.argument("file", metavar="WAV|-", type=FILE)
@click.option(
    "--chunk-duration",
    "frame_s",
    metavar="SECONDS",
    type=number(0.01, 60),
    default=1.5,
    show_default=True,
    help="Audio in each message.",
)
@url_option
@key_option
@messages_option
def simulate(*, file: str, frame_s: float, url: str, key: str | None, as_json: bool) -> None:
    """Send WAV to a server in real time, in chunks of one length, and show its results.

    Any other format that FFmpeg reads will do as well. The first chunk goes out at once, each
    further one when it would have been recorded. Results are shown as `lwd listen` does, which has
    more options.
    """
    params = {
        "interim_results": str(shows_interims(as_json=as_json)).lower(),
        "punctuate": "true",
        "endpointing": "300",
    }
    blocks = read_audio(audio_source(file), sample_rate=SAMPLE_RATE)
    show_stream(blocks, url, key, list(params.items()), as_json=as_json, frame_s=frame_s)
