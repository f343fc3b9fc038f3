"""Every form in which Whisper's weights come."""

import json
from dataclasses import asdict
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from mlx import nn
from mlx.utils import tree_flatten

from lwd.asr.mlx import lightning
from lwd.asr.mlx.model import load_model
from lwd.errors import ModelCorrupt

DIMENSIONS = lightning.ModelDimensions(
    n_mels=128,
    n_audio_ctx=1500,
    n_audio_state=64,
    n_audio_head=2,
    n_audio_layer=2,
    n_vocab=51866,
    n_text_ctx=448,
    n_text_state=64,
    n_text_head=2,
    n_text_layer=2,
)


def write_model(directory: Path, weights_file: str, bits: int | None = None) -> Path:
    """A small model with random weights, as the hub's repositories hold them."""
    whisper = lightning.Whisper(DIMENSIONS, mx.float16)
    config = {"model_type": "whisper", **asdict(DIMENSIONS)}
    if bits:
        config["quantization"] = {"group_size": 64, "bits": bits}
        nn.quantize(whisper, group_size=64, bits=bits)
    weights = dict(tree_flatten(whisper.parameters()))
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(config))
    if weights_file.endswith(".npz"):
        mx.savez(str(directory / weights_file), **weights)
    else:
        mx.save_safetensors(str(directory / weights_file), weights)
    return directory / weights_file


@pytest.mark.parametrize("weights_file", ["weights.npz", "weights.safetensors"])
@pytest.mark.parametrize("bits", [None, 4, 8])
def test_every_published_form_loads(tmp_path: Path, weights_file: str, bits: int | None) -> None:
    """Npz and safetensors, plain and quantised, 128 mel bands."""
    model = load_model(write_model(tmp_path / "model", weights_file, bits), None)

    audio = model.attend(model.encode(mx.zeros((1, 200, 128))))
    hidden, attention = model.decode(mx.array([[1, 2, 3]]), audio, model.new_cache())

    assert model.logits(hidden).shape == (1, 3, DIMENSIONS.n_vocab)
    assert attention.shape == (1, 2, 100)
    assert model.is_multilingual


def test_decoding_step_by_step_is_decoding_at_once(tmp_path: Path) -> None:
    """The cache changes the cost, not the numbers."""
    model = load_model(write_model(tmp_path / "model", "weights.npz"), None)
    audio = model.attend(model.encode(mx.random.normal((2, 200, 128))))
    tokens = mx.array([[1, 2, 3, 4], [5, 6, 7, 8]])

    at_once, _ = model.decode(tokens, audio, model.new_cache())
    cache = model.new_cache()
    parts = [model.decode(tokens[:, a:b], audio, cache)[0] for a, b in ((0, 2), (2, 3), (3, 4))]

    np.testing.assert_allclose(at_once, mx.concatenate(parts, axis=1), atol=1e-3)


def test_a_row_does_not_see_the_others(tmp_path: Path) -> None:
    """Leaving the batch changes nothing for those who stay."""
    model = load_model(write_model(tmp_path / "model", "weights.npz"), None)
    audio = model.attend(model.encode(mx.random.normal((3, 200, 128))))
    cache = model.new_cache()
    model.decode(mx.array([[1], [2], [3]]), audio, cache)
    keep = mx.array([0, 2])
    cache.keep_rows(keep)

    hidden, _ = model.decode(mx.array([[4], [6]]), audio.rows(keep), cache)

    alone = model.new_cache()
    model.decode(mx.array([[3]]), audio.rows(mx.array([2])), alone)
    expected, _ = model.decode(mx.array([[6]]), audio.rows(mx.array([2])), alone)
    np.testing.assert_allclose(hidden[1:], expected, atol=1e-3)


@pytest.mark.parametrize("damage", ["truncated", "missing", "other shape", "no config"])
def test_a_wrong_file_is_named(tmp_path: Path, damage: str) -> None:
    """The error says which model, and what is wrong."""
    weights = write_model(tmp_path / "broken", "weights.npz")
    config = weights.parent / "config.json"
    if damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "missing":
        weights.unlink()
    elif damage == "other shape":
        config.write_text(json.dumps({**asdict(DIMENSIONS), "n_audio_state": 32}))
    else:
        config.write_text("{")

    with pytest.raises(ModelCorrupt, match="model broken"):
        load_model(weights, None)
