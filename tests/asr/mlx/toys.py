"""Small Whisper models with random weights, in every shape that is published."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx import nn
from mlx.utils import tree_flatten, tree_map

from lwd.asr.mlx import lightning
from lwd.asr.mlx.decode import Decoder
from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.model import AudioCache, WhisperModel
from lwd.asr.mlx.row import Decoded, Request
from lwd.asr.mlx.shortlist import Shortlist
from lwd.asr.mlx.vocabulary import Vocabulary
from lwd.asr.mlx.words import Alignment
from lwd.asr.types import SAMPLE_RATE, Hints, Hypothesis, Job, JobKind, Samples
from lwd.audio.mel import log_mel

WIDTH = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """What tells the published models apart, but for their width."""

    n_vocab: int
    n_mels: int = 80
    encoder_layers: int = 1
    decoder_layers: int = 2


SHAPES = {
    "english": Shape(51864),
    "multilingual": Shape(51865),
    "large-v3": Shape(51866, n_mels=128),
    "turbo": Shape(51866, n_mels=128, encoder_layers=5, decoder_layers=4),
    "distil": Shape(51866, n_mels=128, encoder_layers=3),
}


def make_whisper(shape: Shape, *, seed: int = 1, spread: float = 0.3, moves: float = 1.0) -> Any:
    """A model whose next token depends on the audio and on all tokens before it.

    Its scores lie the farther apart the larger `spread` is. Without `moves` from one position to
    the next it says the same token again and again.
    """
    mx.random.seed(seed)
    dims = lightning.ModelDimensions(
        n_mels=shape.n_mels,
        n_audio_ctx=1500,
        n_audio_state=WIDTH,
        n_audio_head=2,
        n_audio_layer=shape.encoder_layers,
        n_vocab=shape.n_vocab,
        n_text_ctx=448,
        n_text_state=WIDTH,
        n_text_head=2,
        n_text_layer=shape.decoder_layers,
    )
    whisper = lightning.Whisper(dims, mx.float32)
    for block in whisper.decoder.blocks:
        for attention in (block.attn, block.cross_attn):
            for layer in (attention.query, attention.key, attention.value, attention.out):
                layer.weight = layer.weight * 6.0
    whisper.decoder.positional_embedding = mx.random.normal((448, WIDTH)) * moves
    embedding = mx.random.normal((shape.n_vocab, WIDTH)) * spread
    end = 50257 if whisper.is_multilingual else 50256
    # Large enough that some texts come to an end.
    embedding[end] = embedding[end] * 2.2
    whisper.decoder.token_embedding.weight = embedding
    _round(whisper)
    return whisper


def save(whisper: Any, directory: Path, *, name: str = "weights.npz", bits: int = 0) -> Path:
    """Write a model as the hub's repositories hold it; quantizes the model itself for `bits`."""
    config: dict[str, Any] = {"model_type": "whisper", **asdict(whisper.dims)}
    if bits:
        config["quantization"] = {"group_size": 64, "bits": bits}
        nn.quantize(whisper, **config["quantization"])
        _round(whisper)
    parameters: Any = tree_flatten(whisper.parameters())
    weights = {path: x.astype(mx.float16) if x.dtype == mx.float32 else x for path, x in parameters}
    directory.mkdir(exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config))
    if name.endswith(".npz"):
        mx.savez(str(directory / name), **weights)
    else:
        mx.save_safetensors(str(directory / name), weights)
    return directory / name


def arrays_of(file: Path) -> dict[str, mx.array]:
    """What a weights file holds, read to the end."""
    weights = mx.load(str(file))
    assert isinstance(weights, dict)
    mx.eval(list(weights.values()))
    return weights


def _round(whisper: Any) -> None:
    """Leave of each weight what a file in float16 can hold."""
    whisper.update(
        tree_map(
            lambda x: x.astype(mx.float16).astype(mx.float32) if x.dtype == mx.float32 else x,
            whisper.parameters(),
        )
    )
    mx.eval(whisper.parameters())


def engine_of(weights_file: Path, alignment: Alignment | None = None) -> MlxEngine:
    """An engine with the settings that the tests need."""
    return MlxEngine(
        weights_file,
        alignment=alignment or Alignment(),
        memory_limit_bytes=None,
        cache_limit_bytes=64 * 1024**2,
    )


def always(_: Job) -> bool:
    """Every job is wanted."""
    return True


def hear(
    engine: MlxEngine, samples: Samples, kind: JobKind = JobKind.FINAL, **hints: Any
) -> Hypothesis:
    """One window's hypothesis."""
    job = Job(1, None, kind, samples, Hints(**hints))
    [(_, hypothesis)] = engine.transcribe([job], always)
    return hypothesis


def text(hypothesis: Hypothesis) -> str:
    """A hypothesis as Whisper wrote it."""
    return "".join(word.text for word in hypothesis.words).strip()


def noise(seconds: float, *, seed: int = 0, loudness: float = 0.1) -> Samples:
    """White noise."""
    n = round(seconds * SAMPLE_RATE)
    return np.random.default_rng(seed).normal(0, loudness, n).astype(np.float32)


class Toy:
    """A model in memory with its decoder and vocabulary."""

    def __init__(self, model: WhisperModel) -> None:
        self.model = model
        self.vocabulary = Vocabulary(
            is_multilingual=model.is_multilingual, n_languages=model.n_languages
        )
        self.decoder = Decoder(model, self.vocabulary)

    def audio(self, *seeds: int, positions: int = 100) -> AudioCache:
        """What the decoder sees of a random spectrogram for each seed."""
        shape = (2 * positions, self.model.dims.n_mels)
        mel = [np.random.default_rng(seed).normal(size=shape) for seed in seeds]
        return self.model.attend(self.model.encode(mx.array(np.asarray(mel, dtype=np.float32))))

    def request(
        self,
        max_tokens: int = 20,
        *,
        draft: Sequence[int] = (),
        spoken: Sequence[int] = (),
        language: str = "en",
        copies: int = 9,
        temperature: float = 0.0,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Request:
        """A request that no loop guard stops, unless fewer copies are asked for."""
        return Request(
            prefix=self.vocabulary.prefix(language),
            max_tokens=max_tokens,
            spoken=spoken,
            draft=draft,
            copies=copies,
            temperature=temperature,
            is_wanted=is_wanted,
        )

    def decode(
        self, audio: AudioCache, *requests: Request, shortlist: Shortlist | None = None
    ) -> list[Decoded]:
        """Every row, in order."""
        decoder = Decoder(self.model, self.vocabulary, shortlist) if shortlist else self.decoder
        decoded = list(decoder.decode(audio, requests))
        return sorted(decoded, key=lambda row: row.row)


def assert_same(heard: Decoded, expected: Decoded) -> None:
    """The same text for the same reasons."""
    assert heard.tokens == expected.tokens
    assert heard.alarm == expected.alarm
    np.testing.assert_allclose(
        heard.log_probabilities, expected.log_probabilities, rtol=0, atol=1e-3
    )
    assert heard.no_speech_probability == pytest.approx(expected.no_speech_probability, abs=1e-3)
    assert len(heard.attention) == len(expected.attention)
    positions = expected.attention[0].shape[-1]
    looked = np.stack(heard.attention)[:, :, :positions]
    np.testing.assert_allclose(looked, np.stack(expected.attention), rtol=0, atol=1e-3)


def mel_of(samples: Samples, positions: int) -> mx.array:
    """What an encoder is given of a window, (1, 2 x positions, 80)."""
    return mx.array(log_mel(samples, n_mels=80, n_frames=2 * positions))[None]
