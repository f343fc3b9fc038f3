"""Softmax, GELU, attention and one product in the form that is fastest on this device.

On x86 MLX computes `exp`, `erf` and `tanh` one scalar at a time, and they then cost more than the
matrix products. Compiled polynomial forms are several times faster there, where there is a C++
compiler for MLX to call; everywhere else the exact forms are used.
"""

import platform
import shutil
from functools import cache, partial

import mlx.core as mx
import numpy as np
from mlx import nn

from lwd.asr.mlx.blas import matrix_vector

_FEW = 8192
"""For fewer elements the exact form is done before the compiled one has begun."""


@cache
def is_approximate() -> bool:
    """Whether the polynomial forms are in use."""
    on_cpu = mx.default_device() == mx.Device(mx.cpu)
    return on_cpu and platform.machine() == "x86_64" and shutil.which("g++") is not None


def _exp(x: mx.array) -> mx.array:
    """exp(x) to a relative 5e-5: (1 + z + z²/2 + z³/6)^1024 with z = x / 1024."""
    z = mx.clip(x, -80.0, 80.0) * (1.0 / 1024.0)
    y = 1.0 + z * (1.0 + z * (0.5 + z * (1.0 / 6.0)))
    for _ in range(10):
        y = y * y
    return y


@partial(mx.compile, shapeless=True)
def _exp_of_difference(scores: mx.array, maximum: mx.array) -> mx.array:
    return _exp(scores - maximum)


@partial(mx.compile, shapeless=True)
def _gelu(x: mx.array) -> mx.array:
    """GELU by its tanh form (https://arxiv.org/abs/1606.08415), written as a sigmoid."""
    return x / (1.0 + _exp(-1.5957691216 * (x + 0.044715 * x * x * x)))


def _shifted_exp(scores: mx.array) -> mx.array:
    return _exp_of_difference(scores, scores.max(axis=-1, keepdims=True))


def product(embedding: mx.array, hidden: mx.array) -> mx.array:
    """Scores (n, m) of the rows of an `embedding` (m, width) for hidden states (n, width)."""
    if hidden.shape[0] == 1 and hidden.dtype == mx.float32:
        return mx.array(matrix_vector(np.asarray(embedding), np.asarray(hidden[0])))[None]
    return hidden @ embedding.T


def gelu(x: mx.array) -> mx.array:
    """Gaussian error linear unit."""
    return _gelu(x) if is_approximate() else nn.gelu(x)


def softmax(scores: mx.array) -> mx.array:
    """Softmax over the last axis."""
    if not is_approximate() or scores.size < _FEW:
        return mx.softmax(scores, axis=-1, precise=True)
    weights = _shifted_exp(scores)
    return weights / weights.sum(axis=-1, keepdims=True)


def logsumexp(scores: mx.array) -> mx.array:
    """Logarithm of the sum of exponentials over the last axis."""
    if not is_approximate():
        return mx.logsumexp(scores, axis=-1)
    maximum = scores.max(axis=-1, keepdims=True)
    return mx.log(_exp_of_difference(scores, maximum).sum(axis=-1)) + maximum[..., 0]


def attention(q: mx.array, k: mx.array, v: mx.array, mask: mx.array | None = None) -> mx.array:
    """Scaled dot-product attention over (batch, heads, positions, width)."""
    scale = q.shape[-1] ** -0.5
    n_scores = q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2]
    if not is_approximate() or n_scores < _FEW:
        mask = None if mask is None else mask.astype(q.dtype)
        return mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask=mask)
    scores = (q * scale) @ k.swapaxes(-1, -2)
    weights = _shifted_exp(scores if mask is None else scores + mask)
    # Dividing the product, not the weights, saves a pass over the largest array.
    return (weights @ v) / (weights @ mx.ones((weights.shape[-1], 1), dtype=weights.dtype))
