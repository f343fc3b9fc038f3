"""Word times from attention, and where the sound is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lwd.asr.mlx.align import first_positions, loud_frames, token_starts, trim
from lwd.asr.types import SAMPLE_RATE, Samples


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


@given(rows=st.integers(1, 6), columns=st.integers(1, 12), seed=st.integers(0, 1000))
def test_no_other_path_through_the_attention_is_cheaper(rows: int, columns: int, seed: int) -> None:
    """A path that moves on by a token, by a position or by both at each step; tried cell by cell."""
    cost = np.random.default_rng(seed).integers(0, 5, (rows, columns)).astype(np.float32)
    best = np.full((rows + 1, columns + 1), np.inf)
    best[0, 0] = 0
    for i, j in np.ndindex(rows, columns):
        best[i + 1, j + 1] = cost[i, j] + min(best[i, j], best[i, j + 1], best[i + 1, j])

    first = first_positions(cost)

    assert best[-1, -1] == _cheapest(cost, first)


def _cheapest(cost: NDArray[np.float32], first: NDArray[np.int64]) -> float:
    """The cost of a path that enters each row at these columns, and leaves it before or at the next."""
    paid = 0.0
    for row, begin in enumerate(first):
        is_last = row == len(first) - 1
        ends = [len(cost[0]) - 1] if is_last else {max(begin, first[row + 1] - 1), first[row + 1]}
        paid += min(float(cost[row, begin : end + 1].sum()) for end in ends)
    return paid


def bursts(*spans_s: tuple[float, float], seconds: float = 3.0) -> Samples:
    """Quiet noise with loud noise between these times."""
    generator = np.random.default_rng(2)
    samples = generator.normal(0, 0.001, round(seconds * SAMPLE_RATE))
    for start_s, end_s in spans_s:
        at = slice(round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE))
        samples[at] = generator.normal(0, 0.2, at.stop - at.start)
    return samples.astype(np.float32)


def test_sound_stands_out_from_its_window() -> None:
    """What is clearly louder than the quietest parts, to within 20 ms."""
    loud = loud_frames(bursts((0.5, 1.0), (2.0, 2.5)))

    assert loud.shape == (300,)
    for start, end in ((52, 98), (202, 248)):
        assert loud[start:end].all()
    for start, end in ((0, 48), (102, 198), (252, 300)):
        assert not loud[start:end].any()


@pytest.mark.parametrize("gain", [1e-3, 1.0, 4.0])
def test_loudness_is_relative(gain: float) -> None:
    """A quiet line and a loud one have the same words."""
    loud = loud_frames(bursts((1.0, 2.0)) * np.float32(gain))

    assert loud[105:195].all()
    assert loud[:90].mean() < 0.1


@pytest.mark.parametrize("n", [0, 1, 159, 160, 480])
def test_windows_too_short_for_loudness_have_none(n: int) -> None:
    """A few samples, or silence."""
    assert not loud_frames(np.zeros(n, dtype=np.float32)).any()


def test_a_word_is_trimmed_to_the_sound_in_it() -> None:
    """From its first to its last loud frame, pauses between them and all."""
    loud = loud_frames(bursts((0.5, 0.8), (1.0, 1.3)))

    assert trim(0.2, 1.9, loud) == pytest.approx((0.5, 1.3), abs=0.021)
    assert trim(0.6, 1.1, loud) == (0.6, 1.1)
    assert trim(0.2, 0.7, loud) == pytest.approx((0.5, 0.7), abs=0.021)


def test_a_word_without_sound_stays_where_it_is() -> None:
    """Attention is all there is to go by."""
    loud = loud_frames(bursts((0.5, 0.8)))

    assert trim(1.5, 1.9, loud) == (1.5, 1.9)
    assert trim(1.5, 1.5, loud) == (1.5, 1.5)
    assert trim(0.0, 9.0, np.zeros(0, dtype=bool)) == (0.0, 9.0)


@given(start_s=st.floats(0, 3), length_s=st.floats(0, 3), seed=st.integers(0, 99))
def test_trimming_never_turns_a_word_around(start_s: float, length_s: float, seed: int) -> None:
    """A word stays inside its own times."""
    loud = np.random.default_rng(seed).random(300) > 0.9

    trimmed = trim(start_s, start_s + length_s, loud)

    assert start_s <= trimmed[0] <= trimmed[1] + 1e-9 <= start_s + length_s + 2e-9
