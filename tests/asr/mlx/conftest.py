"""The embedded models and small random ones, each loaded once in this process."""

from pathlib import Path

import numpy as np
import pytest

from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.model import WhisperModel
from lwd.asr.mlx.words import Alignment
from lwd.asr.types import Samples
from lwd.models.store import ModelStore
from tests.asr.mlx.toys import SHAPES, Toy, engine_of, make_whisper
from tests.conftest import read_pcm


def load(store: Path, model: str, *, aligned: bool = True) -> MlxEngine:
    """An engine with a model of the store."""
    files = ModelStore(store).files(model)
    alignment = Alignment(files.alignment_heads, files.alignment_lag_ms, aligned=aligned)
    return engine_of(files.weights, alignment)


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


@pytest.fixture(scope="session")
def toy() -> Toy:
    """A small multilingual model."""
    return Toy(WhisperModel(make_whisper(SHAPES["multilingual"], seed=2), None))


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Rows and tokens of each pass of a decoder, as they come."""
    shapes = []
    decode = WhisperModel.decode

    def counted(self, tokens, *args):  # type: ignore[no-untyped-def]
        shapes.append(tokens.shape)
        return decode(self, tokens, *args)

    monkeypatch.setattr(WhisperModel, "decode", counted)
    return shapes


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Audio positions of each run of an encoder, as they come."""
    positions = []
    encode = WhisperModel.encode

    def counted(self, mel):  # type: ignore[no-untyped-def]
        positions.append(mel.shape[1] // 2)
        return encode(self, mel)

    monkeypatch.setattr(WhisperModel, "encode", counted)
    return positions


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine is too slow or too busy to hear a doubtful text again."""
    monkeypatch.setattr("lwd.asr.mlx.engine._PATIENCE_S", float("inf"))
