"""Whisper weights in CTranslate2's format, read and given MLX's names.

Owns the layout of model.bin (https://github.com/OpenNMT/CTranslate2, binary version 6, WhisperSpec
revision 3) and what each of its variables is called by lightning-whisper-mlx. Knows no file: it
takes bytes, trusts none of them, and raises ValueError for what it cannot read.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lwd.models.dimensions import Dimensions

Variables = Mapping[str, NDArray[Any]]

_VERSION = 6
_SPEC = "WhisperSpec"
_REVISION = 3
_DTYPES = ("<f4", "<i1", "<i2", "<i4", "<f2")
_MAX_RANK = 8
_POSITION_TOLERANCE = 1e-3


class _Reader:
    """Reads little-endian fields of a buffer in order."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._offset = 0

    def take(self, size: int) -> memoryview:
        """The next `size` bytes, without copying them."""
        if size > len(self._data) - self._offset:
            raise ValueError(f"it ends early: {size} bytes expected at {self._offset}")
        self._offset += size
        return self._data[self._offset - size : self._offset]

    def integer(self, kind: str) -> int:
        """One integer of a struct format."""
        (value,) = struct.unpack(f"<{kind}", self.take(struct.calcsize(kind)))
        return int(value)

    def text(self) -> str:
        """A string with its length before it and a NUL behind it."""
        return bytes(self.take(self.integer("H"))).rstrip(b"\0").decode()


def read_variables(data: bytes) -> Variables:
    """The arrays of a model.bin that holds a Whisper model; they share the memory of `data`."""
    reader = _Reader(data)
    found = reader.integer("I"), reader.text(), reader.integer("I")
    if found != (_VERSION, _SPEC, _REVISION):
        raise ValueError(f"it is of the kind {found}, not {(_VERSION, _SPEC, _REVISION)}")
    return dict(_read_variable(reader) for _ in range(reader.integer("I")))


def _read_variable(reader: _Reader) -> tuple[str, NDArray[Any]]:
    name = reader.text()
    rank = reader.integer("B")
    if rank > _MAX_RANK:
        raise ValueError(f"{name!r} has {rank} dimensions")
    shape = [reader.integer("I") for _ in range(rank)]
    code = reader.integer("B")
    if code >= len(_DTYPES):
        raise ValueError(f"{name!r} has the unknown type {code}")
    dtype = np.dtype(_DTYPES[code])
    size = reader.integer("I")
    if 0 in shape or size != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name!r} has {size} bytes, which do not fill {shape}")
    return name, np.frombuffer(reader.take(size), dtype=dtype).reshape(shape)


@dataclass(frozen=True, slots=True)
class ConvertedModel:
    """A model as MLX has it: `weights` under the names of lightning-whisper-mlx."""

    dimensions: Dimensions
    weights: Variables


def convert(variables: Variables) -> ConvertedModel:
    """Rename and split the variables of a Whisper model; their types stay as they are."""
    converter = _Converter(variables)
    dimensions = converter.dimensions()
    converter.encoder(dimensions)
    converter.decoder(dimensions)
    return ConvertedModel(dimensions, converter.weights)


