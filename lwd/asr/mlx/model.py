"""Whisper's compute graph: lightning-whisper-mlx's module tree with a forward pass for streaming.

The encoder takes as many positions as the window needs instead of always thirty seconds, and the
decoder runs any number of tokens on live caches, another number for each row. One encoder position
is 20 ms of audio.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from lwd.asr.mlx.cache import TokenCache
from lwd.asr.mlx.elementwise import attention, gelu, product, softmax

_HIDDEN = -1e9


@dataclass(frozen=True, slots=True)
class AudioCache:
    """What the decoder sees of the audio, for each of its layers.

    `keys` and `values` are (rows, heads, positions, width). `alignment_keys` repeats the keys of
    the heads that tell where a word is spoken. `mask` (rows, 1, 1, positions) hides the padding
    of rows that are shorter than others.
    """

    keys: Sequence[mx.array]
    values: Sequence[mx.array]
    alignment_keys: Sequence[mx.array | None]
    mask: mx.array | None = None

    @property
    def positions(self) -> int:
        """Length of the longest row."""
        return int(self.keys[0].shape[2])

    def rows(self, index: Sequence[int]) -> "AudioCache":
        """Only the given rows, as often as they are given."""
        at = mx.array(list(index))
        return AudioCache(
            [k[at] for k in self.keys],
            [v[at] for v in self.values],
            [None if k is None else k[at] for k in self.alignment_keys],
            None if self.mask is None else self.mask[at],
        )

    @staticmethod
    def join(parts: Sequence["AudioCache"]) -> "AudioCache":
        """The rows of all parts, the shorter ones padded."""
        if len(parts) == 1:
            return parts[0]
        longest = max(part.positions for part in parts)
        return AudioCache(
            [_stack(layer, longest) for layer in zip(*(p.keys for p in parts), strict=True)],
            [_stack(layer, longest) for layer in zip(*(p.values for p in parts), strict=True)],
            [
                None if layer[0] is None else _stack(layer, longest)
                for layer in zip(*(p.alignment_keys for p in parts), strict=True)
            ],
            _padding_mask(parts, longest),
        )


class WhisperModel:
    """A Whisper model in memory. Use it on the thread that made it."""

    def __init__(self, whisper: Any, alignment_heads: Sequence[tuple[int, int]] | None) -> None:
        self._whisper = whisper
        self.dims = whisper.dims
        self.is_multilingual: bool = whisper.is_multilingual
        self.n_languages: int = whisper.num_languages if self.is_multilingual else 0
        layers = range(self.dims.n_text_layer)
        heads = alignment_heads or [
            (layer, head)
            for layer in layers[len(layers) // 2 :]
            for head in range(self.dims.n_text_head)
        ]
        self._alignment_heads = [
            mx.array(chosen) if (chosen := [h for at, h in heads if at == layer]) else None
            for layer in layers
        ]

    def encode(self, mel: mx.array) -> mx.array:
        """Audio features (rows, positions, width) of a log-mel (rows, 2 x positions, n_mels)."""
        encoder = self._whisper.encoder
        x = gelu(encoder.conv1(mel.astype(encoder.conv1.weight.dtype)))
        x = gelu(encoder.conv2(x))
        x = x + encoder._positional_embedding[: x.shape[1]].astype(x.dtype)  # noqa: SLF001 - lightning's name
        for block in encoder.blocks:
            y = block.attn_ln(x)
            q, k, v = (_split(block.attn, part(y)) for part in _projections(block.attn))
            x = x + block.attn.out(_merge(attention(q, k, v)))
            x = x + block.mlp2(gelu(block.mlp1(block.mlp_ln(x))))
        features: mx.array = encoder.ln_post(x)
        return features

    def attend(self, features: mx.array) -> AudioCache:
        """What the decoder sees of the audio, computed once for all its tokens."""
        blocks = [block.cross_attn for block in self._whisper.decoder.blocks]
        # Matrix products copy what is not contiguous, and these are read for every token.
        keys = [mx.contiguous(_split(block, block.key(features))) for block in blocks]
        values = [mx.contiguous(_split(block, block.value(features))) for block in blocks]
        alignment = [
            None if heads is None else mx.contiguous(k[:, heads])
            for k, heads in zip(keys, self._alignment_heads, strict=True)
        ]
        return AudioCache(keys, values, alignment)

    def decode(
        self,
        tokens: mx.array,
        positions: mx.array,
        mask: mx.array | None,
        audio: AudioCache,
        cache: TokenCache,
    ) -> tuple[mx.array, mx.array]:
        """Run `tokens` (rows, n), which stand at `positions` (rows, n), after what the cache holds.

        `mask` (rows, 1, n, cached + n) is added to the scores of the self-attention. Returns the
        hidden states (rows, n, width), and where the alignment heads look (rows, heads, n, audio
        positions).
        """
        decoder = self._whisper.decoder
        x = decoder.token_embedding(tokens) + decoder.positional_embedding[positions]
        seen = []
        for i, block in enumerate(decoder.blocks):
            y = block.attn_ln(x)
            q, k, v = (_split(block.attn, part(y)) for part in _projections(block.attn))
            k, v = cache.append(i, k, v)
            x = x + block.attn.out(_merge(attention(q, k, v, mask)))

            q = _split(block.cross_attn, block.cross_attn.query(block.cross_attn_ln(x)))
            heard = attention(q, audio.keys[i], audio.values[i], audio.mask)
            x = x + block.cross_attn.out(_merge(heard))
            if (heads := self._alignment_heads[i]) is not None:
                scores = q[:, heads] @ audio.alignment_keys[i].swapaxes(-1, -2)  # type: ignore[union-attr]
                scores = scores.astype(mx.float32) * q.shape[-1] ** -0.5
                seen.append(softmax(scores if audio.mask is None else scores + audio.mask))

            x = x + block.mlp2(gelu(block.mlp1(block.mlp_ln(x))))
        return decoder.ln(x), mx.concatenate(seen, axis=1)

    def logits(self, hidden: mx.array) -> mx.array:
        """Scores of the vocabulary (n, n_vocab), float32, for hidden states (n, width)."""
        return product(self.embedding, hidden).astype(mx.float32)

    @property
    def embedding(self) -> mx.array:
        """What each token of the vocabulary stands for (n_vocab, width)."""
        embedding: mx.array = self._whisper.decoder.token_embedding.weight
        return embedding


def _projections(layer: Any) -> tuple[Any, Any, Any]:
    return layer.query, layer.key, layer.value


def _split(layer: Any, x: mx.array) -> mx.array:
    """(rows, n, width) → (rows, heads, n, width / heads)."""
    return x.reshape(*x.shape[:2], layer.n_head, -1).swapaxes(1, 2)


def _merge(x: mx.array) -> mx.array:
    """(rows, heads, n, width) → (rows, n, heads x width)."""
    x = x.swapaxes(1, 2)
    return x.reshape(*x.shape[:2], -1)


def _stack(parts: Sequence[mx.array], positions: int) -> mx.array:
    return mx.concatenate(
        [mx.pad(p, [(0, 0), (0, 0), (0, positions - p.shape[2]), (0, 0)]) for p in parts]
    )


def _padding_mask(parts: Sequence[AudioCache], longest: int) -> mx.array | None:
    if all(part.positions == longest for part in parts):
        return None
    dtype = parts[0].keys[0].dtype
    lengths = mx.array([part.positions for part in parts for _ in range(part.keys[0].shape[0])])
    hidden = mx.arange(longest)[None] >= lengths[:, None]
    return mx.where(hidden, _HIDDEN, 0.0).astype(dtype)[:, None, None]
