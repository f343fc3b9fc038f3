"""What every client says, and how far a transcript is from it."""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lwd.asr.types import SAMPLE_RATE
from lwd.audio.assets import asset
from lwd.audio.files import read_audio
from scoring import spelling, word_errors

FRAME_S = 0.05

_BYTES_PER_S = 2 * SAMPLE_RATE
_FRAME_BYTES = round(_BYTES_PER_S * FRAME_S)
TEXT = (
    "then the good soul openly shouldered the burden she had borne so long in secret"
    " and bravely trudged on alone"
)


@dataclass(frozen=True, slots=True)
class Speech:
    """linear16, mono at 16 kHz."""

    pcm: bytes

    @classmethod
    @cache
    def spoken(cls) -> "Speech":
        """The 6.7 s of speech that lightning-whisper-mlx ships."""
        file = asset("lightning_whisper_mlx", "assets", "ls_test.flac")
        return cls(np.concatenate([*read_audio(file, SAMPLE_RATE)]).tobytes())

    def first(self, seconds: float) -> "Speech":
        """Its beginning."""
        return Speech(self.pcm[: round(seconds * SAMPLE_RATE) * 2])

    def then_silence(self, seconds: float) -> "Speech":
        """Followed by silence."""
        return Speech(self.pcm + bytes(round(seconds * SAMPLE_RATE) * 2))

    def write(self, path: Path) -> None:
        """Make a WAV file of it."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(self.pcm)

    def frames(self) -> Iterator[bytes]:
        """Parts of `FRAME_S`; the last may be shorter."""
        for start in range(0, len(self.pcm), _FRAME_BYTES):
            yield self.pcm[start : start + _FRAME_BYTES]


def wer_percent(transcript: str) -> float:
    """Word error rate against what is said, whatever the case and the marks."""
    heard = [word for word in map(spelling, transcript.split()) if word]
    return word_errors(TEXT.split(), heard).percent
