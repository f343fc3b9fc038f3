"""CTranslate2's format: what is read of it, and what is refused."""

import math
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lwd.models.ctranslate2 import convert, read_variables
from lwd.models.dimensions import Dimensions

CODES = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}


def toy_variables() -> dict[str, NDArray[Any]]:
    """A Whisper model of one layer each, width 4, as CTranslate2 has it."""
    rng = np.random.default_rng(0)

    def random(*shape: int) -> NDArray[Any]:
        return rng.normal(size=shape).astype(np.float16)

    rates = np.exp(-math.log(10_000) * np.arange(2))
    angles = np.arange(6)[:, None] * rates
    positions = np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float16)
    variables: dict[str, NDArray[Any]] = {
        "encoder/num_heads": np.array(2, np.int16),
        "encoder/conv1/weight": random(4, 3, 3),
        "encoder/conv2/weight": random(4, 4, 3),
        "encoder/position_encodings/encodings": positions,
        "decoder/num_heads": np.array(2, np.int16),
        "decoder/embeddings/weight": random(9, 4),
        "decoder/position_encodings/encodings": random(5, 4),
        "decoder/alignment_heads": np.array(1, np.int16),
        "decoder/pre_norm": np.array(1, np.int8),
    }
    for conv in ("conv1", "conv2"):
        variables[f"encoder/{conv}/bias"] = random(4)
    norms = ["encoder/layer_norm", "decoder/layer_norm", "decoder/layer_0/attention/layer_norm"]
    layers = {"decoder/layer_0/attention/linear_0": (4, 4)}
    layers |= {"decoder/layer_0/attention/linear_2": (4, 4)}
    layers |= {"decoder/layer_0/attention/linear_1": (8, 4)}
    for part in ("encoder/layer_0", "decoder/layer_0"):
        norms += [f"{part}/self_attention/layer_norm", f"{part}/ffn/layer_norm"]
        layers |= {f"{part}/self_attention/linear_0": (12, 4)}
        layers |= {f"{part}/self_attention/linear_1": (4, 4)}
        layers |= {f"{part}/ffn/linear_0": (16, 4), f"{part}/ffn/linear_1": (4, 16)}
    for norm in norms:
        variables |= {f"{norm}/gamma": random(4), f"{norm}/beta": random(4)}
    for layer, shape in layers.items():
        variables |= {f"{layer}/weight": random(*shape), f"{layer}/bias": random(shape[0])}
    for part in ("encoder/layer_0", "decoder/layer_0"):
        variables[f"{part}/self_attention/linear_0/bias"][4:8] = 0
    variables["decoder/layer_0/attention/linear_1/bias"][:4] = 0
    return variables


def text(value: str) -> bytes:
    """A string as model.bin has it."""
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def model_bin(variables: Mapping[str, NDArray[Any]]) -> bytes:
    """A model.bin that holds the variables."""
    parts = [struct.pack("<I", 6), text("WhisperSpec"), struct.pack("<II", 3, len(variables))]
    for name, array in variables.items():
        shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        parts += [text(name), shape, struct.pack("<BI", CODES[str(array.dtype)], array.nbytes)]
        parts += [array.tobytes()]
    return b"".join([*parts, struct.pack("<I", 0)])


VARIABLES = toy_variables()
MODEL_BIN = model_bin(VARIABLES)


def test_reads_what_was_written() -> None:
    """Every variable is read with its shape, type and values."""
    read = read_variables(MODEL_BIN)

    assert list(read) == list(VARIABLES)
    for name, array in VARIABLES.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_states_the_dimensions() -> None:
    """The sizes follow from the shapes."""
    dimensions = convert(VARIABLES).dimensions

    assert dimensions == Dimensions(
        n_mels=3,
        n_audio_ctx=6,
        n_audio_state=4,
        n_audio_head=2,
        n_audio_layer=1,
        n_vocab=9,
        n_text_ctx=5,
        n_text_state=4,
        n_text_head=2,
        n_text_layer=1,
    )


