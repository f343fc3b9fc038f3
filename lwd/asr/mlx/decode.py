"""Decoding of a batch of windows whose rows do not go in step.

A row may bring a draft, the tokens of an earlier hypothesis. One pass of the decoder over the draft
tells what the model would say after each of its tokens; the longest run on which both agree is
kept, and decoding goes on from the first disagreement. Where the text comes back to the draft, the
rest of the draft is tried again. So a draft saves passes and never changes a token
(speculative decoding with a free draft, https://arxiv.org/abs/2211.17192).

A row may also lean to keyterms. What leads to none after all is taken back (see `bias.py`).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from lwd.asr.mlx.bias import NO_BIAS, Bias, Leaning, Trial
from lwd.asr.mlx.cache import TokenCache
from lwd.asr.mlx.choose import Choice, choose
from lwd.asr.mlx.elementwise import logsumexp
from lwd.asr.mlx.guards import Alarm, loop_tokens
from lwd.asr.mlx.model import AudioCache, WhisperModel
from lwd.asr.mlx.vocabulary import Vocabulary

_NEVER = -1e9
_CHUNK = 64
"""Most positions whose scores of the whole vocabulary are held at once."""

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


class Decoder:
    """Decodes batches with one model."""

    def __init__(self, model: WhisperModel, vocabulary: Vocabulary) -> None:
        self._model = model
        self._vocabulary = vocabulary
        self._always = self._penalty(vocabulary.suppressed)
        self._first = self._penalty(vocabulary.suppressed_first)

    def decode(self, audio: AudioCache, requests: Sequence[Request]) -> Iterator[Decoded]:
        """Yield each row when it ends; rows that are no longer wanted end without being yielded."""
        rows = [_Row(i, request, self._vocabulary.end) for i, request in enumerate(requests)]
        cache = TokenCache(self._model.dims.n_text_layer, len(rows))
        while any(row.is_live for row in rows):
            self._step(rows, audio, cache)
            for row in rows:
                if row.has_just_ended():
                    yield row.decoded
            live = [i for i, row in enumerate(rows) if row.is_live]
            # Taking rows out copies the others, which costs more than carrying a few along.
            if live and 2 * len(live) <= len(rows):
                rows = [rows[i] for i in live]
                audio = audio.rows(live)
                cache.keep_rows(live)

    def detect_languages(
        self, audio: AudioCache, among: Sequence[Collection[str]]
    ) -> list[tuple[str, float]]:
        """Each row's most probable language among those that it may be, with its probability.

        Section 2.3 of the Whisper paper.
        """
        n = audio.keys[0].shape[0]
        start = mx.full((n, 1), self._vocabulary.start, dtype=mx.int32)
        cache = TokenCache(self._model.dims.n_text_layer, n)
        positions, mask = cache.block([1] * n)
        hidden, _ = self._model.decode(start, positions, mask, audio, cache)
        scores = self._model.logits(hidden[:, 0])[:, mx.array(self._vocabulary.language_tokens)]
        probabilities = np.asarray(mx.softmax(scores, axis=-1))
        rows = [
            {
                language: float(p)
                for language, p in zip(self._vocabulary.languages, row, strict=True)
            }
            for row in probabilities
        ]
        return [
            max((item for item in row.items() if item[0] in allowed), key=itemgetter(1))
            for row, allowed in zip(rows, among, strict=True)
        ]

    def _step(self, rows: Sequence["_Row"], audio: AudioCache, cache: TokenCache) -> None:
        """One pass of the decoder over what each row has to feed."""
        is_first = not cache.lengths.any()
        feeds = [row.feed() for row in rows]
        tokens = np.zeros((len(rows), max(map(len, feeds))), dtype=np.int32)
        for i, feed in enumerate(feeds):
            tokens[i, : len(feed)] = feed
        positions, mask = cache.block([len(feed) for feed in feeds])
        hidden, attention = self._model.decode(mx.array(tokens), positions, mask, audio, cache)
        if is_first:
            self._hear_silence(rows, hidden)
        asked = [(i, j) for i, row in enumerate(rows) for j in row.asked()]
        choices = self._choose(
            hidden,
            asked,
            temperatures=[rows[i].request.temperature for i, _ in asked],
            begins=[rows[i].begins_after(j) for i, j in asked],
            leanings=[rows[i].leaning_after(j) for i, j in asked],
        )
        looked = np.asarray(attention)
        kept = []
        for i, row in enumerate(rows):
            of_row = [choice for (at, _), choice in zip(asked, choices, strict=True) if at == i]
            kept.append(row.accept(of_row, looked[i]))
        cache.keep(tokens.shape[1], kept)

    def _hear_silence(self, rows: Sequence["_Row"], hidden: mx.array) -> None:
        logits = self._model.logits(hidden[:, 0])
        silence = mx.exp(logits[:, self._vocabulary.no_speech] - logsumexp(logits))
        for row, probability in zip(rows, np.asarray(silence), strict=True):
            row.decoded.no_speech_probability = float(probability)

    def _choose(
        self,
        hidden: mx.array,
        asked: Sequence[tuple[int, int]],
        temperatures: Sequence[float],
        begins: Sequence[bool],
        leanings: Sequence[Leaning],
    ) -> list[Choice]:
        """What comes next after each (row, position) of the hidden states.

        A text `begins` where the blank and the end may not come next.
        """
        choices: list[Choice] = []
        for start in range(0, len(asked), _CHUNK):
            part = slice(start, start + _CHUNK)
            chunk = np.asarray(asked[part])
            logits = self._model.logits(hidden[mx.array(chunk[:, 0]), mx.array(chunk[:, 1])])
            logits = logits + self._always
            if any(some := begins[part]):
                logits = logits + mx.array(list(some))[:, None] * self._first
            choices += choose(logits, temperatures[part], leanings[part], self._vocabulary.end)
        return choices

    def _penalty(self, tokens: Sequence[int]) -> mx.array:
        penalty = np.zeros(self._model.dims.n_vocab, dtype=np.float32)
        penalty[[token for token in tokens if token < len(penalty)]] = _NEVER
        return mx.array(penalty)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A keyterm that is being said since the token at `at`, and what else to say there."""

    at: int
    instead: Choice
    trial: Trial


