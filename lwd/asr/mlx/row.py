"""One row of a batch: what it has said, what it feeds next, and what of that it keeps. Pure.

A row may bring a draft, the tokens of an earlier hypothesis, or go on by guesses. One pass of the
decoder over such tokens tells what the model would say after each; the longest run on which both
agree is kept, and decoding goes on from the first disagreement. Where the text comes back to the
draft, the rest of the draft is tried again. So neither ever changes a token (speculative decoding,
https://arxiv.org/abs/2211.17192).

A row may also lean to keyterms. What leads to none after all is taken back (see `bias.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lwd.asr.mlx.bias import NO_BIAS, Bias, Leaning, Trial
from lwd.asr.mlx.choose import Choice
from lwd.asr.mlx.guards import Alarm, loop_tokens

_MOST_GUESSES = 8

_REJOIN_TOKENS = 8
"""How far ahead the draft is searched for the text after a disagreement."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to decode for one row of the audio.

    `prefix` are the tokens before the text, the start of the transcript the first of them. The
    text goes on after the `spoken` tokens, which stand. A loop is stopped when so many `copies` of
    it have been said. Above temperature 0 tokens are sampled.
    """

    prefix: Sequence[int]
    max_tokens: int
    spoken: Sequence[int] = ()
    draft: Sequence[int] = ()
    copies: int = 2
    temperature: float = 0.0
    bias: Bias = NO_BIAS
    is_wanted: Callable[[], bool] = lambda: True


@dataclass(slots=True)
class Decoded:
    """One row: its tokens without the end token, and what the decoder thought of them.

    `attention` has a row for each of the `n_spoken` tokens before these, for each of these, and for
    the end, where it was reached: where the alignment heads looked while that token was chosen,
    (heads, positions) each.
    """

    row: int
    temperature: float
    n_spoken: int = 0
    no_speech_probability: float = 0.0
    tokens: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    attention: list[NDArray[np.float32]] = field(default_factory=list)
    alarm: Alarm | None = None

    @property
    def average_log_probability(self) -> float:
        """Mean over the tokens and the end token, as Whisper reckons it."""
        return sum(self.log_probabilities) / max(1, len(self.log_probabilities))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A keyterm that is being said since the token at `at`, and what else to say there."""

    at: int
    instead: Choice
    trial: Trial