def test_renames_and_splits() -> None:
    """Fused layers are split in order, convolutions turned, norms and embeddings renamed."""
    weights = convert(VARIABLES).weights
    fused = VARIABLES["decoder/layer_0/self_attention/linear_0/weight"]
    crossed = VARIABLES["decoder/layer_0/attention/linear_1/weight"]

    for i, name in enumerate(("query", "key", "value")):
        part = weights[f"decoder.blocks.0.attn.{name}.weight"]
        np.testing.assert_array_equal(part, fused[4 * i : 4 * i + 4])
    np.testing.assert_array_equal(weights["decoder.blocks.0.cross_attn.value.weight"], crossed[4:])
    np.testing.assert_array_equal(
        weights["encoder.conv1.weight"], VARIABLES["encoder/conv1/weight"].transpose(0, 2, 1)
    )
    np.testing.assert_array_equal(
        weights["encoder.blocks.0.mlp_ln.weight"], VARIABLES["encoder/layer_0/ffn/layer_norm/gamma"]
    )
    np.testing.assert_array_equal(
        weights["decoder.token_embedding.weight"], VARIABLES["decoder/embeddings/weight"]
    )
    assert weights["encoder.conv1.weight"].dtype == np.float16
    assert not [name for name in weights if name.endswith("key.bias")]


@pytest.mark.parametrize(
    "name", [name for name in VARIABLES if not name.endswith(("heads", "norm"))]
)
def test_misses_what_is_missing(name: str) -> None:
    """A model without one of its variables is refused."""
    variables = {key: value for key, value in VARIABLES.items() if key != name}

    with pytest.raises(ValueError, match=rf"'{name}' is missing"):
        convert(variables)


@pytest.mark.parametrize(
    ("name", "array", "fault"),
    [
        ("encoder/conv1/weight", np.zeros((4, 9), np.float16), "2 dimensions instead of 3"),
        ("encoder/conv1/weight", np.zeros((4, 3, 3), np.int8), "of the type int8"),
        ("encoder/num_heads", np.array(0, np.int16), "n_audio_head is 0"),
        ("encoder/num_heads", np.array(math.inf, np.float32), "of the type float32"),
        ("encoder/position_encodings/encodings", np.zeros((6, 4)), "not Whisper's sinusoids"),
        ("decoder/layer_0/attention/linear_1/bias", np.ones(8), "gives the keys a bias"),
        ("decoder/layer_0/attention/linear_1/weight", np.ones((7, 4)), "equal division"),
    ],
)
def test_refuses_what_is_not_whisper(name: str, array: NDArray[Any], fault: str) -> None:
    """A variable of another kind than Whisper's is refused by name."""
    with pytest.raises(ValueError, match=fault):
        convert({**VARIABLES, name: array})


def test_refuses_other_specs() -> None:
    """A model of another architecture or format version is refused, saying what it is."""
    data = struct.pack("<I", 6) + text("TransformerSpec") + struct.pack("<II", 7, 0)

    with pytest.raises(ValueError, match=r"of the kind \(6, 'TransformerSpec', 7\)"):
        read_variables(data)


@given(st.binary(max_size=400))
def test_survives_any_bytes(data: bytes) -> None:
    """Whatever a file holds, it is refused and nothing worse."""
    with pytest.raises(ValueError):  # noqa: PT011 - any fault will do
        read_variables(data)


@given(st.data())
def test_survives_damage(data: st.DataObject) -> None:
    """A model with some bytes changed, or cut short, is converted or refused."""
    damaged = bytearray(MODEL_BIN)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    with suppress(ValueError):
        convert(read_variables(cut))


@pytest.mark.parametrize(
    "shape", [(2**32 - 1, 2**32 - 1), (0, 2**32 - 1), (2**16, 2**16), (2**31,)]
)
def test_believes_no_size(shape: tuple[int, ...]) -> None:
    """A size that the file does not fill is refused before memory is taken for it."""
    head = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, 1)
    dims = struct.pack(f"<B{len(shape)}IBI", len(shape), *shape, 4, 0)

    with pytest.raises(ValueError, match="do not fill"):
        read_variables(head + text("a") + dims)


def test_notices_every_cut() -> None:
    """No shorter file passes for the whole model."""
    aliases = 4
    for size in range(len(MODEL_BIN) - aliases):
        with pytest.raises(ValueError, match="ends early"):
            read_variables(MODEL_BIN[:size])
