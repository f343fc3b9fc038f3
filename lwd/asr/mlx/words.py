"""From decoded tokens to words with times and probabilities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lwd.asr.mlx.align import loud_frames, token_starts, trim
from lwd.asr.mlx.context import SAMPLES_PER_POSITION
from lwd.asr.mlx.guards import loop_tokens
from lwd.asr.mlx.row import Decoded
from lwd.asr.mlx.vocabulary import Vocabulary
from lwd.asr.types import SAMPLE_RATE, Samples, Word

_POSITION_S = SAMPLES_PER_POSITION / SAMPLE_RATE

_ECHO_SHARE = 0.25
"""Of the time of a phrase: nobody says it again in less."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a model's attention tells the times of words.

    `heads` are (layer, head) of those that follow the audio, or None where nobody has named them.
    They follow it some `lag_ms` behind, another time in each model. Where words are not `aligned`,
    a window's time is shared out over its tokens.
    """

    heads: Sequence[tuple[int, int]] | None = None
    lag_ms: int = 0
    aligned: bool = True


def words(
    decoded: Decoded, language: str, samples: Samples, vocabulary: Vocabulary, alignment: Alignment
) -> Iterator[Word]:
    """The words of a window, in order, with times inside it that never go back.

    What the decoder wrote twice and was said once is there once.
    """
    if not decoded.tokens:
        return
    duration_s = len(samples) / SAMPLE_RATE
    if alignment.aligned:
        times_s = _token_times_s(decoded, duration_s, alignment.lag_ms / 1000)
        loud = loud_frames(samples)
    else:
        times_s = np.linspace(0.0, duration_s, len(decoded.tokens) + 1)
        loud = np.zeros(0, dtype=bool)
    probabilities = np.exp(decoded.log_probabilities)
    said = decoded.tokens[: _n_said(decoded.tokens, times_s)]
    for word in vocabulary.split_words(said, language):
        start_s, end_s = trim(float(times_s[word.first]), float(times_s[word.end]), loud)
        probability = float(probabilities[word.first : word.end].mean())
        tokens = tuple(said[word.first : word.end])
        yield Word(word.text, start_s, end_s, probability, tokens)


def _token_times_s(decoded: Decoded, duration_s: float, lag_s: float) -> NDArray[np.float64]:
    """Start of each token and end of the last, in seconds from the window's start."""
    positions = max(1, round(duration_s / _POSITION_S))
    attention = np.stack(decoded.attention)[:, :, :positions]
    starts = token_starts(attention)[decoded.n_spoken :]
    if len(starts) == len(decoded.tokens):
        # Stopped early: the end token was never reached, so the audio's end stands for it.
        starts = np.append(starts, positions)
    times_s: NDArray[np.float64] = np.clip(starts * _POSITION_S - lag_s, 0.0, duration_s)
    return times_s


def _n_said(tokens: Sequence[int], times_s: NDArray[np.float64]) -> int:
    """How many tokens stand before a last phrase that is but the decoder's echo of the one before."""
    n, end = loop_tokens(tokens, copies=2), len(tokens)
    # To the last token's start: its end takes in the silence that follows.
    once_s = times_s[end - n - 1] - times_s[end - 2 * n]
    again_s = times_s[end - 1] - times_s[end - n]
    return end - n if again_s < _ECHO_SHARE * once_s else end
