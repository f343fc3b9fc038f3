"""Money and percent: "$25.10", "€5 million", "50%". Pure.

The numbers are in digits already.
"""

import re
from collections.abc import Sequence

from lwd.text.rules import Match, bare_at, vocabulary
from lwd.text.written import Written, is_phrase, write_as

_SIGNS = {"dollar": "$", "dollars": "$", "euro": "€", "euros": "€"}
_PENNIES = {"$": {"cent", "cents"}, "€": {"cent", "cents"}, "£": {"pence", "penny"}}
_SCALES = frozenset({"million", "billion", "trillion"})
_AMOUNT = re.compile(r"([0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]{1,2}))?")
_WHOLE = re.compile(r"([$€£])[0-9,]+")
_CHANGE = re.compile(r"[0-9]{1,2}")
_NUMBER = re.compile(r"-?[0-9][0-9,]*(\.[0-9]+)?")

# Pounds are weight too: they are money before pence, in millions, and not far after one of these.
_PRICES = vocabulary(
    """
    cost costs costing pay pays paid paying price priced worth spend spends spent charge charges
    charged owe owes owed earn earns earned sold bought sell sells buy buys fee bill salary rent
    budget refund deposit
    """
)
_PRICE_WORDS = 6


def money(words: Sequence[Written], at: int) -> Match | None:
    """A rule: 25 dollars is $25, 5 million dollars is $5 million."""
    amount = _AMOUNT.fullmatch(bare_at(words, at))
    is_scaled = bare_at(words, at + 1) in _SCALES
    last = at + 1 + is_scaled
    sign = _sign(words, at, last)
    if not amount or not sign or not is_phrase(words[at : last + 1]):
        return None
    if not is_scaled:
        return Match(2, (write_as(words[at : last + 1], sign + _grouped(*amount.groups())),))
    number = write_as(words[at : at + 1], sign + amount[0])
    return Match(3, (number, write_as(words[at + 1 : last + 1], words[at + 1].bare)))


def change(words: Sequence[Written], at: int) -> Match | None:
    """A rule: $25 and 10 cents is $25.10."""
    whole = _WHOLE.fullmatch(bare_at(words, at))
    number = at + 1 + (bare_at(words, at + 1) == "and")
    taken = words[at : number + 2]
    if (
        not whole
        or not _CHANGE.fullmatch(bare_at(words, number))
        or bare_at(words, number + 1) not in _PENNIES[whole[1]]
        or not is_phrase(taken)
    ):
        return None
    text = f"{whole[0]}.{bare_at(words, number):0>2}"
    return Match(len(taken), (write_as(taken, text),))


def percent(words: Sequence[Written], at: int) -> Match | None:
    """A rule: 50 percent is 50%."""
    is_two = bare_at(words, at + 1) == "per" and bare_at(words, at + 2) == "cent"
    taken = words[at : at + 2 + is_two]
    number = _NUMBER.fullmatch(bare_at(words, at))
    if not number or not (is_two or bare_at(words, at + 1) == "percent") or not is_phrase(taken):
        return None
    return Match(len(taken), (write_as(taken, f"{number[0]}%"),))


def _sign(words: Sequence[Written], at: int, currency: int) -> str:
    if bare_at(words, currency) not in {"pound", "pounds"}:
        return _SIGNS.get(bare_at(words, currency), "")
    before = {word.bare for word in words[max(0, at - _PRICE_WORDS) : at]}
    after = {word.bare for word in words[currency + 1 : currency + 4]}
    is_money = currency > at + 1 or before & _PRICES or after & {"sterling", *_PENNIES["£"]}
    return "£" if is_money else ""


def _grouped(whole: str, cents: str | None) -> str:
    if "," not in whole:
        whole = f"{int(whole):,}"
    return f"{whole}.{cents:0<2}" if cents else whole
