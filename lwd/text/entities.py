"""What of a transcript is a number, a date, money, an address on the net. Pure.

Rules on the text, with numbers in words taken for digits; none of them knows a name or a place.
Labels are Deepgram's: https://developers.deepgram.com/docs/supported-entity-types.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lwd.protocol.messages import Entity
from lwd.text.digits import Run, Said, digits_said, numbers_spoken, runs
from lwd.text.written import Written, split_marks

_MONTH = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_WEEKDAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:1[5-9]|20) ?\d\d)"
_CALENDAR = "|".join(
    (
        rf"{_MONTH} {_DAY},? {_YEAR}",
        rf"{_MONTH},? {_YEAR}",
        rf"{_MONTH} {_DAY}",
        rf"{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?",
        r"\d{1,2}/\d{1,2}/(?:\d{4}|\d\d)",
        r"\d{1,2}\.\d{1,2}\.\d{4}",
        r"\d{4}-\d\d-\d\d",
    )
)
_SCALES = ("hundred", "thousand", "million", "billion", "trillion")
_AMOUNT = rf"\d+(?:,\d{{3}})*(?:\.\d+)?(?: (?:{'|'.join(_SCALES)}))?"
_CURRENCY = "(?:dollars?|euros?|pounds?(?! of)|cents?|bucks?)"
_HALF = r"[ap]\.?m\b\.?"
_DOMAIN = r"(?:[\w-]+\.)+"
_PATH = r"(?:/[^\s,]*[\w/])?"

_CARD_DIGITS = range(13, 20)
_SSN_GROUPS = [3, 2, 4]
_PHONE_DIGITS = 10
_LOCAL_PHONE_GROUPS = [3, 4]
_FOREIGN_PHONE_DIGITS = range(8, 16)
_OF_NO_PHONE = re.compile(r"[,;:/%$€£¥₹]|illion")

# The first that fits has the words.
_RULES = [
    (label, re.compile(rule, re.IGNORECASE))
    for label, rule in (
        ("EMAIL_ADDRESS", rf"[\w.+-]+@{_DOMAIN}[a-z]{{2,}}"),
        ("URL", rf"(?:https?://|www\.){_DOMAIN}[a-z]{{2,}}{_PATH}"),
        ("URL", rf"{_DOMAIN}(?:com|org|net|edu|gov|io|ai|dev|app|uk|de|fr|es|it|eu){_PATH}"),
        ("IP_ADDRESS", r"\d{1,3}(?:\.\d{1,3}){3}"),
        ("MONEY", rf"[$€£¥₹]{_AMOUNT}|{_AMOUNT}(?:[€£$¥₹]| {_CURRENCY}(?: and \d\d? cents?)?)"),
        ("PERCENT", rf"{_AMOUNT} ?(?:%|percent|per cent)"),
        ("DATE", rf"(?:{_WEEKDAY},? )?(?:{_CALENDAR})|{_WEEKDAY}"),
        ("TIME", rf"\d\d?:\d\d(?::\d\d)?(?: ?{_HALF})?|\d\d?(?: \d\d)? ?{_HALF}|\d\d? o['’]clock"),
        ("ORDINAL", r"\d+(?:st|nd|rd|th)"),
        ("CARDINAL", rf"-?{_AMOUNT}"),
    )
]

LABELS = frozenset({"CREDIT_CARD", "PHONE_NUMBER", "SSN"} | {label for label, _ in _RULES})
"""Everything that is found."""


class _Span(NamedTuple):
    """Words that name something, by index."""

    label: str
    start: int
    end: int


class _Piece(NamedTuple):
    """A stretch of the text that was searched: where it and its core lie, and of which words."""

    start: int
    core_start: int
    core_end: int
    end: int
    first_word: int
    end_word: int


def find_entities(words: Sequence[Written], language: str) -> list[Entity]:
    """What the words name, in order, no word in two; `language` is a code such as `en`.

    An entity is as probable as the least of its words.
    """
    found: list[_Span] = []
    taken: set[int] = set()
    for span in _spans(words, language):
        if taken.isdisjoint(range(span.start, span.end)):
            taken.update(range(span.start, span.end))
            found.append(span)
    return [
        _entity(span, words[span.start : span.end])
        for span in sorted(found, key=lambda span: span.start)
    ]


def _entity(span: _Span, words: Sequence[Written]) -> Entity:
    value = split_marks(" ".join(word.text for word in words))[1]
    opening = "(" if value.count(")") > value.count("(") else ""
    return Entity(
        label=span.label,
        value=opening + value,
        raw_value=" ".join(word.bare for word in words),
        confidence=min(word.probability for word in words),
        start_word=span.start,
        end_word=span.end,
    )


def _spans(words: Sequence[Written], language: str) -> Iterator[_Span]:
    """Everything that could be named, the more telling first."""
    for run in runs(words, digits_said(words, language), across_marks=False):
        if label := _identifier(words, run):
            yield _Span(label, run.start, run.end)
    text, pieces = _searched(words, numbers_spoken(words, language))
    starts = {at: piece for piece in pieces for at in range(piece.start, piece.core_start + 1)}
    ends = {at: piece for piece in pieces for at in range(piece.core_end, piece.end + 1)}
    for label, rule in _RULES:
        for match in rule.finditer(text):
            first, last = starts.get(match.start()), ends.get(match.end())
            if first and last:
                yield _Span(label, first.first_word, last.end_word)


def _identifier(words: Sequence[Written], run: Run) -> str | None:
    """What a run of digits is, if their number and grouping tell."""
    digits, lengths = run.digits, [len(number.digits) for number in run.said]
    text = split_marks(" ".join(word.text for word in words[run.start : run.end]))[1]
    if len(digits) in _CARD_DIGITS and _has_check_digit(digits):
        return "CREDIT_CARD"
    if lengths == _SSN_GROUPS:
        return "SSN"
    is_phone = (
        len(digits) == _PHONE_DIGITS
        or (len(digits) == _PHONE_DIGITS + 1 and digits.startswith("1"))
        or (len(digits) in _FOREIGN_PHONE_DIGITS and text.startswith("+"))
        or (lengths == _LOCAL_PHONE_GROUPS and "-" in text)
    )
    return "PHONE_NUMBER" if is_phone and not _OF_NO_PHONE.search(text) else None


def _has_check_digit(digits: str) -> bool:
    """Luhn's: every second digit from the right counts double, by its cross sum."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * value, 10)) for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def _searched(words: Sequence[Written], spoken: Iterable[Said]) -> tuple[str, list[_Piece]]:
    """The text of the words with digits for numbers in words, and where its pieces lie."""
    text = ""
    pieces: list[_Piece] = []
    for first, end, core in _cores(words, spoken):
        before, after = split_marks(words[first].text)[0], split_marks(words[end - 1].text)[2]
        start = len(text)
        core_start = start + len(before)
        core_end = core_start + len(core)
        pieces.append(_Piece(start, core_start, core_end, core_end + len(after), first, end))
        text += before + core + after + " "
    return text, pieces


def _cores(words: Sequence[Written], spoken: Iterable[Said]) -> Iterator[tuple[int, int, str]]:
    """Each word, or the words of a number, as indices and as they are searched."""
    numbers = {number.start: number for number in spoken if _is_whole(words, number)}
    index = 0
    while index < len(words):
        number = numbers.get(index)
        end = number.end if number else index + 1
        yield index, end, number.text if number else split_marks(words[index].text)[1]
        index = end


def _is_whole(words: Sequence[Written], number: Said) -> bool:
    """Not the "million" of "5 million", nor "second", which is a time more often than an ordinal."""
    follows_digits = number.start > 0 and words[number.start - 1].bare[-1:].isdigit()
    first = words[number.start].bare
    return first != "second" and not (first in _SCALES and follows_digits)
