"""Guesses at the next token by the commonest tokens alone.

On a CPU more than half of a decoder's pass is the product with the embedding of every token, which
is read from memory each time: 80 MB for Whisper tiny. A sixth of the tokens is nine tenths of what
is said. So decoding goes on by guesses among these, and all are verified by one product: it takes
hardly longer for eight positions than for one, and no token is another for it.
"""

from collections.abc import Collection

import mlx.core as mx
import numpy as np

from lwd.asr.mlx.elementwise import product

_COMMONEST = 8192
"""A byte-pair vocabulary numbers the commonest tokens first."""

_LEAST_PROBABILITY = 0.5
"""Among the shortlist. Of 1,700 tokens guessed above it 95 (base) to 97 (tiny.en) in a hundred were
right, and of those below it two thirds."""


class Shortlist:
    """Some `tokens` of an embedding (n_vocab, width), and the `end`."""

    def __init__(self, embedding: mx.array, tokens: Collection[int], end: int) -> None:
        self._tokens = [*tokens, end]
        self._embedding = mx.contiguous(embedding[mx.array(self._tokens)])
        mx.eval(self._embedding)

    def guess(self, hidden: mx.array) -> list[int | None]:
        """What follows each hidden state (n, width); None where it is the end, or too unsure."""
        scores = np.asarray(product(self._embedding, hidden))
        best = scores.argmax(axis=-1)
        odds = np.exp(scores - scores.max(axis=-1, keepdims=True)).sum(axis=-1)
        is_sure = (odds * _LEAST_PROBABILITY < 1) & (best < len(self._tokens) - 1)
        return [
            self._tokens[at] if sure else None
            for at, sure in zip(best.tolist(), is_sure.tolist(), strict=True)
        ]


def commonest(suppressed: Collection[int]) -> list[int]:
    """The commonest tokens of Whisper's vocabularies, without those that are never said."""
    return sorted({*range(_COMMONEST)}.difference(suppressed))
