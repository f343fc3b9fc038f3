"""A word as people write it, and its bare form. Pure."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

# Signs that are read aloud are no punctuation: 5%, R&B, C++, 20°, $5.
SPOKEN_SIGNS = frozenset("%‰&@#+=°")
_SPOKEN_CATEGORIES = frozenset({"L", "M", "N"})
_CURRENCY = "Sc"
_MINUS = ("-", "\N{MINUS SIGN}")


@dataclass(frozen=True, slots=True)
class Written:
    """A word with its case and the marks around it, on the stream's clock.

    `probability` is from 0 to 1. The text may hold spaces where several words were written as one.
    `verbatim` is the bare form of what nobody said so: `****`, `[SSN_1]`, what a client put there.
    """

    text: str
    start_s: float
    end_s: float
    probability: float
    verbatim: str | None = None

    @property
    def bare(self) -> str:
        """In lower case, without the marks around it, unless it is to stand verbatim.

        A sign that stands alone is itself.
        """
        return (bare_word(self.text) or self.text) if self.verbatim is None else self.verbatim

    def instead(self, verbatim: str) -> "Written":
        """The word with something else in the place of what was said, between the same marks."""
        before, _, after = split_marks(self.text)
        return replace(self, text=before + verbatim + after, verbatim=verbatim)


def merge(words: Sequence[Written], text: str) -> Written:
    """Several words, at least one, as one that is written so; as probable as the least of them."""
    return Written(text, words[0].start_s, words[-1].end_s, min(word.probability for word in words))


def write_as(words: Sequence[Written], core: str) -> Written:
    """Several words as one that is written `core`, between the marks around them."""
    before, _, _ = split_marks(words[0].text)
    _, _, after = split_marks(words[-1].text)
    return merge(words, before + core + after)


def is_phrase(words: Sequence[Written]) -> bool:
    """Whether no mark stands between the words, so that they may be read as one thing."""
    return not any(
        split_marks(left.text)[2] or split_marks(right.text)[0] for left, right in pairwise(words)
    )


def bare_word(text: str) -> str:
    """`text` in lower case without the punctuation around it; empty if it has nothing else.

    Apostrophes, hyphens and points inside stay, and so does a minus before a digit.
    """
    return split_marks(text)[1].lower()


def split_marks(text: str) -> tuple[str, str, str]:
    """The punctuation before a word, the word in its case, the punctuation after it."""
    if text.isalnum():  # most words, and every rule asks
        return "", text, ""
    first, last = 0, len(text)
    while first < last and not _is_spoken(text[first]):
        first += 1
    while last > first and not _is_spoken(text[last - 1]):
        last -= 1
    if text[first:last][:1].isdigit() and text[:first].endswith(_MINUS):
        first -= 1
    return text[:first], text[first:last], text[last:]


def _is_spoken(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in _SPOKEN_CATEGORIES or category == _CURRENCY or character in SPOKEN_SIGNS
