"""What tests of several packages share: the embedded models, converted once."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from lwd.asr.mlx.blas import load_blas
from lwd.audio.assets import asset

# How long an example takes tells of the machine, not of what is tested.
settings.register_profile("quick", deadline=None)
settings.load_profile("quick")

# `make fuzz` runs seven tests fifteen times, which makes a million inputs of it.
settings.register_profile(
    "fuzz", max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck)
)

# Before any test imports mlx.
load_blas()


@pytest.fixture(scope="session")
def model_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with both embedded models, filled as a user would fill it."""
    store = tmp_path_factory.mktemp("models")
    pull = [sys.executable, "-m", "lwd", "models", "pull", "--store", str(store)]
    subprocess.run([*pull, "tiny.en", "base"], check=True, capture_output=True)
    return store


@pytest.fixture(scope="session")
def speech_file() -> Path:
    """The speech that lightning-whisper-mlx ships: 6.7 s of FLAC at 16 kHz."""
    return asset("lightning_whisper_mlx", "assets", "ls_test.flac")


SPOKEN = (
    "then the good soul openly shouldered the burden she had borne so long in secret"
    " and bravely trudged on alone"
)
"""What is said in `speech_file`."""


def read_pcm(path: Path, sample_rate: int) -> NDArray[np.int16]:
    """A file's audio as mono 16-bit samples at any rate."""
    resampler = av.AudioResampler("s16", "mono", sample_rate)
    with av.open(str(path)) as container:
        frames = [
            part
            for frame in (*container.decode(audio=0), None)
            for part in resampler.resample(frame)
        ]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def bare(text: str) -> list[str]:
    """Words without case and punctuation."""
    kept = "".join(c if c.isalnum() or c in " '" else " " for c in text.lower())
    return kept.split()


def word_errors(heard: Sequence[str], spoken: Sequence[str]) -> int:
    """Words to insert, delete or replace to get from one to the other."""
    row = list(range(len(spoken) + 1))
    for i, word in enumerate(heard, start=1):
        diagonal, row[0] = row[0], i
        for j, expected in enumerate(spoken, start=1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (word != expected)),
            )
    return row[-1]
