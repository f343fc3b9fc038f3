"""The fast forms are close enough to the exact ones."""

import mlx.core as mx
import numpy as np
import pytest
from mlx import nn

from lwd.asr.mlx import elementwise


@pytest.fixture(params=[True, False], ids=["polynomial", "exact"], autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both forms, whatever this machine would use."""
    monkeypatch.setattr(elementwise, "is_approximate", lambda: request.param)


def test_gelu() -> None:
    """Within the error of the tanh form."""
    x = mx.linspace(-12, 12, 4001)

    np.testing.assert_allclose(elementwise.gelu(x), nn.gelu(x), atol=6e-4)


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_softmax(scale: float) -> None:
    """Sums to one and agrees with the exact form, for flat scores and for steep ones."""
    scores = mx.random.normal((4, 7, 300)) * scale

    weights = elementwise.softmax(scores)

    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(weights, mx.softmax(scores, axis=-1), atol=1e-4)


@pytest.mark.parametrize("masked", [True, False])
def test_attention(*, masked: bool) -> None:
    """Agrees with the textbook, with a causal mask and without."""
    q, k, v = (mx.random.normal((2, 3, 20, 16)) for _ in range(3))
    mask = nn.MultiHeadAttention.create_additive_causal_mask(20) if masked else None
    scores = (q @ k.swapaxes(-1, -2)) / 4.0
    expected = mx.softmax(scores if mask is None else scores + mask, axis=-1) @ v

    np.testing.assert_allclose(elementwise.attention(q, k, v, mask), expected, atol=1e-3)
