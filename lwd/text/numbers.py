"""Numbers that were said in words, in digits: `numerals`. Pure.

Owns which numbers a language without rules of its own has written in digits. text2num knows
eight languages; words in others are left as they are.
"""

import math
from collections.abc import Sequence

from lwd.text.english.numbers import ungroup, write_english_numbers
from lwd.text.rules import rewrite
from lwd.text.spoken import LANGUAGES, Number, Spoken, are_apart, find, has_neighbour, write
from lwd.text.written import Written

# Up to here words like these are as often something else: un, segundo, quarta, sesto.
_LEAST_ALONE = 2
_LEAST_ORDINAL = 10
_LEAST_ROUND = 100
# French "new" and Italian "you are".
_AMBIGUOUS = {"fr": "neuf", "it": "sei"}


def write_numbers(words: Sequence[Written], language: str) -> list[Written]:
    """The words with spoken numbers in digits, without commas: 21, 1999, 3.5, 5th, 2 million.

    `language` is a BCP-47 tag. As at Deepgram, digits said one by one stay words of their own, and
    a number has no commas, even where Whisper wrote them.
    """
    rules = [ungroup] if code_of(language) == "en" else []
    return write_spoken(rewrite(words, rules), language)


def write_spoken(words: Sequence[Written], language: str) -> list[Written]:
    """The words with spoken numbers in digits; what was written in digits stays as it is."""
    code = code_of(language)
    if code == "en":
        return write_english_numbers(words)
    if code not in LANGUAGES:
        return list(words)
    spoken = [Spoken(word.bare, are_apart(words, at)) for at, word in enumerate(words)]
    numbers = find(spoken, code)
    return write(words, [number for number in numbers if _is_meant(number, numbers, words, code)])


def code_of(language: str) -> str:
    """The language of a BCP-47 tag, without its region."""
    return language.partition("-")[0].lower()


def _is_meant(
    number: Number, numbers: Sequence[Number], words: Sequence[Written], code: str
) -> bool:
    if number.is_ordinal:
        return number.value >= _LEAST_ORDINAL
    if number.end - number.start > 1 or has_neighbour(number, numbers, words):
        return True
    return not (
        number.value < _LEAST_ALONE
        or _is_round(number.value)
        or words[number.start].bare == _AMBIGUOUS.get(code)
    )


def _is_round(value: float) -> bool:
    # Thousand thanks, mille grazie: a power of ten by itself is seldom a count.
    return value >= _LEAST_ROUND and math.log10(value).is_integer()
