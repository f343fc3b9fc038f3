"""Dates and times of day: "January 5, 2024", "5:30 PM". Pure.

Owns what in a sentence means a month, which numbers ask too. The numbers are in digits already.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from lwd.text.rules import Match, bare_at, vocabulary
from lwd.text.written import Written, is_phrase, merge, split_marks, write_as

_MONTHS = vocabulary(
    """
    january february march april may june july august september october november december
    """
)
# They are verbs too, and Whisper writes months with a capital.
_VERBS = frozenset({"march", "may"})
_SENTENCE_ENDS = frozenset(".?!")
_BEFORE_MONTHS = vocabulary("on in of the by until till since from this next last")

_DAY = re.compile(r"([1-9]|[12][0-9]|3[01])(st|nd|rd|th)?")
_LATER_DAY = re.compile(r"[0-9]+th")
_YEAR = re.compile(r"1[5-9][0-9]{2}|20[0-9]{2}")

_HOUR = re.compile(r"(1[0-2]|[1-9])(?:[:.]([0-5][0-9]))?")
_MINUTES = re.compile(r"[0-5][0-9]")
_MERIDIEMS = {
    ("am",): "AM",
    ("a.m",): "AM",
    ("a", "m"): "AM",
    ("pm",): "PM",
    ("p.m",): "PM",
    ("p", "m"): "PM",
}
# "At five thirty", at the end or before one of these, is a time; "at five fifteen Main Street" is none.
_AFTER_TIMES = vocabulary(
    "in on at and or for every today tomorrow tonight sharp monday tuesday wednesday thursday "
    "friday saturday sunday"
)
_PARTS_OF_DAY = frozenset({"morning", "afternoon", "evening"})
_TIME_ZONES = vocabulary(
    "eastern pacific central mountain est edt pst pdt cst cdt mst mdt utc gmt cet bst"
)


def is_month(words: Sequence[Written], at: int) -> bool:
    """Whether the word at a place, which may lie outside, means a month."""
    bare = bare_at(words, at)
    if bare not in _VERBS:
        return bare in _MONTHS
    # Sentences begin with a capital; "May first" and "march second" may go on otherwise.
    begins = at == 0 or not _SENTENCE_ENDS.isdisjoint(split_marks(words[at - 1].text)[2])
    return (
        (split_marks(words[at].text)[1][0].isupper() and not begins)
        or bare_at(words, at - 1) in _BEFORE_MONTHS
        or bool(_LATER_DAY.fullmatch(bare_at(words, at + 1)))
    )


def date(words: Sequence[Written], at: int) -> Match | None:
    """A rule: January 5th is January 5, January 5 2024 is January 5, 2024."""
    if not is_month(words, at) or not is_phrase(words[at : at + 2]):
        return None
    day = _DAY.fullmatch(bare_at(words, at + 1))
    has_year = bool(_YEAR.fullmatch(bare_at(words, at + 2)))
    if not day or not (day[2] or has_year):
        return None
    _, core, _ = split_marks(words[at].text)
    month = write_as(words[at : at + 1], core.capitalize())
    written_day = write_as(words[at + 1 : at + 2], day[1])
    if not has_year or split_marks(words[at + 1].text)[2] not in {"", ","}:
        return Match(2, (month, written_day))
    return Match(3, (month, replace(written_day, text=f"{day[1]},"), words[at + 2]))


def time_of_day(words: Sequence[Written], at: int) -> Match | None:
    """A rule: 5 30 p m is 5:30 PM; without it only where the words around mean a time."""
    text, end = _clock(words, at)
    until, meridiem = _meridiem(words, end)
    if not text or not is_phrase(words[at : max(end, until)]):
        return None
    clock = write_as(words[at:end], text)
    if meridiem:
        return Match(until - at, (clock, merge(words[end:until], meridiem)))
    return Match(end - at, (clock,)) if end - at > 1 and _is_time(words, at, end) else None


def _clock(words: Sequence[Written], at: int) -> tuple[str, int]:
    # The time, empty if there is none, and the place behind it.
    hour = _HOUR.fullmatch(bare_at(words, at))
    first, second = bare_at(words, at + 1), bare_at(words, at + 2)
    if not hour:
        return "", at
    if hour[2]:
        return f"{hour[1]}:{hour[2]}", at + 1
    if _MINUTES.fullmatch(first):
        return f"{hour[1]}:{first}", at + 2
    if first == "0" and _MINUTES.fullmatch(first + second):
        return f"{hour[1]}:{first}{second}", at + 3
    return hour[1], at + 1


def _meridiem(words: Sequence[Written], at: int) -> tuple[int, str]:
    # The place behind it, and how it is written with the marks after it; empty if there is none.
    for said, meridiem in _MERIDIEMS.items():
        end = at + len(said)
        # "At five am I free?"
        if tuple(word.bare for word in words[at:end]) == said and bare_at(words, end) != "i":
            return end, meridiem + _marks_after(words, end - 1)
    return at, ""


def _marks_after(words: Sequence[Written], at: int) -> str:
    # The point of "p.m." ends a sentence too where another begins.
    _, core, marks = split_marks(words[at].text)
    if "." not in core or not marks.startswith("."):
        return marks
    following = words[at + 1].text if at + 1 < len(words) else ""
    is_inside = following[:1].islower() or bare_at(words, at + 1) in _TIME_ZONES
    return marks[1:] or ("" if is_inside else ".")


def _is_time(words: Sequence[Written], at: int, end: int) -> bool:
    following = [word.bare for word in words[end : end + 3]]
    if following[:2] == ["in", "the"] and following[2:] and following[2] in _PARTS_OF_DAY:
        return True
    is_last = end == len(words) or bool(split_marks(words[end - 1].text)[2])
    return bare_at(words, at - 1) == "at" and (is_last or following[0] in _AFTER_TIMES)
