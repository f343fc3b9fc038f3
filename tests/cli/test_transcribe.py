"""`lwd transcribe`, with engines that say a numbered word for each half second."""

import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from lwd.asr.types import Hypothesis, JobKind, Samples, Word
from lwd.config import Config

from .conftest import Run

Capture = pytest.CaptureFixture[str]


class Engines:
    """Stands in for an engine pool; notes what it was started with and asked."""

    def __init__(self) -> None:
        self.languages: Sequence[str] = ("en", "de")
        self.models: list[str] = []
        self.asked: list[str | None] = []

    @asynccontextmanager
    async def alone(self, config: Config) -> AsyncIterator["Engines"]:
        self.models.append(config.model.loaded[0])
        yield self

    def transcribe(
        self, _: object, __: JobKind, samples: Samples, hints: object, ___: float
    ) -> object:
        self.asked.append(getattr(hints, "language", None))
        words = [
            Word(f" {text}", n * 0.5, n * 0.5 + 0.4, 0.9)
            for n, text in enumerate(["Hello,", "twenty-five", "cats."])
        ]

        async def answer() -> Hypothesis:
            return Hypothesis(tuple(words), "en")

        assert len(samples)
        return SimpleNamespace(answer=answer())


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Engines:
    """Stand in for the server's composition."""
    engines = Engines()
    monkeypatch.setitem(sys.modules, "lwd.server.app", SimpleNamespace(engines_alone=engines.alone))
    return engines


def test_text_goes_to_stdout(
    run: Run, engines: Engines, speech_file: Path, capsys: Capture
) -> None:
    """A line for each utterance, and nothing else."""
    assert run("transcribe", str(speech_file), "--model", "tiny.en") == 0

    assert capsys.readouterr() == ("Hello, twenty-five cats.\n", "")
    assert (engines.models, engines.asked) == (["tiny.en"], [None])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--format", "vtt"], "WEBVTT\n\n00:00:00."),
        (["--format", "srt"], "1\n00:00:00,"),
        (["--smart-format"], "Hello, 25 cats.\n"),
    ],
)
def test_options_shape_the_text(
    run: Run,
    engines: Engines,
    speech_file: Path,
    capsys: Capture,
    *,
    options: list[str],
    expected: str,
) -> None:
    """Captions, and numbers as people write them."""
    assert run("transcribe", str(speech_file), "--language", "en-GB", *options) == 0

    assert capsys.readouterr().out.startswith(expected)
    assert engines.asked == ["en"]


def test_json_is_a_line_for_each_file(
    run: Run, engines: Engines, speech_file: Path, capsys: Capture
) -> None:
    """The language of the first speech is told."""
    assert run("transcribe", str(speech_file), str(speech_file), "--json") == 0

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert first["metadata"]["source"] == "ls_test.flac"
    assert first["metadata"]["duration"] == pytest.approx(6.7, abs=0.1)
    assert first["results"]["channels"][0]["detected_language"] == "en"
    assert len(engines.models) == 1


def test_files_are_written_whole(
    run: Run, engines: Engines, speech_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    """One where it is named, several into a directory under their own names; no part is left."""
    other = tmp_path / "other.flac"
    other.write_bytes(speech_file.read_bytes())

    assert run("transcribe", str(other), "--output", str(tmp_path / "a.txt")) == 0
    assert run("transcribe", str(other), "--output", f"{tmp_path}/one/", "--json") == 0
    directory = tmp_path / "all"
    arguments = [str(other), str(speech_file), "--output", f"{directory}/", "--format", "srt"]
    assert run("transcribe", *arguments) == 0
    assert run("transcribe", *arguments[:3], str(directory), "--json") == 0

    assert (tmp_path / "a.txt").read_text() == "Hello, twenty-five cats.\n"
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["other.json"]
    assert sorted(path.name for path in directory.iterdir()) == [
        "ls_test.json",
        "ls_test.srt",
        "other.json",
        "other.srt",
    ]
    assert capsys.readouterr().out == ""
    assert len(engines.models) == 4


@pytest.mark.parametrize(
    ("files", "options"),
    [
        (["talk.flac"], ["--output", "talk.flac"]),
        (["talk.flac"], ["--output", "./talk.flac"]),
        (["talk.flac"], ["--output", "link.txt"]),
        (["talk.txt"], ["--output", "talk.txt"]),
        (["talk.txt"], ["--output", "."]),
        (["talk.flac", "talk.txt"], ["--output", "./"]),
        (["new.flac.part"], ["--output", "new.flac"]),
    ],
)
def test_no_recording_is_overwritten(
    run: Run,
    engines: Engines,
    speech_file: Path,
    *,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    files: list[str],
    options: list[str],
) -> None:
    """Whatever it is called; and nothing is heard in vain."""
    monkeypatch.chdir(tmp_path)
    speech = speech_file.read_bytes()
    for name in ("talk.flac", "talk.txt", "new.flac.part"):
        Path(name).write_bytes(speech)
    Path("link.txt").symlink_to("talk.flac")

    assert run("transcribe", *files, *options) == 64

    assert capsys.readouterr().err.endswith("would be lost; name another file\n")
    names = ("link.txt", "new.flac.part", "talk.flac", "talk.txt")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(
        names, speech
    )
    assert engines.models == []


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.txt", "Hello"),
        ("a.srt", "1\n00:"),
        ("A.VTT", "WEBVTT"),
        ("a.json", "{"),
        ("a.wav", "Hello"),
        ("a.srt/talk", "Hello"),
    ],
)
def test_a_files_name_tells_its_format(
    run: Run, engines: Engines, speech_file: Path, tmp_path: Path, *, name: str, begins: str
) -> None:
    """Captions come into a file of captions, and text where the name ends as no format does."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)

    assert run("transcribe", str(speech_file), "--output", str(file)) == 0

    assert file.read_text().startswith(begins)
    assert len(engines.models) == 1


@pytest.mark.parametrize(
    ("options", "name", "remedy"),
    [
        (["--format", "vtt"], "a.srt", "leave --format vtt off, or name a file that ends in .vtt"),
        (
            ["--format", "text"],
            "A.SRT",
            "leave --format text off, or name a file that ends in .txt",
        ),
        (["--json"], "a.txt", "leave --json off, or name a file that ends in .json"),
    ],
)
def test_a_format_that_the_name_contradicts_is_refused(
    run: Run,
    engines: Engines,
    speech_file: Path,
    *,
    tmp_path: Path,
    capsys: Capture,
    options: list[str],
    name: str,
    remedy: str,
) -> None:
    """Though no file is there yet; a directory may be called anything."""
    file = tmp_path / name

    assert run("transcribe", str(speech_file), *options, "--output", str(file)) == 64
    assert (list(tmp_path.iterdir()), engines.models) == ([], [])
    option = " ".join(options)
    told = f"lwd: {option} and --output {file} contradict each other; {remedy}\n"
    assert capsys.readouterr().err == told

    assert run("transcribe", str(speech_file), *options, "--output", f"{file}/") == 0


def test_only_a_transcript_is_replaced(
    run: Run, engines: Engines, speech_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    """`--output *.wav` names the first of some recordings; a transcript is made anew."""
    speech = str(speech_file)
    for name in ("copy.wav", "a.txt", "B.TXT"):
        (tmp_path / name).write_text("dear")

    assert run("transcribe", speech, "--output", str(tmp_path / "copy.wav")) == 64
    assert len(engines.models) == 0
    for name in ("a.txt", "B.TXT"):
        assert run("transcribe", speech, "--output", str(tmp_path / name)) == 0

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "copy.wav": "dear",
        "a.txt": "Hello, twenty-five cats.\n",
        "B.TXT": "Hello, twenty-five cats.\n",
    }
    assert capsys.readouterr().err.splitlines()[0] == (
        f"lwd: --output {tmp_path}/copy.wav: the file is there already, and only one that ends in"
        " .txt is replaced; name another, or remove it"
    )


def test_a_pipe_is_written_to(
    run: Run, engines: Engines, speech_file: Path, tmp_path: Path
) -> None:
    """What is there and no file is not replaced by one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()

    assert run("transcribe", str(speech_file), "--output", str(pipe)) == 0

    reader.join(timeout=20)
    assert read == ["Hello, twenty-five cats.\n"]
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    assert pipe.is_fifo()
    assert len(engines.models) == 1


