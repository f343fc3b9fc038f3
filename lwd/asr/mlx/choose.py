"""The next token of each text: the likeliest, one that is drawn, or one that keyterms lean to."""

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from lwd.asr.mlx.bias import Leaning
from lwd.asr.mlx.elementwise import logsumexp


@dataclass(frozen=True, slots=True)
class Choice:
    """A token with its log-probability, and what to say `instead` when its keyterm is taken back.

    A bonus that decided counts into the log-probability: it stands for what else is known.
    """

    token: int
    log_probability: float
    instead: "Choice | None" = None


def choose(
    logits: mx.array, temperatures: Sequence[float], leanings: Sequence[Leaning], end: int
) -> list[Choice]:
    """Choose by logits (n, n_vocab), with a temperature and a leaning for each row.

    A text that would come to its `end` does so, whatever the leaning.
    """
    scores = _perturbed(logits, temperatures)
    tokens = scores.argmax(axis=-1)
    norms = logsumexp(logits)
    best = mx.take_along_axis(logits, tokens[:, None], axis=-1)[:, 0] - norms
    mx.eval(scores, tokens, best, norms)
    rows = zip(np.asarray(tokens).tolist(), np.asarray(best).tolist(), strict=True)
    choices = [Choice(token, log_probability) for token, log_probability in rows]
    for n, (choice, leaning) in enumerate(zip(choices, leanings, strict=True)):
        if len(leaning.tokens) and choice.token != end:
            row = _Row(
                np.asarray(logits)[n],
                np.asarray(scores)[n],
                float(np.asarray(norms)[n]),
                temperatures[n] or 1.0,
            )
            choices[n] = row.lean_away(choice, leaning) or row.lean_to(choice, leaning)
    return choices


def _perturbed(logits: mx.array, temperatures: Sequence[float]) -> mx.array:
    """Scores whose best token is the likeliest, or one drawn at the row's temperature."""
    if not any(temperatures):
        return logits
    scale = mx.array([[1.0 / t if t else 1.0] for t in temperatures])
    drawn = mx.array([[float(t > 0)] for t in temperatures])
    return logits * scale + mx.random.gumbel(logits.shape) * drawn


@dataclass(frozen=True, slots=True)
class _Row:
    """Logits of one position, the scores by which its token is chosen, and the logits' logsumexp."""

    logits: NDArray[np.float32]
    scores: NDArray[np.float32]
    norm: float
    temperature: float

    def lean_to(self, plain: Choice, leaning: Leaning) -> Choice:
        """The best token with its bonus."""
        nats = np.maximum(leaning.nats, 0)
        scores = self.scores[leaning.tokens] + nats / self.temperature
        best = int(scores.argmax())
        token = int(leaning.tokens[best])
        if token == plain.token or scores[best] <= self.scores[plain.token]:
            return plain
        log_probability = min(0.0, float(self.logits[token] + nats[best]) - self.norm)
        return Choice(token, log_probability, plain)

    def lean_away(self, plain: Choice, leaning: Leaning) -> Choice | None:
        """The plain token with what to say instead, if it may begin something unwanted."""
        nats = np.minimum(leaning.nats, 0)
        if not nats[leaning.tokens == plain.token].any():
            return None
        loss = np.zeros_like(self.logits)
        loss[leaning.tokens] = nats
        other = int((self.scores + loss / self.temperature).argmax())
        if other == plain.token:
            return None
        probabilities = np.exp(self.logits + loss - self.norm)
        log_probability = float(np.log(probabilities[other] / probabilities.sum()))
        return Choice(plain.token, plain.log_probability, Choice(other, log_probability))
