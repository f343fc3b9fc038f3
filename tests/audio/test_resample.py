"""Resampling of a stream to 16 kHz."""

from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.audio.decode import Frames
from lwd.audio.resample import SAMPLE_RATE, Resampler
from tests.audio.encoders import floats

RATES = (8_000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000)


def resample(frames: Frames, sample_rate: int, *edges: int) -> Frames:
    """`frames` at 16 kHz, sent in blocks that end at `edges`."""
    resampler = Resampler(sample_rate, frames.shape[1])
    blocks = [resampler.feed(block) for block in np.array_split(frames, sorted(edges))]
    return np.concatenate([*blocks, resampler.flush()])


@given(
    n_frames=st.integers(0, 3_000),
    sample_rate=st.sampled_from(RATES) | st.integers(8_000, 192_000),
    edges=st.lists(st.integers(0, 3_000), max_size=8),
)
def test_length_is_exact_and_blocks_make_no_difference(
    n_frames: int, sample_rate: int, edges: list[int]
) -> None:
    """A stream keeps its duration to the sample, and its samples do not depend on the messages."""
    frames = floats(n_frames, channels=2)

    whole = resample(frames, sample_rate)
    in_blocks = resample(frames, sample_rate, *edges)

    assert len(whole) == floor(n_frames * SAMPLE_RATE / sample_rate + 0.5)
    np.testing.assert_array_equal(whole, in_blocks, strict=True)


@pytest.mark.parametrize("sample_rate", RATES)
def test_sound_stays_where_it_is(sample_rate: int) -> None:
    """Word times hold, since no filter delay is left: a sine keeps its phase to 10 microseconds."""
    seconds = np.arange(sample_rate) / sample_rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * seconds).astype(np.float32)

    resampled = resample(tone[:, None], sample_rate, 100, 5_000)[:, 0]

    inner = slice(2_000, -2_000)
    time = np.arange(SAMPLE_RATE)[inner] / SAMPLE_RATE
    early, late = (0.5 * np.sin(2 * np.pi * 440 * (time + offset)) for offset in (-1e-5, 1e-5))
    error = np.abs(resampled[inner] - 0.5 * np.sin(2 * np.pi * 440 * time)).max()
    assert error < min(np.abs(late - early).max() / 2, 1e-2)


def test_click_stays_where_it_is() -> None:
    """A click comes out at its own time, on its own channel."""
    frames = np.zeros((48_000, 2), dtype=np.float32)
    frames[30_000, 0] = 1

    resampled = resample(frames, 48_000, 30_001)

    assert np.argmax(np.abs(resampled[:, 0])) == 10_000
    assert not resampled[:, 1].any()


def test_16_khz_passes_untouched() -> None:
    """Audio that is right already is not filtered, and not delayed."""
    frames = floats(1_000, channels=3)
    resampler = Resampler(16_000, 3)

    np.testing.assert_array_equal(resampler.feed(frames), frames)
    assert resampler.flush().shape == (0, 3)


def test_full_scale_is_not_exceeded() -> None:
    """The filter overshoots at a square wave's edges; the output does not."""
    square = np.sign(np.sin(2 * np.pi * 500 * np.arange(8_000) / 8_000)).astype(np.float32)

    assert np.abs(resample(square[:, None], 8_000)).max() == 1
