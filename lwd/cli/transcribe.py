"""`lwd transcribe`: recordings to text or captions, by engines of its own and without a server."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import click

from lwd.audio.files import audio_duration_s, read_audio
from lwd.cli.command import Command
from lwd.cli.completion import complete_model
from lwd.cli.exits import INTERRUPTED
from lwd.cli.model_rules import MODEL_RULES
from lwd.cli.options import FILE, audio_source, config_option
from lwd.cli.output import Report, progress
from lwd.config import Config, load_config
from lwd.errors import InputUnreadable, OutputUnwritable, UsageError
from lwd.recording.hear import Transcribe
from lwd.recording.transcribe import Language, transcribe_recording
from lwd.recording.transcripts import FORMATS, SUFFIXES

_MULTI = "multi"


@dataclass(frozen=True, slots=True)
class _Task:
    """How every recording is transcribed, and where it is written: a file, a directory or stdout."""

    form: str
    model: str
    language: Language
    smart_format: bool
    file: Path | None
    directory: Path | None


@click.command(
    cls=Command,
    examples={
        "lwd transcribe talk.mp4": "What is said in a film:",
        "lwd transcribe talk.mp4 --output talk.srt": "Captions for it:",
        "lwd transcribe *.flac --format vtt --output captions/": "Captions for many:",
        "lwd transcribe call.wav --json | jq .results.utterances": "Words with their times:",
    },
    ends=(65, 66, 69, 70, INTERRUPTED),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="What to write: a line for each utterance, words with times, or captions; else as the name"
    " of the --output FILE ends, and text where that tells nothing.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="The same as --format json: a line for each file."
)
@click.option(
    "--output",
    metavar="FILE|DIR/",
    type=FILE,
    help="File to write, or directory for a file for each recording; else they go to stdout. A file"
    " that is there is replaced only where its name ends as the format's does: .txt, .json, .srt or"
    " .vtt.",
)
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=complete_model,
    help="Whisper model to hear with (model.name).",
)
@click.option(
    "--language",
    metavar="TAG",
    help="Language of the speech, such as en or pt-BR (model.language); multi where it is switched.",
)
@click.option(
    "--smart-format", is_flag=True, help="Write numbers, dates and the like as people do."
)
@config_option
def transcribe(
    *,
    files: Sequence[str],
    form: str | None,
    as_json: bool,
    output: str | None,
    model: str | None,
    language: str | None,
    smart_format: bool,
    config: Path | None,
) -> None:
    """Transcribe recordings of any length, - for standard input, without a server.

    Any format that FFmpeg reads will do. Whole recordings are heard better than live ones: each is
    cut at its pauses, and a piece is heard once, with all that follows in it. A file that cannot be
    read is told at the end, and the others are transcribed all the same.
    """
    directory = _directory(output, n_files=len(files))
    file = Path(output) if output and not directory else None
    chosen = _form(form, file, as_json=as_json)
    overrides: dict[str, object] = {"model.name": model} if model else {}
    loaded = load_config(config, overrides, rules=MODEL_RULES)
    spoken = language or loaded.model.language
    code = None if spoken in {None, _MULTI} else str(spoken).lower().partition("-")[0]
    task = _Task(
        chosen,
        loaded.model.loaded[0],
        Language(code, is_switching=spoken == _MULTI),
        smart_format,
        file=file,
        directory=directory,
    )
    asyncio.run(_transcribe_all(loaded, task, files))


def _form(form: str | None, file: Path | None, *, as_json: bool) -> str:
    """The format that is asked for, else the one that the file is named after; else text."""
    if as_json and form not in {None, "json"}:
        raise UsageError(f"--json and --format {form} contradict each other; leave one of them off")
    asked = "json" if as_json else form
    named = next((each for each in FORMATS if file and _is_named_as(file, each)), None)
    if asked and named and asked != named:
        option = "--json" if as_json else f"--format {form}"
        raise UsageError(
            f"{option} and --output {file} contradict each other;"
            f" leave {option} off, or name a file that ends in {SUFFIXES[asked]}"
        )
    return asked or named or "text"


def _is_named_as(file: Path, form: str) -> bool:
    return file.suffix.lower() == SUFFIXES[form]


def _directory(output: str | None, *, n_files: int) -> Path | None:
    """The directory to write into, which need not be there yet; None for a file and for stdout."""
    if output is None:
        return None
    path = Path(output)
    if output.endswith("/") or path.is_dir():
        return path
    if n_files > 1:
        raise UsageError(f"--output {output}: {n_files} files want a directory; say {output}/")
    return None


async def _transcribe_all(config: Config, task: _Task, files: Sequence[str]) -> None:
    from lwd.server.app import engines_alone  # noqa: PLC0415 - so help and faults are told at once

    _check_targets(task, files)
    faults: list[InputUnreadable] = []
    async with engines_alone(config) as engines:
        _check_language(task, engines.languages)
        with progress() as report:
            for file in files:
                try:
                    await _transcribe(file, task, engines.transcribe, report)
                except InputUnreadable as error:
                    faults.append(error)
    if faults:
        raise InputUnreadable("\n".join(map(str, faults)))


def _check_targets(task: _Task, files: Sequence[str]) -> None:
    sources: dict[Path, str] = {}
    for file in files:
        target = _target(file, task)
        if target is None:
            continue
        if target in sources:
            raise UsageError(
                f"FILE: {sources[target]} and {file} would both be written to {target}"
            )
        _check_harmless(target, task.form, files)
        sources[target] = file


def _check_harmless(target: Path, form: str, files: Sequence[str]) -> None:
    """Raise UsageError where a recording, or a file that may be no transcript, would be lost."""
    for file in files:
        if any(_is_same_file(path, file) for path in (target, _part(target))):
            raise UsageError(f"--output {target}: {file} would be lost; name another file")
    if target.is_file() and not _is_named_as(target, form):
        raise UsageError(
            f"--output {target}: the file is there already, and only one that ends in {SUFFIXES[form]}"
            " is replaced; name another, or remove it"
        )


def _is_same_file(path: Path, file: str) -> bool:
    try:
        return path.is_file() and path.samefile("/dev/stdin" if file == "-" else file)
    except OSError:  # the recording is not there, which is told when it is read
        return False


def _check_language(task: _Task, languages: Sequence[str]) -> None:
    if task.language.code is not None and task.language.code not in languages:
        raise UsageError(
            f"--language {task.language.code}: {task.model} does not know it;"
            " choose a multilingual model by --model"
        )


async def _transcribe(file: str, task: _Task, ask: Transcribe, report: Report) -> None:
    source = audio_source(file)
    total_s = audio_duration_s(source) if isinstance(source, Path) else None
    name = Path(file).name
    report(name, 0, total_s)
    blocks = read_audio(source)
    # What cannot be read is told here, before anything is made for it.
    begun = list(islice(blocks, 1))
    if task.directory is not None:
        _make(task.directory)
    with _writer(_target(file, task)) as write:
        await transcribe_recording(
            chain(begun, blocks),
            ask,
            language=task.language,
            transcript=FORMATS[task.form](name, task.model),
            write=write,
            progress=lambda done_s: report(name, done_s, total_s),
            smart_format=task.smart_format,
        )


def _target(file: str, task: _Task) -> Path | None:
    if task.directory is None:
        return task.file
    stem = "stdin" if file == "-" else Path(file).stem
    return task.directory / (stem + SUFFIXES[task.form])


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"--output {directory}: {error.strerror}; name a directory"
        ) from error


@contextmanager
def _writer(path: Path | None) -> Iterator[Callable[[str], None]]:
    """What writes to a file, which is there only once it is whole, to a device, or to stdout."""
    if path is None:
        yield partial(click.echo, nl=False)
        return
    part = _part(path)
    try:
        with part.open("w", encoding="utf-8") as file:
            yield partial(print, end="", file=file)
        if part != path:
            part.replace(path)
    except OSError as error:
        raise OutputUnwritable(f"--output {path}: {error.strerror}") from error
    finally:
        if part != path:
            part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    """What is written before it takes the place of `path`: a device or a pipe keeps its place."""
    is_replaced = path.is_file() or not path.exists()
    return path.with_name(path.name + ".part") if is_replaced else path
