"""The recordings to be heard: a directory with a manifest.jsonl, and which of them count.

Each line of the manifest is an object with `id`, `path`, `seconds`, `language`, `kind` and `text`;
`words` is the path of a list of {word, start, end}, and `rare_words` a list of words of the text that
are seldom said. Paths begin at the manifest.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lwd.asr.types import Samples
from lwd.audio.files import read_audio
from lwd.errors import InputUnreadable

MANIFEST = "manifest.jsonl"

_MAX_DURATION_S = 28.0
"""A longer recording is more than one window."""

# Not people, more than one of them, or the same recording in several containers.
_OTHER_KINDS = ("tts", "diarization", "format")

# How a manifest says that word times were guessed by a recogniser.
_GUESSED = "not a reference"


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word and when it is spoken, in seconds from the start of its clip."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording with its transcript.

    `words_path` is None where no word times are known, `rare_words` where nobody has sought them.
    """

    clip_id: str
    path: Path
    duration_s: float
    language: str | None
    kind: str
    text: str
    words_path: Path | None
    rare_words: tuple[str, ...] | None = None

    def samples(self) -> Samples:
        """The audio, mono at 16 kHz."""
        return read_samples(self.path)

    def words(self) -> list[TimedWord]:
        """The word times; none without `words_path`."""
        if self.words_path is None:
            return []
        return [
            TimedWord(word["word"], word["start"], word["end"])
            for word in json.loads(self.words_path.read_bytes())
        ]


def read_manifest(directory: Path) -> list[Clip]:
    """Every clip of a corpus, in the manifest's order; raises InputUnreadable without a manifest."""
    path = directory / MANIFEST
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise InputUnreadable(
            f"{path}: {error.strerror}; name the directory of a corpus, see docs/benchmarks.md"
        ) from error
    return [_clip(directory, json.loads(line)) for line in lines if line]


def _clip(directory: Path, row: dict[str, Any]) -> Clip:
    is_timed = row.get("words") and _GUESSED not in (row.get("words_source") or "")
    return Clip(
        clip_id=row["id"],
        path=directory / row["path"],
        duration_s=row["seconds"],
        language=row["language"],
        kind=row["kind"],
        text=row["text"] or "",
        words_path=directory / row["words"] if is_timed else None,
        rare_words=tuple(row["rare_words"]) if "rare_words" in row else None,
    )


def english(clips: Sequence[Clip]) -> list[Clip]:
    """English of one person with a transcript, short enough for one window."""
    return [
        clip
        for clip in clips
        if clip.language == "en"
        and clip.text
        and clip.duration_s <= _MAX_DURATION_S
        and not any(kind in clip.kind for kind in _OTHER_KINDS)
    ]


def timed(clips: Sequence[Clip]) -> list[Clip]:
    """Those whose word times are known."""
    return [clip for clip in clips if clip.words_path]


def with_rare_words(clips: Sequence[Clip]) -> list[Clip]:
    """Those of which it is known which of their words are rare, if any."""
    return [clip for clip in clips if clip.rare_words is not None]


def spread(clips: Sequence[Clip], n: int | None) -> list[Clip]:
    """At most `n` clips, evenly from the whole; all of them for None."""
    if n is None or len(clips) <= n:
        return list(clips)
    return [clips[i * len(clips) // n] for i in range(n)]


@cache
def read_samples(path: Path) -> Samples:
    """An audio file, mono at 16 kHz; kept, since it is heard more than once."""
    return np.concatenate(list(read_audio(path))).astype(np.float32) / np.float32(2**15)
