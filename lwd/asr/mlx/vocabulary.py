"""Whisper's tokens: the prefix of a transcription, what may not be said, and text from tokens."""

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

from lwd.asr.mlx.bias import Bias
from lwd.asr.mlx.lightning import get_tokenizer
from lwd.asr.types import Keyterm

_BIASES = 64
"""Keyterms of so many streams are kept as tokens, for each window has them anew."""

_UNSPACED = ("zh", "ja", "th", "lo", "my", "yue")
"""Languages that are written without spaces between words."""


class Vocabulary:
    """The tokens of one model. `languages` are Whisper codes; an English-only model has one."""

    def __init__(self, *, is_multilingual: bool, n_languages: int) -> None:
        self._is_multilingual = is_multilingual
        # An English-only vocabulary still numbers its special tokens after 99 languages.
        self._tokenizer = get_tokenizer(is_multilingual, num_languages=n_languages or 99)
        self.end: int = self._tokenizer.eot
        self.start: int = self._tokenizer.sot
        self.no_speech: int = self._tokenizer.no_speech
        self.bias = lru_cache(_BIASES)(self._bias)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that the model knows, in the order of `language_tokens`."""
        if not self._is_multilingual:
            return ("en",)
        return tuple(self._tokenizer.all_language_codes)

    @cached_property
    def language_tokens(self) -> tuple[int, ...]:
        """The token of each language."""
        return tuple(self._tokenizer.all_language_tokens)

    def prefix(self, language: str) -> list[int]:
        """Tokens that begin a transcription without timestamps."""
        if not self._is_multilingual:
            return [self.start, self._tokenizer.no_timestamps]
        language_token = self._tokenizer.to_language_token(language)
        return [
            self.start,
            language_token,
            self._tokenizer.transcribe,
            self._tokenizer.no_timestamps,
        ]

    def _bias(self, keyterms: tuple[Keyterm, ...], language: str) -> Bias:
        """What leans to keyterms in a transcription in this language."""
        is_spaced = language not in _UNSPACED
        terms = [
            (self._encode(" " * is_spaced + spelling), keyterm.boost)
            for keyterm in keyterms
            for spelling in _spellings(keyterm.term.strip())
        ]
        return Bias(terms, self._goes_on if is_spaced else _never)

    def _encode(self, text: str) -> list[int]:
        """Tokens of a client's text, in which "<|endoftext|>" is text like any other."""
        return list(self._tokenizer.encode(text, disallowed_special=()))

    def _goes_on(self, token: int) -> bool:
        """Whether a token goes on with the word before it."""
        return token < self.end and self.text([token])[:1].isalnum()

    @cached_property
    def suppressed(self) -> list[int]:
        """Tokens that are no speech: annotations, special tokens and timestamps."""
        special = range(self.end + 1, self._tokenizer.timestamp_begin + 1501)
        return sorted({*self._tokenizer.non_speech_tokens, *special})

    @cached_property
    def suppressed_first(self) -> list[int]:
        """Tokens that may not begin a transcription: the blank and the end."""
        return [*self._tokenizer.encode(" "), self.end]

    def text(self, tokens: Sequence[int]) -> str:
        """The text of a transcription."""
        return str(self._tokenizer.decode(list(tokens)))

    def split_words(self, tokens: Sequence[int], language: str) -> list["WordTokens"]:
        """The words of a transcription in order; together they hold every token.

        Scripts without spaces are split at every character that the tokens complete.
        """
        self._tokenizer.language = language
        texts, parts = self._tokenizer.split_to_word_tokens([*tokens])
        ends = accumulate(len(part) for part in parts)
        return [
            WordTokens(text, end - len(part), end)
            for text, part, end in zip(texts, parts, ends, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class WordTokens:
    """A word or a mark, with the space before it, and its tokens [first, end)."""

    text: str
    first: int
    end: int


def _spellings(term: str) -> Iterable[str]:
    """A term as it is given, and as it is written at the start of a sentence or as a name."""
    capitalised = term[:1].upper() + term[1:]
    name = string.capwords(term) if term.islower() else term
    return filter(None, dict.fromkeys([term, capitalised, name]))


def _never(_: int) -> bool:
    return False
