"""From Whisper's pieces to the words of a result: every step of the text, in its order. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lwd.protocol.messages import Entity, SearchResult, Word
from lwd.text.dictation import dictate
from lwd.text.entities import find_entities
from lwd.text.fillers import without_fillers
from lwd.text.numbers import write_numbers
from lwd.text.pieces import Piece, join_pieces
from lwd.text.profanity import mask_profanity
from lwd.text.redaction import Redactor, Told
from lwd.text.replacements import Replacements
from lwd.text.search import search
from lwd.text.smart_format import smart_format
from lwd.text.written import Written

_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How a client wants its text; the names are those of the parameters."""

    punctuate: bool = False
    smart_format: bool = False
    dictation: bool = False
    filler_words: bool = False
    profanity_filter: bool = False
    redact: frozenset[str] = frozenset()
    replace: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    detect_entities: bool = False
    tell_language: bool = False


@dataclass(frozen=True, slots=True)
class Formatted:
    """A result's words, what was searched in them, and the entities of a final."""

    words: Sequence[Word]
    search: Sequence[SearchResult] | None = None
    entities: Sequence[Entity] | None = None


class TextFormatter:
    """Formats one channel; keeps as much of its finals as redaction needs to go on with them."""

    def __init__(self, options: TextOptions, *, numerals: bool = False) -> None:
        self.numerals = numerals
        self._options = options
        self._redactor = Redactor(options.redact)
        self._replacements = Replacements.parse(options.replace)
        self._told = Told()

    def format(self, pieces: Iterable[Piece], language: str, *, is_final: bool) -> Formatted:
        """One result's text; `language` is a code such as `en`, empty if it is not known."""
        options = self._options
        words: Sequence[Written] = join_pieces(pieces)
        if not options.filler_words:
            words = without_fillers(words, language)
        words = self._write(self._redact(words, language, is_final=is_final), language)
        if options.profanity_filter:
            words = mask_profanity(words, language)
        words = self._replacements.apply(words)
        has_entities = options.detect_entities and is_final
        return Formatted(
            [self._wire(word, language) for word in words],
            search(words, options.search) if options.search else None,
            find_entities(words, language) if has_entities else None,
        )

    def _redact(
        self, words: Sequence[Written], language: str, *, is_final: bool
    ) -> Sequence[Written]:
        if not self._options.redact:
            return words
        if not is_final:
            return self._redactor.interim(words, language, self._told)
        words, self._told = self._redactor.final(words, language, self._told)
        return words

    def _write(self, words: Sequence[Written], language: str) -> Sequence[Written]:
        """Numbers and the like, then the signs that were dictated."""
        if self._options.smart_format:
            words = smart_format(words, language)
        elif self.numerals:
            words = write_numbers(words, language)
        is_dictation = self._options.dictation and self._options.punctuate
        return dictate(words) if is_dictation and language == _ENGLISH else words

    def _wire(self, word: Written, language: str) -> Word:
        return Word(
            word=word.bare,
            start_s=word.start_s,
            end_s=word.end_s,
            confidence=word.probability,
            punctuated_word=word.text if self._options.punctuate else None,
            language=language or None if self._options.tell_language else None,
        )