class _Converter:
    """Moves variables to `weights`, one layer after the other."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self.weights: dict[str, NDArray[Any]] = {}

    def dimensions(self) -> Dimensions:
        """The model's sizes, from the shapes of its variables."""
        state, n_mels, _ = self._get("encoder/conv1/weight", rank=3).shape
        n_vocab, text_state = self._get("decoder/embeddings/weight", rank=2).shape
        return Dimensions(
            n_mels=n_mels,
            n_audio_ctx=len(self._get("encoder/position_encodings/encodings", rank=2)),
            n_audio_state=state,
            n_audio_head=int(self._get("encoder/num_heads", rank=0)),
            n_audio_layer=self._count("encoder"),
            n_vocab=n_vocab,
            n_text_ctx=len(self._get("decoder/position_encodings/encodings", rank=2)),
            n_text_state=text_state,
            n_text_head=int(self._get("decoder/num_heads", rank=0)),
            n_text_layer=self._count("decoder"),
        )

    def encoder(self, dimensions: Dimensions) -> None:
        """Convolutions, blocks and the last norm. MLX computes the positions itself."""
        positions = self._get("encoder/position_encodings/encodings", rank=2)
        expected = _sinusoids(*positions.shape)
        if not np.allclose(positions, expected, atol=_POSITION_TOLERANCE):
            raise ValueError("'encoder/position_encodings/encodings' are not Whisper's sinusoids")
        for name in ("conv1", "conv2"):
            kernel = self._get(f"encoder/{name}/weight", rank=3)
            self.weights[f"encoder.{name}.weight"] = np.ascontiguousarray(kernel.swapaxes(1, 2))
            self.weights[f"encoder.{name}.bias"] = self._get(f"encoder/{name}/bias", rank=1)
        for i in range(dimensions.n_audio_layer):
            self._block(f"encoder/layer_{i}", f"encoder.blocks.{i}")
        self._norm("encoder/layer_norm", "encoder.ln_post")

    def decoder(self, dimensions: Dimensions) -> None:
        """Embeddings, blocks and the last norm; the embedding is also the projection."""
        embeddings = self._get("decoder/embeddings/weight", rank=2)
        positions = self._get("decoder/position_encodings/encodings", rank=2)
        self.weights["decoder.token_embedding.weight"] = embeddings
        self.weights["decoder.positional_embedding"] = positions
        for i in range(dimensions.n_text_layer):
            source, target = f"decoder/layer_{i}", f"decoder.blocks.{i}"
            self._block(source, target)
            self._norm(f"{source}/attention/layer_norm", f"{target}.cross_attn_ln")
            self._split(f"{source}/attention/linear_0", f"{target}.cross_attn", ("query",))
            self._split(f"{source}/attention/linear_1", f"{target}.cross_attn", ("key", "value"))
            self._split(f"{source}/attention/linear_2", f"{target}.cross_attn", ("out",))
        self._norm("decoder/layer_norm", "decoder.ln")

    def _block(self, source: str, target: str) -> None:
        attention = f"{source}/self_attention"
        self._norm(f"{attention}/layer_norm", f"{target}.attn_ln")
        self._split(f"{attention}/linear_0", f"{target}.attn", ("query", "key", "value"))
        self._split(f"{attention}/linear_1", f"{target}.attn", ("out",))
        self._norm(f"{source}/ffn/layer_norm", f"{target}.mlp_ln")
        self._split(f"{source}/ffn/linear_0", target, ("mlp1",))
        self._split(f"{source}/ffn/linear_1", target, ("mlp2",))

    def _norm(self, source: str, target: str) -> None:
        self.weights[f"{target}.weight"] = self._get(f"{source}/gamma", rank=1)
        self.weights[f"{target}.bias"] = self._get(f"{source}/beta", rank=1)

    def _split(self, source: str, target: str, names: tuple[str, ...]) -> None:
        """A layer that CTranslate2 fused; Whisper's keys have no bias, so theirs must be zero."""
        weights = np.split(self._get(f"{source}/weight", rank=2), len(names))
        biases = np.split(self._get(f"{source}/bias", rank=1), len(names))
        for name, weight, bias in zip(names, weights, biases, strict=True):
            self.weights[f"{target}.{name}.weight"] = weight
            if name != "key":
                self.weights[f"{target}.{name}.bias"] = bias
            elif bias.any():
                raise ValueError(f"{source + '/bias'!r} gives the keys a bias, as Whisper does not")

    def _get(self, name: str, *, rank: int) -> NDArray[Any]:
        try:
            array = self._variables[name]
        except KeyError:
            raise ValueError(f"{name!r} is missing") from None
        if array.ndim != rank:
            raise ValueError(f"{name!r} has {array.ndim} dimensions instead of {rank}")
        if array.dtype.kind != ("f" if rank else "i"):
            raise ValueError(f"{name!r} is of the type {array.dtype}")
        return array

    def _count(self, part: str) -> int:
        prefix = f"{part}/layer_"
        layers = {name.split("/")[1] for name in self._variables if name.startswith(prefix)}
        return len(layers - {"layer_norm"})


def _sinusoids(length: int, channels: int) -> NDArray[np.float64]:
    """Section 2.2 of https://arxiv.org/abs/2212.04356: sines, then cosines, of log-spaced rates."""
    rates = np.exp(-math.log(10_000) * np.arange(channels // 2) / max(1, channels // 2 - 1))
    angles = np.arange(length)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
