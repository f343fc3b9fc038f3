"""Which words say digits, written or spoken, and which digits. Pure.

Knows how numbers are said, and nothing of what they mean. Digits are found in any script, numbers
in words in the languages of text2num.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lwd.text.spoken import LANGUAGES, Spoken, find
from lwd.text.written import Written, split_marks

_ENGLISH = "en"
_DIGITS = re.compile(r"\d+")
_PARTS = re.compile(r"[\s\u2010-\u2015-]+")
_PAUSES = frozenset(",;:.?!…")
# Said inside a number that is read out, and no part of it.
_BETWEEN = frozenset({"dash", "hyphen", "space", "uh", "um"})
_REPEATS = {"double": 2, "triple": 3}
_OH = frozenset({"o", "oh"})


@dataclass(frozen=True, slots=True)
class Said:
    """A number as it was said at one go, in the words from `start` to before `end`.

    `text` is how digits show it: `21`, `1.5`, `3rd`. `is_spoken` if it was in words.
    """

    text: str
    start: int
    end: int
    is_spoken: bool = False
    is_ordinal: bool = False

    @property
    def digits(self) -> str:
        """The digits alone."""
        return "".join(_DIGITS.findall(self.text))


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers that were said one right after the other; at least one."""

    said: Sequence[Said]

    @property
    def digits(self) -> str:
        """All the digits."""
        return "".join(said.digits for said in self.said)

    @property
    def start(self) -> int:
        """The index of the first word."""
        return self.said[0].start

    @property
    def end(self) -> int:
        """The index past the last word."""
        return self.said[-1].end


def runs(words: Sequence[Written], said: Iterable[Said], *, across_marks: bool) -> list[Run]:
    """What was said, in order, cut where words say something else between.

    With `across_marks` a comma or a full stop between two numbers does not part them.
    """
    found: list[list[Said]] = []
    for number in sorted(said, key=lambda number: number.start):
        if found and _goes_on(words, found[-1][-1], number, across_marks=across_marks):
            found[-1].append(number)
        else:
            found.append([number])
    return [Run(numbers) for numbers in found]


def _goes_on(words: Sequence[Written], last: Said, number: Said, *, across_marks: bool) -> bool:
    if not across_marks and any(_pauses(word) for word in words[last.end - 1 : number.start]):
        return False
    between = [word.bare for word in words[last.end : number.start]]
    return all(bare in _BETWEEN or not any(map(str.isalnum, bare)) for bare in between)


def digits_said(words: Sequence[Written], language: str) -> list[Said]:
    """Every group of digits, written or spoken, but ordinals in words ("second" is also a time)."""
    spoken = [number for number in numbers_spoken(words, language) if not number.is_ordinal]
    written = [
        Said(group, index, index + 1)
        for index, word in enumerate(words)
        if word.verbatim is None
        for group in _DIGITS.findall(word.text)
    ]
    said = sorted(spoken + written, key=lambda number: number.start)
    if language == _ENGLISH:
        return _with_ohs(words, _repeated(words, said))
    return _without_articles(said)


def numbers_spoken(words: Sequence[Written], language: str) -> list[Said]:
    """The numbers in words, cardinal and ordinal."""
    if language not in LANGUAGES:
        return []
    parts = [
        (index, n, part)
        for index, word in enumerate(words)
        for n, part in enumerate(_PARTS.split(word.bare))
    ]
    spoken = [
        Spoken(part, n == 0 and index > 0 and _pauses(words[index - 1]), part not in _OH)
        for index, n, part in parts
    ]
    return [
        Said(
            found.text,
            parts[found.start][0],
            parts[found.end - 1][0] + 1,
            is_spoken=True,
            is_ordinal=found.is_ordinal,
        )
        for found in find(spoken, language)
    ]


def _repeated(words: Sequence[Written], said: Iterable[Said]) -> list[Said]:
    """A number after "double" is said twice: 55."""
    return [
        replace(number, text=number.text * times, start=number.start - 1)
        if (times := _repeats_before(words, number)) > 1
        else number
        for number in said
    ]


def _repeats_before(words: Sequence[Written], number: Said) -> int:
    if number.start == 0 or len(number.text) > 1:
        return 1
    return _REPEATS.get(words[number.start - 1].bare, 1)


def _with_ohs(words: Sequence[Written], said: Sequence[Said]) -> list[Said]:
    """The zeros as well: an "oh" beside a number or another zero, with no mark between."""
    numeric = {index for number in said for index in range(number.start, number.end)}
    zeros: list[Said] = []
    for index in [*range(len(words)), *reversed(range(len(words)))]:
        follows = index - 1 in numeric and not _pauses(words[index - 1])
        precedes = index + 1 in numeric and not _pauses(words[index])
        if words[index].bare in _OH and index not in numeric and (follows or precedes):
            numeric.add(index)
            zeros.append(Said("0", index, index + 1, is_spoken=True))
    return [*said, *zeros]


def _without_articles(said: Sequence[Said]) -> list[Said]:
    """In the other languages "one" by itself is "a"."""
    starts, ends = {number.start for number in said}, {number.end for number in said}
    return [
        number
        for number in said
        if not (number.is_spoken and number.text == "1")
        or number.start in ends
        or number.end in starts
    ]


def _pauses(word: Written) -> bool:
    return not _PAUSES.isdisjoint(split_marks(word.text)[2])
