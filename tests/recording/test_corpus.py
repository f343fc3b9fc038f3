"""A corpus made of recordings, read as ops/bench reads it."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpus import read_manifest
from lwd.errors import OutputUnwritable, UsageError
from lwd.recording.corpus import About, Corpus
from tests.conftest import read_pcm

ABOUT = About("https://video.example/42", "en", "lecture", "CC BY 4.0")
SECOND = 16_000


@pytest.fixture
def two(speech_file: Path) -> list[NDArray[np.int16]]:
    """A sentence, a pause, and the sentence again."""
    speech = read_pcm(speech_file, SECOND)
    return [speech, np.zeros(2 * SECOND, np.int16), speech]


def test_the_benchmark_reads_it(tmp_path: Path, two: list[NDArray[np.int16]]) -> None:
    """Each chunk is a clip of the corpus, with its audio as it was."""
    chunks = list(Corpus(tmp_path).add("talk", two, ABOUT, longest_s=15))

    clips = read_manifest(tmp_path)
    assert [clip.clip_id for clip in clips] == ["talk-0000", "talk-0001"]
    assert all((clip.language, clip.kind, clip.text) == ("en", "lecture", "") for clip in clips)
    audio = np.concatenate(two)
    for clip, chunk in zip(clips, chunks, strict=True):
        samples = clip.samples()
        start = round(chunk.start_s * SECOND)
        expected = audio[start : start + len(samples)]
        assert np.array_equal(np.round(samples * 2**15).astype(np.int16), expected)
        assert clip.duration_s == pytest.approx(len(samples) / SECOND, abs=0.001)


def test_lines_say_where_chunks_come_from(tmp_path: Path, two: list[NDArray[np.int16]]) -> None:
    """Source, licence, and the place in the source."""
    list(Corpus(tmp_path).add("a talk: (1)", two, ABOUT, longest_s=15))

    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["a_talk_1-0000", "a_talk_1-0001"]
    assert {line["source"] for line in lines} == {"https://video.example/42"}
    assert {line["license"] for line in lines} == {"CC BY 4.0"}
    assert {(line["sample_rate"], line["channels"]) for line in lines} == {(16_000, 1)}
    assert lines[0]["start_s"] < 1
    assert lines[1]["start_s"] > 8


def test_chunks_are_no_longer_than_asked(tmp_path: Path, two: list[NDArray[np.int16]]) -> None:
    """Long speech is cut at its pauses."""
    chunks = list(Corpus(tmp_path).add("talk", two, ABOUT, longest_s=3))

    assert len(chunks) > 4
    assert all(chunk.seconds <= 3 for chunk in chunks)


def test_what_is_there_stays(tmp_path: Path, two: list[NDArray[np.int16]]) -> None:
    """Another recording is added; the same one is refused before anything is written."""
    list(Corpus(tmp_path).add("one", two, ABOUT, longest_s=15))
    list(Corpus(tmp_path).add("two", two, ABOUT, longest_s=15))
    before = (tmp_path / "manifest.jsonl").read_text()

    with pytest.raises(UsageError, match="has chunks of it; choose another --output"):
        next(Corpus(tmp_path).add("one", two, ABOUT, longest_s=15))

    assert (tmp_path / "manifest.jsonl").read_text() == before
    assert len(read_manifest(tmp_path)) == 4


def test_a_file_that_is_not_listed_stays(tmp_path: Path, two: list[NDArray[np.int16]]) -> None:
    """It is somebody's own recording, or what is left of a manifest that was lost."""
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "talk-0001.flac").write_text("dear")

    with pytest.raises(UsageError, match="has chunks of it"):
        list(Corpus(tmp_path).add("talk", two, ABOUT, longest_s=15))

    [kept] = (tmp_path / "audio").iterdir()
    assert kept.read_text() == "dear"


def test_a_text_is_of_one_chunk(tmp_path: Path, two: list[NDArray[np.int16]]) -> None:
    """A transcript stands beside all of its audio, or nowhere."""
    [chunk] = Corpus(tmp_path).add("one", two, ABOUT, longest_s=28, text="what is said")
    assert chunk.text == "what is said"

    with pytest.raises(UsageError, match="for a recording that makes one chunk"):
        list(Corpus(tmp_path / "b").add("two", two, ABOUT, longest_s=3, text="what is said"))
    assert not (tmp_path / "b").exists()


def test_what_cannot_be_written_is_told(tmp_path: Path, two: list[NDArray[np.int16]]) -> None:
    """A directory that is a file, and a manifest that is none."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable, match="--output"):
        next(Corpus(tmp_path / "file").add("talk", two, ABOUT, longest_s=15))

    (tmp_path / "manifest.jsonl").write_text("no manifest\n")
    with pytest.raises(OutputUnwritable, match="--output"):
        Corpus(tmp_path)
