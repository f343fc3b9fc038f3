"""The pairs of a query string, read as Deepgram's server reads them.

Owns how values are written (booleans, integers, lists) and the words in which a wrong one is
refused; it knows no parameter. https://developers.deepgram.com/docs/errors
"""

import ast
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from lwd.errors import InvalidParameter

MAX_INTEGER: Final = 2**31 - 1

_MAX_SHOWN = 40
_BOOLEANS = {"true": True, "false": False}


class Query:
    """Decoded pairs. Of a repeated key the last counts, except in a list.

    Every reader raises InvalidParameter with a text for the client: it names the parameter, what
    was given and what is expected, and it is safe in an HTTP header. The remedy has only the last.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._values[name].append(value)

    def text(self, name: str) -> str | None:
        """The value as it was given."""
        values = self._values.get(name)
        return values[-1] if values else None

    def texts(self, name: str, *, most: int, longest: int) -> tuple[str, ...]:
        """Every value that is not empty, within limits of their number and length in characters.

        Python's SDK 5.0.0 sends a list as one value, written as Python writes it.
        """
        given = self._values.get(name, ())
        values = tuple(value for one in given for value in _listed(one) if value.strip())
        if len(values) > most:
            remedy = f"expected at most {most}"
            raise refusal(name, f"{len(values)} values, {remedy}", f"{remedy} values")
        for value in values:
            if len(value) > longest:
                remedy = f"expected at most {longest}"
                problem = f"{shown(value)} has {len(value)} characters, {remedy}"
                raise refusal(name, problem, f"{remedy} characters")
        return values

    def boolean(self, name: str, *, default: bool = False) -> bool:
        """`true` or `false`, in any case."""
        value = self.text(name)
        if value is None:
            return default
        try:
            return _BOOLEANS[value.lower()]
        except KeyError:
            problem = f"provided string {shown(value)} was not `true` or `false`"
            raise refusal(name, problem, "expected `true` or `false`") from None

    def is_boolean(self, name: str) -> bool:
        """Whether a value is there and is a boolean, where it may be something else too."""
        return (self.text(name) or "").lower() in _BOOLEANS

    def integer(self, name: str, low: int = 0, high: int = MAX_INTEGER) -> int | None:
        """An integer within limits, None where there is none."""
        value = self.text(name)
        if value is None:
            return None
        digits = value.strip()
        if not (digits.isascii() and digits.isdigit()):
            problem = f"invalid digit found in string {shown(value)}"
        elif len(digits) > len(str(MAX_INTEGER)) or not low <= int(digits) <= high:
            problem = f"{shown(digits)} is out of range"
        else:
            return int(digits)
        remedy = f"expected an integer from {low} to {high}"
        raise refusal(name, f"{problem}, {remedy}", remedy)

    def variant(self, name: str, variants: Iterable[str], default: str) -> str:
        """One of the variants, in any case."""
        value = self.text(name)
        by_lower_case = {variant.lower(): variant for variant in variants}
        if value is None:
            return default
        if value.lower() not in by_lower_case:
            raise unknown_variant(name, value, by_lower_case.values())
        return by_lower_case[value.lower()]


def refusal(name: str, problem: str, remedy: str) -> InvalidParameter:
    """Deepgram's words before what is wrong with a parameter; the value is in `problem` alone."""
    text = f"Failed to deserialize query parameters: {name}: {problem}"
    return InvalidParameter(name, text, remedy=remedy)


def unknown_variant(name: str, value: str, expected: Iterable[str]) -> InvalidParameter:
    """The refusal of a value that is none of those there are."""
    remedy = f"expected one of {', '.join(f'`{variant}`' for variant in expected)}"
    return refusal(name, f"unknown variant {shown(value)}, {remedy}", remedy)


def shown(value: str) -> str:
    """A value as it may stand in the `dg-error` header: printable ASCII only, and short."""
    return f"`{ascii(value[:_MAX_SHOWN])[1:-1]}`"


def _listed(value: str) -> list[str]:
    """The items of a list as Python writes it, else the value itself."""
    if value.startswith("[") and value.endswith("]"):
        try:
            items = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [value]
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return items
    return [value]
