"""Rules that rewrite words: at each place the first that fits has its way. Pure.

Knows no language and no particular rule.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lwd.text.written import Written


@dataclass(frozen=True, slots=True)
class Match:
    """From a place on, `taken` words, at least one, are to be written as `words`."""

    taken: int
    words: tuple[Written, ...]


# What a rule makes of the words from a place on; it may look at those around for their meaning.
Rule = Callable[[Sequence[Written], int], Match | None]


def rewrite(words: Sequence[Written], rules: Sequence[Rule]) -> list[Written]:
    """Every word once, as the rules have it."""
    written: list[Written] = []
    at = 0
    while at < len(words):
        matches = (rule(words, at) for rule in rules)
        match = next(filter(None, matches), Match(1, (words[at],)))
        written += match.words
        at += match.taken
    return written


def settle(
    words: Sequence[Written], step: Callable[[Sequence[Written]], list[Written]]
) -> list[Written]:
    """What `step` makes of the words, again until it changes nothing: then it never will."""
    settled = list(words)
    for _ in words:
        before, settled = settled, step(settled)
        if settled == before:
            break
    return settled


def bare_at(words: Sequence[Written], at: int) -> str:
    """The bare form of the word at a place; empty outside."""
    return words[at].bare if 0 <= at < len(words) else ""


def vocabulary(words: str) -> frozenset[str]:
    """Words that a rule knows, given with spaces between."""
    return frozenset(words.split())
