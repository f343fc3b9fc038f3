"""Word times from attention."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.mlx.align import token_starts


def attention(centres: list[int], positions: int, heads: int = 3) -> np.ndarray:
    """Heads that look at a bump around each token's centre, with a little noise."""
    noise = np.random.default_rng(1)
    at = np.arange(positions)
    bumps = np.exp(-0.5 * ((at[None, :] - np.array(centres)[:, None]) / 2.0) ** 2)
    weights = bumps[:, None, :] + 0.02 * noise.random((len(centres), heads, positions))
    return np.asarray(weights, dtype=np.float32)


def test_tokens_begin_where_attention_moves_on() -> None:
    """A token begins between its predecessor's place and its own."""
    centres = [10, 40, 80, 120, 149]

    starts = token_starts(attention(centres, positions=150))

    assert starts[0] == 0
    for before, start, centre in zip(centres, starts[1:], centres[1:], strict=False):
        assert before < start <= centre


@given(
    tokens=st.integers(1, 12),
    positions=st.integers(1, 60),
    heads=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_any_attention_gives_times_in_order(
    tokens: int, positions: int, heads: int, seed: int
) -> None:
    """However confused the model is, times stay monotonic and inside the audio."""
    weights = np.random.default_rng(seed).random((tokens, heads, positions), dtype=np.float32)

    starts = token_starts(weights)

    assert len(starts) == tokens
    assert starts[0] == 0
    assert (np.diff(starts) >= 0).all()
    assert (starts < positions).all()
