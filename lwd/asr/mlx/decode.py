"""Decoding of a batch of windows whose rows do not go in step."""

from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter

import mlx.core as mx
import numpy as np

from lwd.asr.mlx.bias import Leaning
from lwd.asr.mlx.cache import TokenCache
from lwd.asr.mlx.choose import Choice, choose
from lwd.asr.mlx.elementwise import logsumexp
from lwd.asr.mlx.model import AudioCache, WhisperModel
from lwd.asr.mlx.row import Decoded, Request, Row
from lwd.asr.mlx.shortlist import Shortlist
from lwd.asr.mlx.vocabulary import Vocabulary

_NEVER = -1e9
_CHUNK = 64
"""Most positions whose scores of the whole vocabulary are held at once."""


class Decoder:
    """Decodes batches with one model, and by guesses where there is a shortlist."""

    def __init__(
        self, model: WhisperModel, vocabulary: Vocabulary, shortlist: Shortlist | None = None
    ) -> None:
        self._model = model
        self._shortlist = shortlist
        self._vocabulary = vocabulary
        self._always = self._penalty(vocabulary.suppressed)
        self._first = self._penalty(vocabulary.suppressed_first)

    def decode(self, audio: AudioCache, requests: Sequence[Request]) -> Iterator[Decoded]:
        """Yield each row when it ends; rows that are no longer wanted end without being yielded."""
        rows = [Row(i, request, self._vocabulary.end) for i, request in enumerate(requests)]
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

    def _step(self, rows: Sequence[Row], audio: AudioCache, cache: TokenCache) -> None:
        """One pass of the decoder over what each row has to feed, and more for as long as they guess."""
        is_first = not cache.lengths.any()
        hidden, attention = self._pass([row.feed() for row in rows], audio, cache)
        if is_first:
            self._hear_silence(rows, hidden)
        while guesses := self._guess(rows, hidden):
            for row, guess in zip(rows, guesses, strict=True):
                row.guess(guess)
            further = self._pass([[guess] for guess in guesses], audio, cache)
            hidden, attention = (
                mx.concatenate([hidden, further[0]], axis=1),
                mx.concatenate([attention, further[1]], axis=2),
            )
        fed = [len(row.feed()) for row in rows]
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
        cache.keep(0, [stand - n for stand, n in zip(kept, fed, strict=True)])

    def _pass(
        self, feeds: Sequence[Sequence[int]], audio: AudioCache, cache: TokenCache
    ) -> tuple[mx.array, mx.array]:
        """The hidden states and the attention of the model after it was fed these tokens."""
        sizes = [len(feed) for feed in feeds]
        tokens = np.zeros((len(feeds), max(sizes)), dtype=np.int32)
        for i, feed in enumerate(feeds):
            tokens[i, : len(feed)] = feed
        positions, mask = cache.block(sizes)
        after = self._model.decode(mx.array(tokens), positions, mask, audio, cache)
        cache.keep(tokens.shape[1], sizes)
        return after

    def _guess(self, rows: Sequence[Row], hidden: mx.array) -> list[int]:
        """The next token of each row, if it is worth while to go on by it; else none."""
        if self._shortlist is None or not all(row.may_guess for row in rows):
            return []
        guesses = [
            row.end if row.has_ended else guess
            for row, guess in zip(rows, self._shortlist.guess(hidden[:, -1]), strict=True)
        ]
        return [] if None in guesses else [guess for guess in guesses if guess is not None]

    def _hear_silence(self, rows: Sequence[Row], hidden: mx.array) -> None:
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
