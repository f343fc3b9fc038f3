"""From a recording to its transcript: read, cut, heard, written. No more of it is held than that.

Knows neither files nor engines: it is given blocks of audio, the function that asks an engine, and
where the text goes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lwd.recording.cutter import SAMPLE_RATE
from lwd.recording.hear import Heard, Transcribe, hear
from lwd.recording.pieces import cut_pieces
from lwd.recording.transcripts import Transcript, Utterance
from lwd.text.formatter import TextFormatter, TextOptions

LONGEST_S = 28.0
"""Whisper hears thirty seconds at once; what is at the edge it hears badly."""

PAUSE_S = 2.0
"""A pause that ends a piece: Whisper may hear words in a longer silence."""


@dataclass(frozen=True, slots=True)
class Language:
    """Whisper's code of what is spoken, or None to find it, in each piece if it is switched."""

    code: str | None = None
    is_switching: bool = False


async def transcribe_recording(
    blocks: Iterable[NDArray[np.int16]],
    ask: Transcribe,
    *,
    language: Language,
    transcript: Transcript,
    write: Callable[[str], None],
    progress: Callable[[float], None],
    smart_format: bool,
) -> None:
    """Write the transcript of `blocks`, mono int16 at 16 kHz, as it is heard.

    `progress` is told up to which second. Raises EngineUnavailable, and what reading blocks does.
    """
    counted = _Counted(blocks)
    formatter = TextFormatter(TextOptions(punctuate=True, smart_format=smart_format))
    pieces = cut_pieces(counted, longest_s=LONGEST_S, pause_s=PAUSE_S)
    heard_pieces = hear(pieces, ask, language.code, is_switching=language.is_switching)
    async for heard in heard_pieces:
        if utterance := _utterance(heard, formatter):
            write(transcript.add(utterance))
        progress(heard.end_s)
    write(transcript.end(counted.duration_s))
    progress(counted.duration_s)


def _utterance(heard: Heard, formatter: TextFormatter) -> Utterance | None:
    words = formatter.format(heard.words, heard.language, is_final=True).words
    if not words:
        return None
    return Utterance(words[0].start_s, words[-1].end_s, words, heard.language)


class _Counted:
    """Blocks, and how much audio they were so far."""

    def __init__(self, blocks: Iterable[NDArray[np.int16]]) -> None:
        self._blocks = blocks
        self._n_samples = 0

    def __iter__(self) -> Iterator[NDArray[np.int16]]:
        for block in self._blocks:
            self._n_samples += len(block)
            yield block

    @property
    def duration_s(self) -> float:
        return self._n_samples / SAMPLE_RATE