class Row:
    """Where one row is: what it has said, what it feeds next, and what is left of its draft."""

    def __init__(self, row: int, request: Request, end: int) -> None:
        self.request = request
        self.decoded = Decoded(row, request.temperature, len(request.spoken))
        self.end = end
        self.has_ended = False
        self._was_told = False
        self._pending = [*request.prefix, *request.spoken]
        self._draft = self._tried = list(request.draft[: request.max_tokens])
        self._tried_at = 0
        self._guesses: list[int] = []
        self._attempt: _Attempt | None = None

    @property
    def is_live(self) -> bool:
        """Whether the row has to be decoded on."""
        return not self.has_ended and self.request.is_wanted()

    def has_just_ended(self) -> bool:
        """Whether the row's text is complete; true once."""
        told, self._was_told = self._was_told, self.has_ended
        return self.has_ended and not told

    def feed(self) -> list[int]:
        """Tokens for this step: those the cache lacks, then the draft and guesses to be verified."""
        return [*self._pending, *self._tried, *self._guesses]

    @property
    def may_guess(self) -> bool:
        """Whether decoding may go on by guesses: greedily, and not where there is a draft."""
        if self.has_ended:
            return True
        is_greedy = bool(self.decoded.tokens) and not self._tried and not self.request.temperature
        is_drafted = self._guesses[-1:] and self._guesses[-1] in self._draft[:_REJOIN_TOKENS]
        has_room = len(self._guesses) < _MOST_GUESSES
        return is_greedy and not is_drafted and has_room and self.request.is_wanted()

    def guess(self, token: int) -> None:
        """Go on as if that were the next token, until it is verified."""
        self._guesses.append(token)

    def asked(self) -> range:
        """Positions of the fed tokens after which the next token is wanted."""
        return range(0) if self.has_ended else range(len(self._pending) - 1, len(self.feed()))

    def begins_after(self, position: int) -> bool:
        """Whether the token after a fed one is the first of the text."""
        is_first = not self.decoded.tokens and not self.request.spoken
        return is_first and position == len(self._pending) - 1

    def leaning_after(self, position: int) -> Leaning:
        """What to lean to after a fed token."""
        n_tried = position - len(self._pending) + 1
        return self.request.bias.after([*self._text, *self._tried_and_guessed[:n_tried]])

    def accept(self, choices: Sequence[Choice], attention: NDArray[np.float32]) -> int:
        """Take the tokens after each asked position up to the draft's first wrong one.

        `attention` is (heads, fed tokens, audio positions). Returns how many of the fed tokens
        stand in the text; fewer than none when the text went back to before them.
        """
        if self.has_ended:
            self._guesses = []
            return 0
        first = len(self._pending) - 1
        if not self.decoded.attention:
            n_spoken = len(self.request.spoken)
            self.decoded.attention += [attention[:, first - n] for n in range(n_spoken, 0, -1)]
        agreed, n_cached = 0, self._n_cached
        expected = self._tried_and_guessed
        for n, choice in enumerate(choices):
            goes_on = self._take(choice, attention[:, first + n])
            if not goes_on or n == len(expected) or choice.token != expected[n]:
                break
            agreed += 1
        self._guesses = []
        if self.has_ended:
            self._pending, self._tried = [self.end], []
            return 0
        if n_right := min(agreed, len(self._tried)):
            self._draft = self._draft[self._tried_at + n_right :]
        self._pending = self.decoded.tokens[-1:]
        self._rejoin(self._pending[0], was_right=n_right > 0)
        return self._n_cached - n_cached

    @property
    def _tried_and_guessed(self) -> list[int]:
        return [*self._tried, *self._guesses]

    @property
    def _text(self) -> list[int]:
        return [*self.request.spoken, *self.decoded.tokens]

    @property
    def _n_cached(self) -> int:
        """Tokens of this row that the cache holds."""
        return len(self.request.prefix) + len(self._text) - len(self._pending)

    def _rejoin(self, token: int, *, was_right: bool) -> None:
        """Try the draft again after the token, if it is not far ahead.

        A draft that was right up to here most likely has just one wrong token in its place.
        """
        ahead = self._draft[:_REJOIN_TOKENS]
        if token in ahead:
            self._tried_at = ahead.index(token) + 1
        else:
            self._tried_at = 1 if was_right else len(self._draft)
        self._tried = self._draft[self._tried_at :]

    def _take(self, choice: Choice, attention: NDArray[np.float32]) -> bool:
        """Say a choice, or take a keyterm back because of it; whether the text goes on after it."""
        if self._attempt and (stands := self._attempt.trial.stands(choice.token)) is not None:
            attempt, self._attempt = self._attempt, None
            if not stands:
                self._take_back(attempt)
                return False
        if choice.instead and not self._attempt:
            trial = self.request.bias.trial(self._text, choice.token)
            self._attempt = _Attempt(len(self.decoded.tokens), choice.instead, trial)
        self._say(choice.token, choice.log_probability, attention)
        return not self.has_ended

    def _take_back(self, attempt: _Attempt) -> None:
        attention = self.decoded.attention[len(self.request.spoken) + attempt.at]
        self._drop(len(self.decoded.tokens) - attempt.at)
        self._say(attempt.instead.token, attempt.instead.log_probability, attention)

    def _say(self, token: int, log_probability: float, attention: NDArray[np.float32]) -> None:
        decoded = self.decoded
        decoded.log_probabilities.append(log_probability)
        decoded.attention.append(attention)
        if token == self.end:
            self.has_ended = True
            return
        decoded.tokens.append(token)
        if extra := loop_tokens(decoded.tokens, self.request.copies):
            self._stop(Alarm.LOOP, extra)
        elif len(decoded.tokens) >= self.request.max_tokens:
            self._stop(Alarm.TOO_LONG, 0)

    def _stop(self, alarm: Alarm, extra: int) -> None:
        """End the row without its last `extra` tokens."""
        self.has_ended = True
        self.decoded.alarm = alarm
        self._drop(extra)

    def _drop(self, n: int) -> None:
        """Take back the last `n` tokens."""
        if n:
            for of_token in (
                self.decoded.tokens,
                self.decoded.log_probabilities,
                self.decoded.attention,
            ):
                del of_token[-n:]
