"""The embedded models, loaded once in this process."""

from pathlib import Path

import numpy as np
import pytest

from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.types import Samples
from lwd.models.store import ModelStore
from tests.conftest import read_pcm


def load(store: Path, model: str, *, word_timestamps: bool = True) -> MlxEngine:
    """An engine with a model of the store."""
    files = ModelStore(store).files(model)
    return MlxEngine(
        files.weights,
        alignment_heads=files.alignment_heads,
        word_timestamps=word_timestamps,
    )


@pytest.fixture(scope="session")
def tiny_en(model_store: Path) -> MlxEngine:
    """Whisper tiny.en."""
    return load(model_store, "tiny.en")


@pytest.fixture(scope="session")
def base(model_store: Path) -> MlxEngine:
    """Whisper base, multilingual."""
    return load(model_store, "base")


@pytest.fixture(scope="session")
def speech(speech_file: Path) -> Samples:
    """The samples of `speech_file`."""
    return (read_pcm(speech_file, 16_000) / 32_768).astype(np.float32)
