"""What of a transcript is to be hidden, and the tags that stand for it. Pure.

Card numbers, social security numbers and digits, by rules that would rather hide too much: a digit
that was misheard must not uncover the others, so no check sum is asked for. What is hidden leaves
this module in `Told` alone, which stays with its stream.

https://developers.deepgram.com/docs/redaction
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from lwd.text.digits import Run, Said, digits_said, runs
from lwd.text.written import Written, merge

NUMBERS = "numbers"
AGGRESSIVE_NUMBERS = "aggressive_numbers"
PCI = "pci"
SSN = "ssn"
KINDS = frozenset({NUMBERS, AGGRESSIVE_NUMBERS, PCI, SSN})
"""What can be redacted, as `redact` names it."""

_TAIL_WORDS = 64
_CONTEXT_WORDS = 8
_LEAST_NUMBERS = 3
_LEAST_CARD = 13
_LONGEST_SPOKEN = 4  # "two million" is an amount, "forty-one eleven" are digits
_SSN_DIGITS = 9
_SSN_GROUPS = [3, 2, 4]
_NOT_SSN = ([3, 3, 3], [5, 4])  # 123,456,789, and a postcode
_EXPIRATION = "CREDIT_CARD_EXPIRATION"
_MONTH = re.compile(
    "january|february|march|april|may|june|july|august|september|october|november|december"
)
_MONTH_DIGITS = 2


class _Context(NamedTuple):
    """Words that say what the digits after them are, if there are so many."""

    kind: str
    label: str
    least_digits: int
    words: re.Pattern[str]


_CONTEXTS = (
    _Context(PCI, "CREDIT_CARD", 4, re.compile(r"\b(?:cards?|visa|mastercard|amex)\b")),
    _Context(PCI, _EXPIRATION, 3, re.compile(r"\bexp(?:ir\w+)?\b|\b(?:valid|good) (?:thr|until)")),
    _Context(PCI, "CVV", 3, re.compile(r"\bc ?v ?[vc]2?\b|\bcv code\b|\bsecurity code\b")),
    _Context(PCI, "CVV", 3, re.compile(r"\bverification code\b|\bon the back\b")),
    _Context(SSN, "SSN", 4, re.compile(r"\bsocial security\b|\bs ?s ?n\b|\b(?:my|your) social\b")),
)


class _Span(NamedTuple):
    """Words to hide behind one tag, by index."""

    label: str
    start: int
    end: int


_Owners = Sequence[_Span | None]
"""For each word what it is hidden by."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel's next result must know of the finals before it.

    How many tags there were of each label, the last words as they were said, and the label that
    the very last of them was hidden behind.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    tail: Sequence[Written] = field(default=(), repr=False)
    open_label: str | None = None


@dataclass(frozen=True, slots=True)
class Redactor:
    """Hides what `kinds`, out of `KINDS`, asks for; `language` is a code such as `en`."""

    kinds: Collection[str]

    def interim(self, words: Sequence[Written], language: str, told: Told) -> list[Written]:
        """The words of an interim result, with tags for what is hidden.

        Digits at the end are left out as long as they could become something to hide.
        """
        owners, settled = self._look([*told.tail, *words], language)
        return _tagged(words[: max(settled - len(told.tail), 0)], owners, told)[0]

    def final(
        self, words: Sequence[Written], language: str, told: Told
    ) -> tuple[list[Written], Told]:
        """The words of a final result, with tags for what is hidden, and what is told with it."""
        if not words:
            return [], told
        said = [*told.tail, *words]
        owners, _ = self._look(said, language)
        tagged, counts = _tagged(words, owners, told)
        last = owners[-1]
        return tagged, Told(counts, said[-_TAIL_WORDS:], last.label if last else None)

    def _look(self, words: Sequence[Written], language: str) -> tuple[_Owners, int]:
        """What hides each word, and how many words nothing that follows can change."""
        numbers = digits_said(words, language)
        everything = runs(words, numbers, across_marks=True)
        owners: list[_Span | None] = [None] * len(words)
        for span in self._spans(words, numbers, everything):
            for index in range(span.start, span.end):
                owners[index] = owners[index] or span
        settled = len(words)
        for last in everything[-1:]:
            while last.end == len(words) and settled > last.start and owners[settled - 1] is None:
                settled -= 1
        return owners, settled

    def _spans(
        self, words: Sequence[Written], numbers: Sequence[Said], everything: Sequence[Run]
    ) -> Iterator[_Span]:
        """What to hide; where two cover a word, it is the first one's."""
        digits = [number for number in numbers if not _is_amount(number)]
        for run in runs(words, digits, across_marks=True):
            if PCI in self.kinds and len(run.digits) >= _LEAST_CARD:
                yield _Span("CREDIT_CARD", run.start, run.end)
            if SSN in self.kinds:
                yield from _ssns(run)
            for context, start in _contexts(words, run, everything):
                if context.kind in self.kinds:
                    yield _Span(context.label, start, run.end)
        for run in everything:
            if AGGRESSIVE_NUMBERS in self.kinds or (
                NUMBERS in self.kinds and len(run.digits) >= _LEAST_NUMBERS
            ):
                yield _Span("NUMBER", run.start, run.end)


