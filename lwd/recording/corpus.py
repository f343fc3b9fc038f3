"""A corpus on disk: chunks of recordings as FLAC, and the manifest.jsonl that ops/bench reads.

Each line of the manifest is an object; a chunk's line is written when its file is whole, so that
what was interrupted can be used as far as it came.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwd.audio.files import write_flac
from lwd.errors import OutputUnwritable, UsageError
from lwd.recording.cutter import SAMPLE_RATE
from lwd.recording.pieces import cut_pieces

MANIFEST = "manifest.jsonl"
AUDIO = "audio"

_PAUSE_S = 0.6


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a recording, and of each of its chunks."""

    source: str
    language: str
    kind: str
    license: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A line of the manifest; `start_s` is where it begins in its source."""

    id: str
    path: str
    seconds: float
    sample_rate: int
    channels: int
    language: str
    text: str
    license: str
    source: str
    kind: str
    start_s: float

    def to_json(self) -> str:
        """The line."""
        return json.dumps(asdict(self), ensure_ascii=False)


class Corpus:
    """A directory that chunks are added to; it is made for the first."""

    def __init__(self, directory: Path) -> None:
        """Read what is there; raises OutputUnwritable."""
        self._directory = directory
        self._manifest = directory / MANIFEST
        try:
            # A file that is not listed may be somebody's own.
            self._ids = {
                *self._listed(),
                *(path.stem for path in (directory / AUDIO).glob("*.flac")),
            }
        except OSError as error:
            raise self._unwritable(error) from error
        except ValueError as error:
            raise OutputUnwritable(
                f"--output {directory}: {MANIFEST} cannot be read: {error}"
            ) from error

    def add(
        self,
        name: str,
        blocks: Iterable[NDArray[np.int16]],
        about: About,
        *,
        longest_s: float,
        text: str = "",
    ) -> Iterator[Chunk]:
        """Cut a recording at its pauses and keep the chunks, named `name` and their number.

        A `text` is that of the whole, which must make one chunk. Raises UsageError when it makes
        more, or when there are chunks of that name; what reading the blocks raises.
        """
        stem = re.sub(r"[^\w.-]+", "_", name).strip("._") or "recording"
        if any(re.fullmatch(rf"{re.escape(stem)}-\d{{4,}}", known) for known in self._ids):
            raise UsageError(f"{name}: {self._directory} has chunks of it; choose another --output")
        pieces = cut_pieces(blocks, longest_s=longest_s, pause_s=longest_s if text else _PAUSE_S)
        if text:
            first = list(islice(pieces, 2))
            if len(first) > 1:
                raise UsageError(
                    f"{name}: --transcript is for a recording that makes one chunk; this makes more"
                    f" of {longest_s:g} s. Leave it off, and write the text into {self._manifest}"
                )
            pieces = iter(first)
        for n, piece in enumerate(pieces):
            chunk = self._chunk(f"{stem}-{n:04}", piece.start_s, piece.duration_s, about, text)
            self._make()
            samples = np.round(piece.samples * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16)
            write_flac(self._directory / chunk.path, samples, SAMPLE_RATE)
            self._append(chunk)
            yield chunk

    def _chunk(
        self, chunk_id: str, start_s: float, duration_s: float, about: About, text: str
    ) -> Chunk:
        return Chunk(
            id=chunk_id,
            path=f"{AUDIO}/{chunk_id}.flac",
            seconds=round(duration_s, 3),
            sample_rate=SAMPLE_RATE,
            channels=1,
            language=about.language,
            text=text,
            license=about.license,
            source=about.source,
            kind=about.kind,
            start_s=round(start_s, 3),
        )

    def _make(self) -> None:
        try:
            (self._directory / AUDIO).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputUnwritable:
        return OutputUnwritable(f"--output {self._directory}: {error.strerror}")

    def _append(self, chunk: Chunk) -> None:
        try:
            with self._manifest.open("a", encoding="utf-8") as file:
                file.write(chunk.to_json() + "\n")
        except OSError as error:
            raise OutputUnwritable(f"{self._manifest}: {error.strerror}") from error
        self._ids.add(chunk.id)

    def _listed(self) -> Iterator[str]:
        if self._manifest.exists():
            for line in self._manifest.read_text(encoding="utf-8").splitlines():
                yield str(json.loads(line).get("id"))
