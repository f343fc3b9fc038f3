"""`lwd collect`: a corpus of files and of pages."""

import json
import sys
from pathlib import Path

import pytest

from lwd.cli import collect as command
from lwd.recording.download import Progress

from .conftest import Run

Capture = pytest.CaptureFixture[str]
URL = "https://video.example/42"


def manifest(directory: Path) -> list[dict[str, object]]:
    """The lines of a corpus."""
    return [json.loads(line) for line in (directory / "manifest.jsonl").read_text().splitlines()]


@pytest.fixture
def downloaded(monkeypatch: pytest.MonkeyPatch, speech_file: Path) -> list[Path]:
    """Stand in for a video site; holds where its file was put."""
    paths: list[Path] = []

    def download(url: str, directory: Path, progress: Progress) -> Path:
        assert url == URL
        progress(1, None)
        paths.append(directory / "42.flac")
        paths[0].write_bytes(speech_file.read_bytes())
        return paths[0]

    monkeypatch.setattr(command, "download", download)
    return paths


def test_files_and_pages_become_chunks(
    run: Run, tmp_path: Path, speech_file: Path, downloaded: list[Path], capsys: Capture
) -> None:
    """Each with where it comes from; the download itself does not stay."""
    options = ["--language", "en", "--license", "CC0", "--kind", "read"]
    arguments = [str(speech_file), URL, "--output", str(tmp_path), *options]

    assert run("collect", *arguments) == 0

    file, page = manifest(tmp_path)
    assert (file["id"], file["source"]) == ("ls_test-0000", "ls_test.flac")
    assert (page["id"], page["source"]) == ("42-0000", URL)
    assert (file["language"], file["license"], file["kind"], file["text"]) == (
        "en",
        "CC0",
        "read",
        "",
    )
    assert (tmp_path / str(page["path"])).exists()
    assert not downloaded[0].exists()
    assert capsys.readouterr().out == f"2 chunks; see {tmp_path / 'manifest.jsonl'}\n"


def test_programs_read_chunks_as_they_come(
    run: Run, tmp_path: Path, speech_file: Path, capsys: Capture
) -> None:
    """The manifest's own lines."""
    arguments = [str(speech_file), "--output", str(tmp_path), "--longest", "3", "--json"]

    assert run("collect", *arguments) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) > 2
    assert lines == manifest(tmp_path)


def test_a_transcript_goes_with_its_recording(
    run: Run, tmp_path: Path, speech_file: Path, capsys: Capture
) -> None:
    """On one line; for one recording that makes one chunk."""
    text, empty = tmp_path / "text.txt", tmp_path / "empty.txt"
    text.write_text("Then the\ngood soul\n")
    empty.touch()
    speech, out = str(speech_file), ["--output", str(tmp_path / "out")]

    assert run("collect", speech, *out, "--transcript", str(text)) == 0
    [chunk] = manifest(tmp_path / "out")
    assert chunk["text"] == "Then the good soul"
    assert capsys.readouterr().out.startswith("1 chunk; see ")

    assert run("collect", speech, speech, *out, "--transcript", str(text)) == 64
    assert run("collect", speech, *out, "--transcript", str(empty)) == 66
    assert run("collect", speech, *out, "--transcript", str(tmp_path / "none")) == 66
    (tmp_path / "file").touch()
    assert run("collect", speech, "--output", str(tmp_path / "file" / "out")) == 73
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 4
    assert told[2] == f"lwd: --transcript {tmp_path}/none: No such file or directory"
    assert told[3] == f"lwd: --output {tmp_path}/file/out: Not a directory"


def test_twice_is_once_too_often(
    run: Run, tmp_path: Path, speech_file: Path, capsys: Capture
) -> None:
    """What is in the corpus stays as it is."""
    arguments = ["collect", str(speech_file), "--output", str(tmp_path)]
    assert run(*arguments) == 0
    assert run(*arguments) == 64
    assert "choose another --output" in capsys.readouterr().err
    assert len(manifest(tmp_path)) == 1


def test_a_url_needs_yt_dlp(
    run: Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it there is one line, with what to do."""
    monkeypatch.setitem(sys.modules, "yt_dlp", None)

    assert run("collect", URL, "--output", str(tmp_path)) == 69
    assert capsys.readouterr().err.endswith("run: make collect\n")


def test_no_corpus_is_made_of_nothing(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """What holds no audio leaves no empty directory behind."""
    text = tmp_path / "notes.txt"
    text.write_text("no audio")

    assert run("collect", str(text), "--output", str(tmp_path / "out" / "corpus")) == 66

    assert list(tmp_path.iterdir()) == [text]
    assert "notes.txt holds no audio that can be read" in capsys.readouterr().err
