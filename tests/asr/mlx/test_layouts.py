"""Every published layout of Whisper loads, and computes what lightning-whisper-mlx computes."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx import nn
from mlx.utils import tree_flatten, tree_map_with_path

from lwd.asr.mlx import elementwise
from lwd.asr.mlx.cache import TokenCache
from lwd.asr.mlx.model import WhisperModel
from lwd.asr.mlx.weights import load_whisper
from tests.asr.mlx.toys import SHAPES, arrays_of, make_whisper, save

TOKENS = [50258, 50259, 1000, 2000, 3000, 4000]


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact forms, so that what differs from the reference differs by mistake."""
    monkeypatch.setattr(elementwise, "is_approximate", lambda: False)


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        ("english", "weights.npz"),
        ("english", "weights.safetensors"),
        ("multilingual", "weights.npz"),
        ("large-v3", "model.safetensors"),
        ("turbo", "weights.safetensors"),
        ("distil", "weights.npz"),
    ],
)
def test_every_layout_computes_what_lightning_does(tmp_path: Path, layout: str, name: str) -> None:
    """Vocabularies, mel bands, depths and files of all models give the reference's scores."""
    whisper = make_whisper(SHAPES[layout])

    loaded = load_whisper(save(whisper, tmp_path, name=name))

    np.testing.assert_allclose(scores(loaded, [6]), reference(whisper), atol=1e-3)


@pytest.mark.parametrize("name", ["weights.npz", "weights.safetensors"])
@pytest.mark.parametrize("bits", [4, 8])
def test_quantized_models_compute_what_their_layers_do(
    tmp_path: Path, bits: int, name: str
) -> None:
    """4bit and 8bit models in both files give the scores of MLX's own quantized layers."""
    whisper = make_whisper(SHAPES["multilingual"])

    loaded = load_whisper(save(whisper, tmp_path, name=name, bits=bits))

    assert isinstance(whisper.decoder.token_embedding, nn.QuantizedEmbedding)
    error = np.abs(scores(loaded, [6]) - reference(multiplied_out(whisper)))
    # Without quantization the scores lie 0.02 (8bit) and 0.5 (4bit) apart.
    assert np.median(error) < 0.01


def test_the_cache_changes_the_cost_and_not_the_scores() -> None:
    """Tokens fed one by one or several at a time come to the same as all at once."""
    whisper = make_whisper(SHAPES["turbo"])

    one_by_one = scores(whisper, [1] * 6, n_frames=400)
    in_parts = scores(whisper, [2, 1, 3], n_frames=400)

    at_once = scores(whisper, [6], n_frames=400)
    np.testing.assert_allclose(one_by_one, at_once, atol=1e-4)
    np.testing.assert_allclose(in_parts, at_once, atol=1e-4)


def test_files_without_alignment_heads_load(tmp_path: Path) -> None:
    """Converters leave them out as often as not."""
    file = save(make_whisper(SHAPES["english"]), tmp_path)
    weights = arrays_of(file)
    del weights["alignment_heads"]
    mx.savez(str(file), **weights)

    assert load_whisper(file).dims.n_vocab == SHAPES["english"].n_vocab


def test_weights_are_float32_on_a_cpu(tmp_path: Path) -> None:
    """Half precision, and what is quantized, would miss the BLAS."""
    loaded = load_whisper(save(make_whisper(SHAPES["multilingual"]), tmp_path, bits=8))

    parameters: Any = tree_flatten(loaded.parameters())
    kinds = {x.dtype for _, x in parameters}
    assert kinds == {mx.float32, loaded.alignment_heads.dtype}


def scores(whisper: Any, sizes: list[int], n_frames: int = 3000) -> mx.array:
    """Scores after each of TOKENS, fed so many at a time."""
    model = WhisperModel(whisper, None)
    audio = model.attend(model.encode(noise_mel(whisper)[:, :n_frames]))
    cache = TokenCache(model.dims.n_text_layer, 1)
    hidden = []
    for size in sizes:
        first = int(cache.lengths[0])
        positions, mask = cache.block([size])
        tokens = mx.array([TOKENS[first : first + size]])
        hidden.append(model.decode(tokens, positions, mask, audio, cache)[0])
        cache.keep(size, [size])
    return model.logits(mx.concatenate(hidden, axis=1)[0])


def reference(whisper: Any) -> mx.array:
    """The same by lightning's own forward pass, all at once."""
    logits: mx.array = whisper(noise_mel(whisper), mx.array([TOKENS]))[0]
    return logits


def noise_mel(whisper: Any) -> mx.array:
    """Thirty seconds, as the reference wants them."""
    return mx.random.normal((1, 3000, whisper.dims.n_mels), key=mx.random.key(2))


def multiplied_out(whisper: Any) -> Any:
    """A quantized tree with plain layers instead, each asked for its matrix."""
    layers = tree_map_with_path(
        lambda _, layer: plain(layer), whisper.leaf_modules(), is_leaf=nn.Module.is_module
    )
    whisper.update_modules(layers)
    return whisper


def plain(layer: Any) -> Any:
    """A layer that computes what a quantized one does."""
    if isinstance(layer, nn.QuantizedEmbedding):
        embedding = nn.Embedding(layer.num_embeddings, layer.dims)
        embedding.weight = layer(mx.arange(layer.num_embeddings))
        return embedding
    if isinstance(layer, nn.QuantizedLinear):
        n_inputs = layer.scales.shape[1] * layer.group_size
        linear = nn.Linear(n_inputs, layer.scales.shape[0], bias="bias" in layer)
        linear.weight = layer(mx.eye(n_inputs)).T
        if "bias" in layer:
            linear.weight = linear.weight - layer.bias[:, None]
            linear.bias = layer.bias
        return linear
    return layer