class _Row:
    """Where one row is: what it has said, what it feeds next, and what is left of its draft."""

    def __init__(self, row: int, request: Request, end: int) -> None:
        self.request = request
        self.decoded = Decoded(row, request.temperature, len(request.spoken))
        self._end = end
        self._has_ended = False
        self._was_told = False
        self._pending = [*request.prefix, *request.spoken]
        self._draft = self._tried = list(request.draft[: request.max_tokens])
        self._tried_at = 0
        self._attempt: _Attempt | None = None

    @property
    def is_live(self) -> bool:
        """Whether the row has to be decoded on."""
        return not self._has_ended and self.request.is_wanted()

    def has_just_ended(self) -> bool:
        """Whether the row's text is complete; true once."""
        told, self._was_told = self._was_told, self._has_ended
        return self._has_ended and not told

    def feed(self) -> list[int]:
        """Tokens for the next pass: those the cache lacks, then the draft to be verified."""
        return [self._end] if self._has_ended else [*self._pending, *self._tried]

    def asked(self) -> range:
        """Positions of the fed tokens after which the next token is wanted."""
        return range(0) if self._has_ended else range(len(self._pending) - 1, len(self.feed()))

    def begins_after(self, position: int) -> bool:
        """Whether the token after a fed one is the first of the text."""
        is_first = not self.decoded.tokens and not self.request.spoken
        return is_first and position == len(self._pending) - 1

    def leaning_after(self, position: int) -> Leaning:
        """What to lean to after a fed token."""
        n_tried = position - len(self._pending) + 1
        return self.request.bias.after([*self._text, *self._tried[:n_tried]])

    def accept(self, choices: Sequence[Choice], attention: NDArray[np.float32]) -> int:
        """Take the tokens after each asked position up to the draft's first wrong one.

        `attention` is (heads, fed tokens, audio positions). Returns how many of the fed tokens
        stand in the text; fewer than none when the text went back to before them.
        """
        if self._has_ended:
            return 0
        first = len(self._pending) - 1
        if not self.decoded.attention:
            n_spoken = len(self.request.spoken)
            self.decoded.attention += [attention[:, first - n] for n in range(n_spoken, 0, -1)]
        agreed, n_cached = 0, self._n_cached
        for n, choice in enumerate(choices):
            goes_on = self._take(choice, attention[:, first + n])
            if not goes_on or n == len(self._tried) or choice.token != self._tried[n]:
                break
            agreed += 1
        if self._has_ended:
            return 0
        if agreed:
            self._draft = self._draft[self._tried_at + agreed :]
        self._pending = self.decoded.tokens[-1:]
        self._rejoin(self._pending[0], was_right=agreed > 0)
        return self._n_cached - n_cached

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
        return not self._has_ended

    def _take_back(self, attempt: _Attempt) -> None:
        attention = self.decoded.attention[len(self.request.spoken) + attempt.at]
        self._drop(len(self.decoded.tokens) - attempt.at)
        self._say(attempt.instead.token, attempt.instead.log_probability, attention)

    def _say(self, token: int, log_probability: float, attention: NDArray[np.float32]) -> None:
        decoded = self.decoded
        decoded.log_probabilities.append(log_probability)
        decoded.attention.append(attention)
        if token == self._end:
            self._has_ended = True
            return
        decoded.tokens.append(token)
        if extra := loop_tokens(decoded.tokens, self.request.copies):
            self._stop(Alarm.LOOP, extra)
        elif len(decoded.tokens) >= self.request.max_tokens:
            self._stop(Alarm.TOO_LONG, 0)

    def _stop(self, alarm: Alarm, extra: int) -> None:
        """End the row without its last `extra` tokens."""
        self._has_ended = True
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
