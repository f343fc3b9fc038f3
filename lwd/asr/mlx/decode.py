"""Greedy decoding of a batch of windows, row by row as they finish."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from lwd.asr.mlx.model import CrossAttention, WhisperModel
from lwd.asr.mlx.vocabulary import Vocabulary

_NEVER = -1e9


@dataclass(slots=True)
class Decoded:
    """One row: its tokens without the end token, and what the decoder thought of them.

    `attention` has one row for each token and one for the end: where the alignment heads looked
    while that token was chosen, shape (tokens + 1, heads, positions).
    """

    row: int
    no_speech_probability: float
    tokens: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    attention: list[NDArray[np.float32]] = field(default_factory=list)
    is_cut_short: bool = False

    @property
    def average_log_probability(self) -> float:
        """Mean over the tokens and the end token, as Whisper reckons it."""
        return sum(self.log_probabilities) / max(1, len(self.log_probabilities))


def detect_languages(
    model: WhisperModel, vocabulary: Vocabulary, audio: CrossAttention
) -> list[str]:
    """The most probable language of each row (section 2.3 of the Whisper paper)."""
    rows = audio.keys[0].shape[0]
    start = mx.full((rows, 1), vocabulary.start, dtype=mx.int32)
    hidden, _ = model.decode(start, audio, model.new_cache())
    scores = model.logits(hidden[:, 0])[:, mx.array(vocabulary.language_tokens)]
    best = np.asarray(scores.argmax(axis=-1))
    return [vocabulary.languages[i] for i in best]


class GreedyDecoder:
    """Decodes batches with one model."""

    def __init__(self, model: WhisperModel, vocabulary: Vocabulary) -> None:
        self._model = model
        self._vocabulary = vocabulary
        self._always = self._penalty(vocabulary.suppressed)
        self._first = self._penalty([*vocabulary.suppressed, *vocabulary.suppressed_first])

    def decode(
        self, audio: CrossAttention, languages: Sequence[str], max_tokens: Sequence[int]
    ) -> Iterator[Decoded]:
        """Yield each row when it ends, by its end token or by its limit of tokens."""
        cache = self._model.new_cache()
        prefix = mx.array([self._vocabulary.prefix(language) for language in languages])
        hidden, attention = self._model.decode(prefix, audio, cache)
        no_speech = self._no_speech(hidden[:, 0])
        running = [Decoded(i, float(p)) for i, p in enumerate(no_speech)]
        penalty = self._first
        while running:
            tokens, log_probabilities = self._choose(hidden[:, -1], penalty)
            mx.eval(tokens, log_probabilities, attention)
            chosen = np.asarray(tokens)
            self._record(running, chosen, np.asarray(log_probabilities), np.asarray(attention))
            goes_on = [self._goes_on(row, chosen[i], max_tokens) for i, row in enumerate(running)]
            yield from (row for row, on in zip(running, goes_on, strict=True) if not on)
            alive = [i for i, on in enumerate(goes_on) if on]
            if len(alive) < len(running):
                running = [running[i] for i in alive]
                if not running:
                    return
                keep = mx.array(alive)
                audio, tokens = audio.rows(keep), tokens[keep]
                cache.keep_rows(keep)
            hidden, attention = self._model.decode(tokens[:, None], audio, cache)
            penalty = self._always

    def _choose(self, hidden: mx.array, penalty: mx.array) -> tuple[mx.array, mx.array]:
        logits = self._model.logits(hidden) + penalty
        best = logits.max(axis=-1)
        return logits.argmax(axis=-1), best - mx.logsumexp(logits, axis=-1)

    def _record(
        self,
        running: Sequence[Decoded],
        tokens: NDArray[Any],
        log_probabilities: NDArray[Any],
        attention: NDArray[Any],
    ) -> None:
        for i, row in enumerate(running):
            row.log_probabilities.append(float(log_probabilities[i]))
            row.attention.append(attention[i])
            if tokens[i] != self._vocabulary.end:
                row.tokens.append(int(tokens[i]))

    def _goes_on(self, row: Decoded, token: int, max_tokens: Sequence[int]) -> bool:
        if token == self._vocabulary.end:
            return False
        row.is_cut_short = len(row.tokens) >= max_tokens[row.row]
        return not row.is_cut_short

    def _no_speech(self, hidden: mx.array) -> NDArray[np.float32]:
        logits = self._model.logits(hidden)
        return np.asarray(
            mx.exp(logits[:, self._vocabulary.no_speech] - mx.logsumexp(logits, axis=-1))
        )

    def _penalty(self, tokens: Sequence[int]) -> mx.array:
        penalty = np.zeros(self._model.dims.n_vocab, dtype=np.float32)
        penalty[[token for token in tokens if token < len(penalty)]] = _NEVER
        return mx.array(penalty)
