"""Word times from the decoder's attention to the audio, by dynamic time warping.

The alignment heads of Whisper follow the audio monotonically. Their attention, collected while
the tokens were chosen, is smoothed and traced from the first token to the last. Attention tells
where a word is, not where its sound begins after a pause, so words are then trimmed to the sound.
Pure numpy: it takes arrays and returns arrays.
"""

import numpy as np
from numpy.typing import NDArray

from lwd.asr.types import SAMPLE_RATE

FRAME_SAMPLES = 160
"""Length of the frames whose loudness is told: 10 ms."""

_MEDIAN_WIDTH = 7
_LOUD = 0.3
_DYNAMIC_RANGE_DB = 60.0


def token_starts(attention: NDArray[np.float32]) -> NDArray[np.int64]:
    """The audio position at which each token begins.

    `attention` is (tokens, heads, positions), its last token the end of the text; the answer has
    one position for each token and never decreases.
    """
    weights = attention / np.maximum(attention.sum(axis=2, keepdims=True), 1e-9)
    return first_positions(-_median(weights).mean(axis=1))


def loud_frames(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which `FRAME_SAMPLES` long pieces of the audio are clearly louder than its quietest ones."""
    n = len(samples) // FRAME_SAMPLES
    if n == 0:
        return np.zeros(0, dtype=bool)
    power = np.square(samples[: n * FRAME_SAMPLES].reshape(n, FRAME_SAMPLES)).mean(axis=1)
    level_db = 10 * np.log10(np.convolve(power, np.full(3, 1 / 3), mode="same") + 1e-10)
    quiet, loud = np.percentile(level_db, [5, 95])
    quiet = max(quiet, loud - _DYNAMIC_RANGE_DB)
    is_loud: NDArray[np.bool_] = level_db > quiet + _LOUD * (loud - quiet)
    return is_loud


def trim(start_s: float, end_s: float, loud: NDArray[np.bool_]) -> tuple[float, float]:
    """Start and end of the sound between two times; the times themselves where all is quiet."""
    first = int(start_s * SAMPLE_RATE / FRAME_SAMPLES)
    sounds = np.flatnonzero(loud[first : int(end_s * SAMPLE_RATE / FRAME_SAMPLES)])
    if not len(sounds):
        return start_s, end_s
    frame_s = FRAME_SAMPLES / SAMPLE_RATE
    start = max(start_s, float(first + sounds[0]) * frame_s)
    return start, min(end_s, float(first + sounds[-1] + 1) * frame_s)


def _median(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median filter along the last axis, reflected at the ends."""
    half = min(_MEDIAN_WIDTH // 2, weights.shape[-1] - 1)
    padded = np.pad(weights, ((0, 0), (0, 0), (half, half)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=-1)
    median: NDArray[np.float32] = np.partition(windows, half, axis=-1)[..., half]
    return median


def first_positions(cost: NDArray[np.float32]) -> NDArray[np.int64]:
    """Where the cheapest monotonic path through `cost` (rows, columns) first enters each row.

    What a path pays between the column by which it enters a row and a later one is a difference of
    running sums. So the best column to have entered by is a running minimum, for a row at once.
    """
    rows, columns = cost.shape
    sums = np.cumsum(cost, axis=1, dtype=np.float64)
    entered = np.full((rows, columns), np.inf)
    entered[0, 0] = 0.0
    total = np.empty((rows, columns))
    total[0] = sums[0]
    for row in range(1, rows):
        entered[row] = total[row - 1]
        np.minimum(entered[row, 1:], total[row - 1, :-1], out=entered[row, 1:])
        entered[row, 1:] -= sums[row, :-1]
        total[row] = sums[row] + np.minimum.accumulate(entered[row])
    return _trace(entered, total)


def _trace(entered: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.int64]:
    """The path back from the last cell, by the cost of entering each row at, and of being at, a cell."""
    rows, columns = entered.shape
    first = np.zeros(rows, dtype=np.int64)
    column = columns - 1
    for row in range(rows - 1, 0, -1):
        # Of equals the latest: what is silent between two words belongs to the first.
        column = first[row] = column - int(np.argmin(entered[row, column::-1]))
        above = total[row - 1]
        column -= int(column > 0 and above[column - 1] <= above[column])
    return first
