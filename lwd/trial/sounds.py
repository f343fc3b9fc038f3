"""What a server is tried with, mono int16 at 16 kHz: a tone, and a sentence whose words are known.

The sentence is LibriSpeech's, as lightning-whisper-mlx ships it. Pure but for reading that.
"""

from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from lwd.audio.assets import asset
from lwd.audio.files import read_audio

SAMPLE_RATE = 16_000

Sound = NDArray[np.int16]

_SENTENCE = (
    "then the good soul openly shouldered the burden she had borne so long in secret"
    " and bravely trudged on alone"
)

SPOKEN = tuple(_SENTENCE.split())
"""The words of the sentence."""

_TONE_HZ = 440
_TONE_LEVEL = 0.3


def sentence() -> Sound:
    """Somebody reads for 6.7 seconds."""
    return np.concatenate(
        list(read_audio(asset("lightning_whisper_mlx", "assets", "ls_test.flac")))
    )


def tone(duration_s: float) -> Sound:
    """A sine, which no one speaks."""
    times = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    sine: Sound = (np.sin(2 * np.pi * _TONE_HZ * times) * _TONE_LEVEL * 32767).astype(np.int16)
    return sine


def silence(duration_s: float) -> Sound:
    """Nothing."""
    return np.zeros(round(duration_s * SAMPLE_RATE), dtype=np.int16)


def n_heard(transcript: str) -> int:
    """How many of the sentence's words stand in a transcript, in their order."""
    words = ["".join(filter(str.isalpha, w)) for w in transcript.lower().split()]
    matcher = SequenceMatcher(None, SPOKEN, [word for word in words if word], autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())
