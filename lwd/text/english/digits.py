"""Digits said one by one or in groups: phone and card numbers, house numbers, codes. Pure.

Owns what a run of digits is by its length. The numbers are in digits already.
"""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise

from lwd.text.rules import Match, bare_at
from lwd.text.written import Written, is_phrase, merge, split_marks, write_as

_GROUP = re.compile(r"\+1|[0-9]{1,7}|[0-9]{3}-[0-9]{4}")
_CHARACTER = re.compile(r"[a-z]|[0-9]{1,2}")
_ARTICLES = frozenset({"a", "i"})
_LEAST_RUN = 3
_LEAST_CODE, _LEAST_NUMBERS = 4, 2

# Of telephones without and with the 1 of North America, and of payment cards.
_WITH_COUNTRY = 11
_SIZES = {10: (3, 3, 4), _WITH_COUNTRY: (1, 3, 3, 4), 16: (4, 4, 4, 4)}


def code(words: Sequence[Written], at: int) -> Match | None:
    """A rule: 1 z 5 7 a 2 b is 1Z57A2B."""
    is_inside = _are_characters(words, at - 1) and words[at - 1].bare not in _ARTICLES
    if is_inside or words[at].bare in _ARTICLES:
        return None
    end = at + 1
    while _are_characters(words, end - 1):
        end += 1
    while words[end - 1].bare in _ARTICLES:
        end -= 1
    run = words[at:end]
    numbers = sum(word.bare.isdigit() for word in run)
    letters = {word.bare for word in run if word.bare.isalpha()} - _ARTICLES
    if len(run) < _LEAST_CODE or numbers < _LEAST_NUMBERS or not letters:
        return None
    return Match(len(run), (write_as(run, "".join(word.bare for word in run).upper()),))


def digits(words: Sequence[Written], at: int) -> Match | None:
    """A rule: 1 2 3 is 123, ten digits are 555-123-4567, sixteen 4242-4242-4242-4242."""
    if _are_groups(words, at - 1):
        return None
    end = at + 1
    while _are_groups(words, end - 1):
        end += 1
    run = words[at:end]
    groups = [word.bare for word in run]
    text = _in_groups(groups) or _in_one(groups)
    if not text or len(run) == 1:
        return None
    before, _, after = split_marks(run[0].text)
    if after == ")":
        before = before.removesuffix("(")
    return Match(len(run), (merge(run, before + text + split_marks(run[-1].text)[2]),))


def _are_characters(words: Sequence[Written], at: int) -> bool:
    # A word and the one after it.
    pair = words[max(at, 0) : at + 2]
    return all(_CHARACTER.fullmatch(bare_at(words, at + n)) for n in (0, 1)) and is_phrase(pair)


def _are_groups(words: Sequence[Written], at: int) -> bool:
    # A word and the one after it: "(555) 123-4567" is one number in spite of its marks.
    return (
        all(_GROUP.fullmatch(bare_at(words, at + n)) for n in (0, 1))
        and not words[at + 1].bare.startswith("+")
        and split_marks(words[at].text)[2] in {"", ")"}
        and split_marks(words[at + 1].text)[0] in {"", "("}
    )


def _in_groups(groups: Sequence[str]) -> str:
    # Empty unless the pauses between the groups are those that people write.
    plus = "+" if groups[0].startswith("+") else ""
    said = "-".join(groups).removeprefix(plus).split("-")
    number = "".join(said)
    cuts = list(accumulate(_SIZES.get(len(number), ())))
    has_country = len(number) == _WITH_COUNTRY and number[0] == "1"
    if not set(cuts) <= set(accumulate(map(len, said))) or not cuts or _is_counting(said):
        return ""
    if has_country != (len(number) == _WITH_COUNTRY) or (plus and not has_country):
        return ""
    return plus + "-".join(number[start:end] for start, end in pairwise((0, *cuts)))


def _is_counting(groups: Sequence[str]) -> bool:
    return all(int(after) == int(before) + 1 for before, after in pairwise(groups))


def _in_one(groups: Sequence[str]) -> str:
    is_run = len(groups) >= _LEAST_RUN and all(len(group) == 1 for group in groups)
    return "".join(groups) if is_run else ""
