"""Whisper's compute graph: lightning-whisper-mlx's module tree with a forward pass for streaming.

The encoder takes as many positions as the window needs instead of always thirty seconds, and the
decoder keeps its keys and values between steps. One encoder position is 20 ms of audio.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx import nn

from lwd.asr.mlx import lightning
from lwd.asr.mlx.elementwise import attention, gelu, softmax
from lwd.errors import ModelCorrupt

SAMPLES_PER_POSITION = 320
"""Samples (16 kHz) that one encoder position stands for."""


@dataclass(frozen=True, slots=True)
class CrossAttention:
    """Keys and values of the audio for each decoder layer, (rows, heads, positions, width)."""

    keys: Sequence[mx.array]
    values: Sequence[mx.array]

    def rows(self, index: mx.array) -> "CrossAttention":
        """Only the given rows."""
        return CrossAttention([k[index] for k in self.keys], [v[index] for v in self.values])


class SelfAttentionCache:
    """Keys and values of the tokens decoded so far, one pair of arrays for each layer."""

    def __init__(self, n_layers: int) -> None:
        self._layers: list[tuple[mx.array, mx.array] | None] = [None] * n_layers
        self.length = 0

    def extend(self, layer: int, k: mx.array, v: mx.array) -> tuple[mx.array, mx.array]:
        """Append the new tokens' keys and values of a layer; all of that layer's so far."""
        earlier = self._layers[layer]
        if earlier is not None:
            k = mx.concatenate([earlier[0], k], axis=2)
            v = mx.concatenate([earlier[1], v], axis=2)
        self._layers[layer] = (k, v)
        return k, v

    def keep_rows(self, index: mx.array) -> None:
        """Drop every row but the given ones."""
        self._layers = [pair and (pair[0][index], pair[1][index]) for pair in self._layers]


class WhisperModel:
    """A Whisper model in memory. Use it on the thread that made it."""

    def __init__(self, whisper: Any, alignment_heads: Sequence[tuple[int, int]] | None) -> None:
        self.whisper = whisper
        self.dims = whisper.dims
        self.is_multilingual: bool = whisper.is_multilingual
        self.n_languages: int = whisper.num_languages if self.is_multilingual else 0
        half = self.dims.n_text_layer // 2
        heads = alignment_heads or [
            (layer, head)
            for layer in range(half, self.dims.n_text_layer)
            for head in range(self.dims.n_text_head)
        ]
        self._alignment_heads = {
            layer: mx.array([h for at, h in heads if at == layer])
            for layer in sorted({at for at, _ in heads})
        }

    def encode(self, mel: mx.array) -> mx.array:
        """Audio features (rows, positions, width) of a log-mel (rows, 2 x positions, n_mels)."""
        encoder = self.whisper.encoder
        x = gelu(encoder.conv1(mel.astype(self._dtype)))
        x = gelu(encoder.conv2(x))
        x = x + encoder._positional_embedding[: x.shape[1]].astype(x.dtype)  # noqa: SLF001 - lightning's name
        for block in encoder.blocks:
            y = block.attn_ln(x)
            q, k, v = (self._split(block.attn, part(y)) for part in _projections(block.attn))
            x = x + block.attn.out(_merge(attention(q, k, v)))
            x = x + block.mlp2(gelu(block.mlp1(block.mlp_ln(x))))
        features: mx.array = encoder.ln_post(x)
        return features

    def attend(self, features: mx.array) -> CrossAttention:
        """What the decoder sees of the audio."""
        blocks = self.whisper.decoder.blocks
        return CrossAttention(
            [self._split(b.cross_attn, b.cross_attn.key(features)) for b in blocks],
            [self._split(b.cross_attn, b.cross_attn.value(features)) for b in blocks],
        )

    def new_cache(self) -> SelfAttentionCache:
        """An empty cache for one batch."""
        return SelfAttentionCache(self.dims.n_text_layer)

    def decode(
        self, tokens: mx.array, audio: CrossAttention, cache: SelfAttentionCache
    ) -> tuple[mx.array, mx.array]:
        """Run `tokens` (rows, n) after what the cache holds.

        Returns the hidden states (rows, n, width), and the attention of the last token's
        alignment heads to the audio (rows, heads, positions).
        """
        decoder = self.whisper.decoder
        n, offset = tokens.shape[1], cache.length
        x = decoder.token_embedding(tokens) + decoder.positional_embedding[offset : offset + n]
        mask = None
        if n > 1:
            mask = nn.MultiHeadAttention.create_additive_causal_mask(n).astype(x.dtype)
            mask = mx.pad(mask, [(0, 0), (offset, 0)])
        seen = []
        for i, block in enumerate(decoder.blocks):
            y = block.attn_ln(x)
            q, k, v = (self._split(block.attn, part(y)) for part in _projections(block.attn))
            k, v = cache.extend(i, k, v)
            x = x + block.attn.out(_merge(attention(q, k, v, mask)))

            q = self._split(block.cross_attn, block.cross_attn.query(block.cross_attn_ln(x)))
            x = x + block.cross_attn.out(_merge(attention(q, audio.keys[i], audio.values[i])))
            if (heads := self._alignment_heads.get(i)) is not None:
                scores = q[:, heads, -1:] @ audio.keys[i][:, heads].swapaxes(-1, -2)
                seen.append(softmax(scores[:, :, 0].astype(mx.float32) * q.shape[-1] ** -0.5))

            x = x + block.mlp2(gelu(block.mlp1(block.mlp_ln(x))))
        cache.length += n
        return decoder.ln(x), mx.concatenate(seen, axis=1)

    def logits(self, hidden: mx.array) -> mx.array:
        """Scores of the vocabulary (…, n_vocab), float32, for hidden states (…, width)."""
        scores: mx.array = self.whisper.decoder.token_embedding.as_linear(hidden)
        return scores.astype(mx.float32)

    @property
    def _dtype(self) -> mx.Dtype:
        dtype: mx.Dtype = self.whisper.encoder.conv1.weight.dtype
        return dtype

    def _split(self, layer: Any, x: mx.array) -> mx.array:
        """(rows, n, width) → (rows, heads, n, width / heads)."""
        return x.reshape(*x.shape[:2], layer.n_head, -1).swapaxes(1, 2)


def load_model(
    weights_file: Path, alignment_heads: Sequence[tuple[int, int]] | None
) -> WhisperModel:
    """Read a model whose config.json lies beside its weights, .npz or .safetensors.

    Raises ModelCorrupt naming what does not fit.

    Floating-point weights become float32 on a CPU, where half precision misses the BLAS, and
    float16 elsewhere.
    """
    directory = weights_file.parent
    config = _read_config(directory)
    quantization = config.get("quantization")
    names = {field.name for field in fields(lightning.ModelDimensions)}
    dtype = mx.float32 if mx.default_device() == mx.Device(mx.cpu) else mx.float16
    try:
        dims = lightning.ModelDimensions(**{k: v for k, v in config.items() if k in names})
        weights = mx.load(str(weights_file))
        if not isinstance(weights, dict):
            raise TypeError("holds a single array")
        whisper = lightning.Whisper(dims, dtype)
        if quantization:
            nn.quantize(
                whisper,
                **quantization,
                class_predicate=lambda path, _: f"{path}.scales" in weights,
            )
        weights.setdefault("alignment_heads", whisper.alignment_heads)
        whisper.load_weights(
            [(name, _cast(array, dtype)) for name, array in weights.items()], strict=True
        )
        mx.eval(whisper.parameters(), whisper.encoder._positional_embedding)  # noqa: SLF001 - see encode
    except (OSError, TypeError, ValueError, KeyError, RuntimeError) as error:
        raise ModelCorrupt(
            f"model {directory.name}: {weights_file.name} and config.json make no model ({error}); "
            f"run: lwd models pull {directory.name}"
        ) from error
    return WhisperModel(whisper, alignment_heads)


def _read_config(directory: Path) -> dict[str, Any]:
    try:
        config = json.loads((directory / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ModelCorrupt(f"model {directory.name}: config.json: {error}") from error
    if not isinstance(config, dict):
        raise ModelCorrupt(f"model {directory.name}: config.json is not an object")
    return config


def _cast(array: mx.array, dtype: mx.Dtype) -> mx.array:
    return array.astype(dtype) if mx.issubdtype(array.dtype, mx.floating) else array


def _projections(layer: Any) -> tuple[Any, Any, Any]:
    return layer.query, layer.key, layer.value


def _merge(x: mx.array) -> mx.array:
    """(rows, heads, n, width) → (rows, n, heads x width)."""
    x = x.swapaxes(1, 2)
    return x.reshape(*x.shape[:2], -1)