def _is_amount(number: Said) -> bool:
    is_long = number.is_spoken and len(number.digits) > _LONGEST_SPOKEN
    return is_long and not number.text.startswith("0")  # zeros said one by one are one number


def _ssns(run: Run) -> Iterator[_Span]:
    """Nine digits by themselves, or in groups of 3, 2 and 4 among others."""
    lengths = [len(number.digits) for number in run.said]
    is_other = lengths in _NOT_SSN and not any(number.is_spoken for number in run.said)
    if sum(lengths) == _SSN_DIGITS and not is_other:
        yield _Span("SSN", run.start, run.end)
    for n in range(len(lengths)):
        if lengths[n : n + len(_SSN_GROUPS)] == _SSN_GROUPS:
            yield _Span("SSN", run.said[n].start, run.said[n + len(_SSN_GROUPS) - 1].end)


def _contexts(
    words: Sequence[Written], run: Run, everything: Sequence[Run]
) -> list[tuple[_Context, int]]:
    """What the words before a run make of it, the nearest first, and where it begins so."""
    numeric = {index for other in everything for index in range(other.start, other.end)}
    before = [words[index].bare for index in range(run.start) if index not in numeric]
    text = " ".join(before[-_CONTEXT_WORDS:])
    found = [
        (match.start(), n) for n, c in enumerate(_CONTEXTS) for match in c.words.finditer(text)
    ]
    has_month = run.start > 0 and _MONTH.fullmatch(words[run.start - 1].bare) is not None
    digits = len(run.digits) + (_MONTH_DIGITS if has_month else 0)
    return [
        (_CONTEXTS[n], run.start - has_month)
        for _, n in sorted(found, reverse=True)
        if digits >= _CONTEXTS[n].least_digits
    ]


def _tagged(
    words: Sequence[Written], owners: _Owners, told: Told
) -> tuple[list[Written], Mapping[str, int]]:
    """The words with tags, and how many there are of each label now."""
    counts = dict(told.counts)
    tagged: list[Written] = []
    index, offset = 0, len(told.tail)
    for owner, group in groupby(owners[offset : offset + len(words)]):
        hidden = words[index : index + len(list(group))]
        if owner is None:
            tagged += hidden
        else:
            is_continued = index == 0 and owner.start < offset and owner.label == told.open_label
            counts[owner.label] = counts.get(owner.label, 0) + (0 if is_continued else 1)
            tagged.append(_hidden(hidden, f"[{owner.label}_{counts[owner.label]}]"))
        index += len(hidden)
    return tagged, counts


def _hidden(words: Sequence[Written], tag: str) -> Written:
    text = " ".join(word.text for word in words)
    if text.count("(") == text.count(")"):
        text = text.replace("(", "").replace(")", "")
    return merge(words, text).instead(tag)
