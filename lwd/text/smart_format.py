"""Entities as people write them: `smart_format`. Pure.

Owns which rules a language has, and their order. English has rules for dates, times, money,
addresses and runs of digits; the other languages have their numbers in digits.
"""

import re
from collections.abc import Sequence

from lwd.text.english.addresses import email, web_address
from lwd.text.english.calendar import date, time_of_day
from lwd.text.english.digits import code, digits
from lwd.text.english.money import change, money, percent
from lwd.text.numbers import code_of, write_spoken
from lwd.text.rules import Rule, rewrite, settle
from lwd.text.written import Written

# The first that fits has its way, so whatever swallows single digits comes last.
_OF_ADDRESSES = (email, web_address)
_OF_DIGITS = (date, time_of_day, money, change, percent, code, digits)

# Most sentences have neither, and interims are formatted many times a second.
_ADDRESS = re.compile(r"\bdot\b|\w\.\w", re.IGNORECASE)
_DIGIT = re.compile(r"[0-9]")


def smart_format(words: Sequence[Written], language: str) -> list[Written]:
    """The words with numbers in digits, and in English with entities as people write them.

    `language` is a BCP-47 tag. Includes `write_numbers`, but commas that Whisper wrote stay.
    """
    if code_of(language) != "en":
        return write_spoken(words, language)
    return settle(words, _format_english)


def _format_english(words: Sequence[Written]) -> list[Written]:
    numbered = write_spoken(words, "en")
    text = " ".join(word.text for word in numbered)
    rules: list[Rule] = []
    if _ADDRESS.search(text):
        rules += _OF_ADDRESSES
    if _DIGIT.search(text):
        rules += _OF_DIGITS
    return rewrite(numbered, rules)
