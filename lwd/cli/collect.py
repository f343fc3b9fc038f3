"""`lwd collect`: media files and a video site's pages become a corpus of short recordings."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import click

from lwd.audio.files import audio_duration_s, read_audio
from lwd.cli.command import Command
from lwd.cli.exits import INTERRUPTED
from lwd.cli.options import FILE, number, read_text
from lwd.cli.output import Report, progress, show_json_line
from lwd.errors import InputUnreadable, UsageError
from lwd.recording.corpus import MANIFEST, About, Corpus
from lwd.recording.download import download, is_url


@click.command(
    cls=Command,
    examples={
        "lwd collect talk.mp4 --output corpus --language en": "Cut a film at its pauses:",
        "lwd collect https://video.example/watch/42 --output corpus": "The same of a video site's page:",
        "lwd collect hello.wav --transcript hello.txt --output corpus": "A sentence and its words:",
        "make bench CORPUS=corpus": "Measure with what was collected:",
    },
    ends=(66, 69, INTERRUPTED),
)
@click.argument("sources", metavar="URL|FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--output",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the corpus; what is in it stays.",
)
@click.option(
    "--longest",
    "longest_s",
    metavar="SECONDS",
    type=number(1, 28),
    default=15.0,
    show_default=True,
    help="Longest chunk.",
)
@click.option(
    "--language",
    metavar="TAG",
    default="",
    help="Language of the speech, such as en; for the manifest.",
)
@click.option(
    "--kind",
    metavar="KIND",
    default="collected",
    show_default=True,
    help="Kind of speech; for the manifest.",
)
@click.option(
    "--license",
    "license_",
    metavar="NAME",
    default="",
    help="Licence of the media; for the manifest.",
)
@click.option(
    "--transcript",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What is said, for a single source that makes one chunk.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each chunk's line of the manifest.")
def collect(
    *,
    sources: Sequence[str],
    output: Path,
    longest_s: float,
    language: str,
    kind: str,
    license_: str,
    transcript: Path | None,
    as_json: bool,
) -> None:
    """Cut each FILE, or what is behind each URL, at its pauses, and list the chunks in a manifest.

    DIR then holds them as FLAC in audio/, and manifest.jsonl as ops/bench reads it, with `text`
    empty unless a transcript is given. A URL needs yt-dlp (make collect). Mind whose the media are.
    """
    text = _text(transcript, sources)
    corpus = Corpus(output)
    about = About("", language, kind, license_)
    n_chunks = 0
    with progress() as report:
        for source in sources:
            with _file(source, report) as path:
                told = replace(about, source=source if is_url(source) else path.name)
                blocks = read_audio(path)
                total_s = audio_duration_s(path)
                for chunk in corpus.add(path.stem, blocks, told, longest_s=longest_s, text=text):
                    n_chunks += 1
                    report(path.name, chunk.start_s + chunk.seconds, total_s)
                    if as_json:
                        show_json_line(asdict(chunk))
    if not as_json:
        counted = "1 chunk" if n_chunks == 1 else f"{n_chunks} chunks"
        click.echo(f"{counted}; see {output / MANIFEST}")


@contextmanager
def _file(source: str, report: Report) -> Iterator[Path]:
    """The file of a source; one that was downloaded goes afterwards."""
    if not is_url(source):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="lwd-") as directory:
        yield download(source, Path(directory), lambda done, total: report(source, done, total))


def _text(transcript: Path | None, sources: Sequence[str]) -> str:
    if transcript is None:
        return ""
    if len(sources) > 1:
        raise UsageError("--transcript is for a single source")
    text = " ".join(read_text("--transcript", transcript).split())
    if not text:
        raise InputUnreadable(f"--transcript {transcript} holds no words")
    return text
