"""Spoken English numbers in digits, where they are meant as numbers. Pure.

Owns what text2num does not know: years, "oh", "5 hundred", and the words that read like a number
but seldom mean one: "one of them", "a second", "two thirds".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lwd.text.english.calendar import is_month
from lwd.text.rules import Match, bare_at, rewrite, settle, vocabulary
from lwd.text.spoken import Number, Spoken, are_apart, find, has_neighbour, write
from lwd.text.written import Written, is_phrase, split_marks, write_as

_DIGITS = vocabulary("zero one two three four five six seven eight nine")
_TENS = vocabulary("twenty thirty forty fifty sixty seventy eighty ninety")
_TEENS = vocabulary(
    """
    ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    """
)
_COUNTS = _DIGITS | _TEENS | _TENS
_SCALES = {"hundred": 100, "thousand": 1000}
_MAGNITUDES = frozenset({*_SCALES, "million", "billion"})
_OH = frozenset({"oh", "o"})

_ORDINALS = vocabulary("half third fourth quarter fifth sixth seventh eighth ninth tenth")
_PARTS = frozenset({"halves", *(f"{ordinal}s" for ordinal in _ORDINALS)})
_LEAST_ORDINAL = 4

# Next to these "one" is a number.
_LABELS = vocabulary(
    """
    number chapter page part step section version room line option level phase item question
    unit volume episode season grade gate channel minus negative
    """
)
_UNITS = vocabulary(
    """
    percent dollar dollars euro euros cent cents am pm a.m p.m o'clock million billion trillion
    """
)

_CENTURIES = {"19", "20"}
_OLD_CENTURIES = {"15", "16", "17", "18"}
_BEFORE_YEARS = vocabulary("in since of from until before after circa around late early year by")
_AFTER_COUNTS = _UNITS | vocabulary(
    """
    second seconds minute minutes hour hours day days week weeks month months year years
    people times miles pounds feet
    """
)
_DECADES = {
    "twenties": "20",
    "thirties": "30",
    "forties": "40",
    "fifties": "50",
    "sixties": "60",
    "seventies": "70",
    "eighties": "80",
    "nineties": "90",
}

_TWO_DIGITS = re.compile(r"[1-9][0-9]")
_PLAIN = re.compile(r"([$£€]?)([0-9]{1,6}(?:\.[0-9]{1,2})?)")
_GROUPED = re.compile(r"[$£€-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")


def write_english_numbers(words: Sequence[Written]) -> list[Written]:
    """The words with spoken numbers in digits."""
    return settle(words, _write)


def ungroup(words: Sequence[Written], at: int) -> Match | None:
    """A rule: 10,000 is 10000."""
    _, core, _ = split_marks(words[at].text)
    if not _GROUPED.fullmatch(core):
        return None
    return Match(1, (write_as(words[at : at + 1], core.replace(",", "")),))


def _write(words: Sequence[Written]) -> list[Written]:
    found = find(_readings(words), "en")
    meant = [number for number in found if _is_meant(number, found, words)]
    numbers = [_signed(number, words) for number in _with_years(meant, words)]
    return rewrite(write(words, numbers), [_scale])


def _scale(words: Sequence[Written], at: int) -> Match | None:
    # As Whisper writes it: 5 hundred, 2.5 thousand, $5 hundred thousand.
    plain = _PLAIN.fullmatch(split_marks(words[at].text)[1])
    factor, end = 1, at + 1
    for scale, value in _SCALES.items():
        if bare_at(words, end) == scale:
            factor *= value
            end += 1
    taken = words[at:end]
    if not plain or factor == 1 or not is_phrase(taken):
        return None
    sign, number = plain.groups()
    return Match(end - at, (write_as(taken, f"{sign}{float(number) * factor:.12g}"),))


def _readings(words: Sequence[Written]) -> list[Spoken]:
    # The library reads "point zero five" and "zero zero seven" as one number each.
    spoken: list[Spoken] = []
    in_decimals = False
    for at in range(len(words)):
        after = spoken[-1].reading if spoken else ""
        reading = _reading(words, at, after)
        in_decimals = reading == "point" or (in_decimals and reading in _DIGITS)
        is_apart = are_apart(words, at) or (
            after == "zero" and reading in _COUNTS and not in_decimals
        )
        spoken.append(Spoken(reading, is_apart, _is_number(words, at, after, is_apart)))
    return spoken


def _reading(words: Sequence[Written], at: int, after: str) -> str:
    word, following = words[at].bare, bare_at(words, at + 1)
    if word in _OH and after in _COUNTS and following in _COUNTS | _OH:
        return "zero"
    if word == "a" and following in _SCALES and not are_apart(words, at + 1) and after != "half":
        return "one"
    return word


def _is_number(words: Sequence[Written], at: int, after: str, is_apart: bool) -> bool:
    word, following = words[at].bare, bare_at(words, at + 1)
    if word == "o":
        return after in _COUNTS
    if word.removesuffix("s") in _MAGNITUDES:
        return not is_apart and (_is_cardinal(after) or after in _MAGNITUDES)
    if word.split("-")[-1] == "second":
        return _is_second_day(words, at)
    if following in _PARTS or (word == "one" and following in _ORDINALS):
        return False
    return word not in _PARTS and not (word in _ORDINALS and after in {"a", "one"})


def _is_cardinal(reading: str) -> bool:
    return all(part in _COUNTS for part in reading.split("-"))


def _is_second_day(words: Sequence[Written], at: int) -> bool:
    # "A twenty second pause" is 20 seconds long.
    before = at - 1 if bare_at(words, at - 1) in _TENS else at
    is_the = before < at and bare_at(words, before - 1) == "the"
    return is_the or is_month(words, before - 1) or _is_before_month(words, at)


def _is_before_month(words: Sequence[Written], at: int) -> bool:
    return bare_at(words, at + 1) == "of" and is_month(words, at + 2)


def _is_meant(number: Number, numbers: Sequence[Number], words: Sequence[Written]) -> bool:
    first, last = number.start, number.end - 1
    if words[first].bare.removesuffix("s") in _MAGNITUDES:
        return False
    if number.is_ordinal:
        return (
            number.value >= _LEAST_ORDINAL
            or is_month(words, first - 1)
            or _is_before_month(words, last)
        )
    if first < last or number.value != 1:
        return [bare_at(words, first - 2), bare_at(words, first - 1)] != ["one", "or"]
    return (
        bare_at(words, first - 1) in _LABELS
        or bare_at(words, first + 1) in _UNITS
        or has_neighbour(number, numbers, words)
    )


def _with_years(numbers: Sequence[Number], words: Sequence[Written]) -> Iterator[Number]:
    for run in _runs(numbers, words):
        # A day may stand before a year; among more numbers there is none.
        size = next((size for size in (3, 2, 1) if _is_year(run[-size:], words)), 0)
        if not size or len(run) > size + 1:
            yield from run
            continue
        yield from run[:-size]
        yield _year(run[-size:], words)


def _runs(numbers: Sequence[Number], words: Sequence[Written]) -> list[list[Number]]:
    runs: list[list[Number]] = []
    for number in numbers:
        last = runs[-1][-1] if runs else None
        if last and last.end == number.start and not are_apart(words, number.start):
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _is_year(numbers: Sequence[Number], words: Sequence[Written]) -> bool:
    century, *rest = (number.text for number in numbers)
    is_old = century in _OLD_CENTURIES and bare_at(words, numbers[0].start - 1) in _BEFORE_YEARS
    following = bare_at(words, numbers[-1].end)
    if not (is_old or century in _CENTURIES) or following in _AFTER_COUNTS:
        return False
    match rest:
        case []:
            return following in _DECADES and not are_apart(words, numbers[-1].end)
        case [tens]:
            return bool(_TWO_DIGITS.fullmatch(tens))
        case _:
            return rest[0] == "0" and len(rest[1]) == 1


def _year(numbers: Sequence[Number], words: Sequence[Written]) -> Number:
    text = "".join(number.text for number in numbers)
    start, end = numbers[0].start, numbers[-1].end
    if len(numbers) == 1:
        text, end = f"{text}{_DECADES[bare_at(words, end)]}s", end + 1
    return Number(start, end, text, 0.0, is_ordinal=False)


def _signed(number: Number, words: Sequence[Written]) -> Number:
    # "Ten minus five" is a sum; "minus five" alone is a number.
    at = number.start - 1
    before = bare_at(words, at - 1)
    is_sum = before[-1:].isdigit() or _is_cardinal(before) or before in _MAGNITUDES
    is_sign = bare_at(words, at) in {"minus", "negative"} and not are_apart(words, number.start)
    if not is_sign or is_sum or number.is_ordinal:
        return number
    return replace(number, start=at, text=f"-{number.text}", value=-number.value)