def test_what_cannot_be_read_keeps_no_other_from_it(
    run: Run, engines: Engines, speech_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Exit status 66 and a line for each; nothing is written for it."""
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")
    out = tmp_path / "out"
    files = [str(broken), str(speech_file), str(tmp_path / "none.wav")]

    assert run("transcribe", *files, "--output", f"{out}/") == 66

    told = capsys.readouterr().err.splitlines()
    assert ["broken.wav" in told[0], "none.wav" in told[1]] == [True, True]
    assert [path.name for path in out.iterdir()] == ["ls_test.txt"]
    assert len(engines.asked) == 1


def test_what_cannot_be_is_refused(
    run: Run, engines: Engines, speech_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    """An unknown model or language, two files of one name, a directory that is a file."""
    speech = str(speech_file)
    twice = tmp_path / "ls_test.wav"
    (tmp_path / "file").touch()

    assert run("transcribe", speech, "--model", "bse") == 78
    assert run("transcribe", speech, "--language", "xx") == 64
    assert run("transcribe", speech, "--json", "--format", "srt") == 64
    assert run("transcribe", speech, str(twice), "--output", f"{tmp_path}/out/") == 64
    assert run("transcribe", speech, "--output", f"{tmp_path}/file/") == 73
    assert run("transcribe", speech, "--output", str(tmp_path / "none" / "a.txt")) == 73
    assert run("transcribe", speech, str(twice), "--output", str(tmp_path / "a.txt")) == 64

    told = capsys.readouterr().err.splitlines()
    assert "did you mean base?" in told[0]
    assert told[1].startswith("lwd: --language xx: ")
    assert told[2].startswith("lwd: --json and --format srt contradict each other")
    both = f"{speech} and {twice} would both be written to {tmp_path / 'out' / 'ls_test.txt'}"
    assert told[3].endswith(f"FILE: {both}")
    assert "name a directory" in told[4]
    assert "No such file or directory" in told[5]
    assert told[6].endswith(f"2 files want a directory; say {tmp_path}/a.txt/")
    assert {path.name for path in tmp_path.iterdir()} == {"file"}
    assert engines.asked == []


def test_a_url_is_called_one(
    run: Run, engines: Engines, speech_file: Path, capsys: Capture
) -> None:
    """Whatever reads it: nothing is downloaded, and the other files are heard."""
    url = "https://localhost:9/a.mp3"

    assert run("transcribe", url, str(speech_file)) == 66

    told = f"lwd: {url} is a URL; download it first, or use lwd collect for what yt-dlp reads\n"
    assert capsys.readouterr() == ("Hello, twenty-five cats.\n", told)
    assert [run("listen", url), run("simulate", url)] == [66, 66]
    assert capsys.readouterr() == ("", told * 2)
    assert len(engines.models) == 1


def test_no_directory_is_made_for_nothing(run: Run, engines: Engines, tmp_path: Path) -> None:
    """Where no recording can be read there is nothing to write."""
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")

    assert run("transcribe", str(broken), "--output", f"{tmp_path}/out/") == 66

    assert list(tmp_path.iterdir()) == [broken]
    assert engines.asked == []
