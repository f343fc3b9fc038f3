"""Whisper's pieces of text become words.

Owns which pieces belong together. It knows no audio and no language; letters, marks and digits are
Unicode's.

Whisper writes `" twenty"`, `"-one"`, `","`: a space begins a word where the script has spaces.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from lwd.text.written import SPOKEN_SIGNS, Written, bare_word

# Without a space before them these go on with the word: twenty-one, 10,000, 3.5, l'eau, 50%.
_JOINERS = frozenset("-'’.,:/_") | SPOKEN_SIGNS
_OPENING_CATEGORIES = frozenset({"Ps", "Pi"})
_INVERTED = frozenset("¿¡")
_QUOTES = frozenset("\"'")


class Piece(Protocol):
    """A piece of a transcript with its time; `probability` is that of its tokens."""

    @property
    def text(self) -> str:
        """As Whisper wrote it, with the space before it."""

    @property
    def start_s(self) -> float:
        """On the stream's clock."""

    @property
    def end_s(self) -> float:
        """On the stream's clock."""

    @property
    def probability(self) -> float:
        """From 0 to 1."""


def join_pieces(pieces: Iterable[Piece]) -> list[Written]:
    """The words that the pieces make.

    Every word has a bare form that is not empty: punctuation that stands alone joins the word
    that it belongs to, and is dropped where there is none.
    """
    words: list[Written] = []
    opening = ""
    for piece in pieces:
        written = piece.text.strip()
        if not bare_word(written):
            if not words or _opens(piece.text):
                opening += written
            else:
                words[-1] = replace(words[-1], text=words[-1].text + written)
        elif words and not opening and _continues(piece.text):
            words[-1] = _extended(words[-1], piece)
        else:
            words.append(Written(opening + written, piece.start_s, piece.end_s, piece.probability))
            opening = ""
    if words and opening:
        words[-1] = replace(words[-1], text=words[-1].text + opening)
    return words


def _extended(word: Written, piece: Piece) -> Written:
    return replace(
        word,
        text=word.text + piece.text.rstrip(),
        end_s=piece.end_s,
        probability=min(word.probability, piece.probability),
    )


def _opens(punctuation: str) -> bool:
    # A straight quote opens or closes: Whisper puts a space before the one that opens.
    last = punctuation.rstrip()[-1:]
    if last in _QUOTES:
        return punctuation.startswith(" ")
    return last in _INVERTED or unicodedata.category(last or " ") in _OPENING_CATEGORIES


def _continues(text: str) -> bool:
    first = text[:1]
    return first in _JOINERS or (first != "" and unicodedata.category(first)[0] == "M")
