"""Numbers in a row of spoken words, as text2num finds them. Pure.

Owns the way to the library and back to words; what a number means is its callers' matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from text_to_num import find_numbers

from lwd.text.written import Written, split_marks, write_as

LANGUAGES = frozenset({"da", "de", "en", "es", "fr", "it", "nl", "pt"})

# People write "2 million", not 2000000.
_MILLIONS = """
    million millions millionen millón millones milhão milhões milione milioni miljoen millioner
"""
_MILLIARDS = """
    billion billions milliard milliards milliarde milliarden bilhão bilhões miliardo miliardi
    miljard milliarder
"""
_SCALES = dict.fromkeys(_MILLIONS.split(), 10**6) | dict.fromkeys(_MILLIARDS.split(), 10**9)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word as the library is to read it.

    `is_apart` from the word before: they make no number together. It may be that a word is none
    `is_number` although it reads like one.
    """

    reading: str
    is_apart: bool
    is_number: bool = True

    def text(self) -> str:
        """For the library."""
        return self.reading

    def nt_separated(self, _previous: "Spoken") -> bool:
        """For the library."""
        return self.is_apart

    def not_a_number_part(self) -> bool:
        """For the library."""
        return not self.is_number


@dataclass(frozen=True, slots=True)
class Number:
    """The words from `start` up to `end`, in digits as the language writes them."""

    start: int
    end: int
    text: str
    value: float
    is_ordinal: bool


def are_apart(words: Sequence[Written], at: int) -> bool:
    """Whether a mark, or nothing, stands between a word and the one before."""
    if at == 0:
        return True
    return bool(split_marks(words[at - 1].text)[2] or split_marks(words[at].text)[0])


def find(spoken: Sequence[Spoken], language: str) -> list[Number]:
    """Every number in the words, in order; `language` is one of `LANGUAGES`."""
    return [
        Number(found.start, found.end, found.text, found.value, found.is_ordinal)
        for found in find_numbers(spoken, language, 0.0)
    ]


def has_neighbour(number: Number, numbers: Iterable[Number], words: Sequence[Written]) -> bool:
    """Whether the word before or after a number belongs to another that is no ordinal."""
    near = [
        number.start if other.end == number.start else other.start
        for other in numbers
        if not other.is_ordinal and (other.end == number.start or other.start == number.end)
    ]
    return any(not are_apart(words, at) for at in near)


def write(words: Sequence[Written], numbers: Iterable[Number]) -> list[Written]:
    """The words with the numbers, in order and apart from each other, in digits."""
    written: list[Written] = []
    at = 0
    for number in numbers:
        written += words[at : number.start]
        written += _in_digits(words[number.start : number.end], number)
        at = number.end
    return [*written, *words[at:]]


def _in_digits(words: Sequence[Written], number: Number) -> list[Written]:
    *front, last = words
    scale = _SCALES.get(last.bare, 0)
    if not scale or not front or any(word.bare in _SCALES for word in front):
        return [write_as(words, number.text)]
    return [write_as(front, f"{int(number.value) // scale}"), last]
