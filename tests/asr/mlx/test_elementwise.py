"""The fast forms are close enough to the exact ones."""

import mlx.core as mx
import numpy as np
import pytest
from mlx import nn

from lwd.asr.mlx import elementwise
from lwd.asr.mlx.cache import TokenCache
from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.types import Samples
from tests.asr.mlx.toys import mel_of

FORMS = [True, False]


@pytest.fixture(params=FORMS, ids=["polynomial", "exact"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both forms, whatever this machine would use."""
    monkeypatch.setattr(elementwise, "is_approximate", lambda: request.param)


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> mx.array:
    """Random numbers, enough of them for the fast forms."""
    return mx.random.normal(shape, key=mx.random.key(seed)) * scale


@pytest.mark.usefixtures("form")
def test_gelu() -> None:
    """Within the error of the tanh form, far into both tails."""
    x = mx.linspace(-40, 40, 20_001)

    np.testing.assert_allclose(elementwise.gelu(x), nn.gelu(x), atol=6e-4)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("positions", [3, 1500])
def test_softmax(scale: float, positions: int) -> None:
    """Sums to one and agrees with the exact form, for flat scores and for steep ones."""
    scores = normal(4, 7, positions, scale=scale)

    weights = elementwise.softmax(scores)

    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(weights, mx.softmax(scores, axis=-1), atol=1e-4)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("scale", [0.01, 3.0, 30.0])
def test_logsumexp(scale: float) -> None:
    """What log-probabilities are reckoned with: right to 1e-4, with suppressed tokens too."""
    scores = normal(3, 51_865, scale=scale)
    scores[:, 1000:40_000] = -1e9

    np.testing.assert_allclose(
        elementwise.logsumexp(scores), mx.logsumexp(scores, axis=-1), atol=1e-4, rtol=1e-5
    )


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("positions", [20, 200])
def test_attention(*, positions: int, masked: bool) -> None:
    """Agrees with the textbook, with a causal mask and without, for few scores and for many."""
    q, k, v = (normal(2, 3, positions, 16, seed=seed) for seed in range(3))
    mask = nn.MultiHeadAttention.create_additive_causal_mask(positions) if masked else None
    scores = (q @ k.swapaxes(-1, -2)) / 4.0
    expected = mx.softmax(scores if mask is None else scores + mask, axis=-1) @ v

    np.testing.assert_allclose(elementwise.attention(q, k, v, mask), expected, atol=1e-3)


@pytest.mark.usefixtures("form")
def test_attention_sees_nothing_that_is_hidden() -> None:
    """Not even what is far louder than the rest."""
    q, k, v = (normal(1, 2, 100, 16, seed=seed) for seed in range(3))
    mask = mx.where(mx.arange(100) < 60, 0.0, -1e9)[None, None, None]
    v[:, :, 60:] = 1e6

    heard = elementwise.attention(q, k, v, mask)

    expected = elementwise.attention(q, k[:, :, :60], v[:, :, :60])
    np.testing.assert_allclose(heard, expected, atol=1e-3)


def test_the_forms_give_a_real_model_the_same_scores(
    tiny_en: MlxEngine, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the spectrogram to the scores of tiny.en the error is far below what decides."""
    model, mel = tiny_en.model, mel_of(speech, 512)
    tokens = [50257, 50362, 3244, 262, 922, 5848]
    scores = []
    for is_approximate in FORMS:
        monkeypatch.setattr(elementwise, "is_approximate", lambda form=is_approximate: form)
        audio = model.attend(model.encode(mel))
        cache = TokenCache(model.dims.n_text_layer, 1)
        positions, mask = cache.block([len(tokens)])
        hidden, _ = model.decode(mx.array([tokens]), positions, mask, audio, cache)
        scores.append(np.asarray(model.logits(hidden[0])))

    assert np.ptp(scores[0]) > 20
    assert np.abs(scores[0] - scores[1]).mean() < 0.05
    np.testing.assert_allclose(scores[0], scores[1], atol=0.3)
    assert (scores[0].argmax(axis=-1) == scores[1].argmax(axis=-1)).all()
