"""Word times from the decoder's attention to the audio, by dynamic time warping.

The alignment heads of Whisper follow the audio monotonically. Their attention, collected while
the tokens were chosen, is normalised, smoothed and traced from the first token to the last.
Pure numpy: it takes arrays and returns arrays.
"""

import numpy as np
from numpy.typing import NDArray

_MEDIAN_WIDTH = 7


def token_starts(attention: NDArray[np.float32]) -> NDArray[np.int64]:
    """The audio position at which each token begins.

    `attention` is (tokens, heads, positions), its last token the end of the text; the answer has
    one position for each token and never decreases.
    """
    weights = attention / np.maximum(attention.sum(axis=2, keepdims=True), 1e-9)
    spread = np.maximum(weights.std(axis=0, keepdims=True), 1e-9)
    weights = (weights - weights.mean(axis=0, keepdims=True)) / spread
    return _first_positions(-_median(weights).mean(axis=1))


def _median(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median filter along the last axis, reflected at the ends."""
    half = min(_MEDIAN_WIDTH // 2, weights.shape[-1] - 1)
    padded = np.pad(weights, ((0, 0), (0, 0), (half, half)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=-1)
    median: NDArray[np.float32] = np.median(windows, axis=-1)
    return median


def _first_positions(cost: NDArray[np.float32]) -> NDArray[np.int64]:
    """Where the cheapest monotonic path through `cost` (rows, columns) first enters each row."""
    rows, columns = cost.shape
    total = _accumulate(cost)
    first = np.zeros(rows, dtype=np.int64)
    i, j = rows - 1, columns - 1
    while i > 0:
        first[i] = j
        if j == 0:
            i -= 1
            continue
        step = np.argmin((total[i, j], total[i, j + 1], total[i + 1, j]))
        i, j = i - (step != 2), j - (step != 1)  # noqa: PLR2004 - diagonal, up, left
    return first


def _accumulate(cost: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cost of the cheapest path to each cell, framed by infinity: (rows + 1, columns + 1).

    Computed one antidiagonal at a time: the cells of one depend only on the two before it.
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        j = diagonal - i
        before = np.minimum(np.minimum(total[i, j], total[i, j + 1]), total[i + 1, j])
        total[i + 1, j + 1] = cost[i, j] + before
    return total
