"""The pieces of a recording as audio: no more of it is held than the piece that is being cut."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lwd.audio.buffer import SampleBuffer
from lwd.audio.vad import FRAME_SAMPLES, SpeechDetector
from lwd.recording.cutter import SAMPLE_RATE, CutSettings, Cutter, Span

_FULL_SCALE = np.float32(2**15)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Mono audio at 16 kHz in [-1, 1], shape (n,), that begins at `start_s` of its recording."""

    start_s: float
    samples: NDArray[np.float32]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def end_s(self) -> float:
        """Where it ends in the recording."""
        return self.start_s + self.duration_s


def cut_pieces(
    blocks: Iterable[NDArray[np.int16]], *, longest_s: float, pause_s: float
) -> Iterator[Piece]:
    """Cut a recording, int16 blocks of mono 16 kHz, at its pauses; silence is left out."""
    settings = CutSettings(FRAME_SAMPLES, longest_s=longest_s, pause_s=pause_s)
    cutter, detector, audio = Cutter(settings), SpeechDetector(), SampleBuffer()
    for block in blocks:
        samples = block.astype(np.float32) / _FULL_SCALE
        audio.append(samples)
        for span in cutter.feed(detector.feed(samples)):
            yield _piece(audio, span)
        audio.drop_before(cutter.needed_from)
    # The detector wants whole frames; what is said in the last part of one counts as well.
    rest = np.zeros(FRAME_SAMPLES, dtype=np.float32)
    for span in (*cutter.feed(detector.feed(rest)), *cutter.finish()):
        yield _piece(audio, span)


def _piece(audio: SampleBuffer, span: Span) -> Piece:
    start, end = span
    return Piece(start / SAMPLE_RATE, audio.read(start, min(end, audio.end)))
