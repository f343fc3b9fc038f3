"""Leaning towards keyterms, and away from words that are not wanted. Pure; knows no model.

The terms' tokens are a trie. A token that begins a term or goes on with one gets a bonus, and a
term that came only by it must be said to its end: else the text goes back to where it began and on
with what would have been said without it. So a bonus large enough for a whole term does no harm to
the words that only begin like it, which greedy decoding alone cannot promise. A term that is not
wanted is the mirror of that: the text goes back if it was said to its end.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_FIRST = 3.0
_NEXT = 6.0
"""Nats for a term's first token and for each one after it, where the audio has begun to agree.

A boost above 1 counts for the first: with more for the others, the audio need not agree at all.
"""

_LEAST_BOOST, _MOST_BOOST = -10.0, 2.0
"""More than twice as much puts terms where nobody said them."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """Tokens that are made likelier, and by how many nats; below 0 they are made less likely."""

    tokens: NDArray[np.int32]
    nats: NDArray[np.float32]


@dataclass(slots=True, eq=False)
class _Node:
    """How some terms begin. `boost` is that of the term that ends here, or 0."""

    first: int = -1
    nats: float = 0.0
    boost: float = 0.0
    children: dict[int, "_Node"] = field(default_factory=dict)


class Bias:
    """Terms as tokens, each with its boost; `goes_on` tells the tokens that do not end a word."""

    def __init__(
        self,
        terms: Iterable[tuple[Sequence[int], float]] = (),
        goes_on: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self._goes_on = goes_on
        self._root = _Node()
        self._longest = 0
        for tokens, boost in terms:
            self._add(tokens, max(_LEAST_BOOST, min(boost, _MOST_BOOST)))
        self._beginnings = _leaning([self._root])

    def __bool__(self) -> bool:
        return bool(self._root.children)

    def after(self, text: Sequence[int]) -> Leaning:
        """What to lean to after a text: the terms it is at, and all others that may follow."""
        if not (begun := self._begun(text)):
            return self._beginnings
        # Else a term would be said again and again.
        said = [node.first for node in begun if node.boost > 0]
        others = ~np.isin(self._beginnings.tokens, said)
        going_on = _leaning(begun)
        return Leaning(
            np.concatenate([going_on.tokens, self._beginnings.tokens[others]]),
            np.concatenate([going_on.nats, self._beginnings.nats[others]]),
        )

    def trial(self, text: Sequence[int], token: int) -> "Trial":
        """Of the terms that a token begins or goes on with after a text."""
        return Trial(_follow([self._root, *self._begun(text)], token), self._goes_on)

    def _begun(self, text: Sequence[int]) -> list[_Node]:
        """The terms that a text ends in the middle of, or with."""
        nodes: list[_Node] = []
        for token in text[-self._longest :] if self else ():
            nodes = _follow([self._root, *nodes], token)
        return nodes

    def _add(self, tokens: Sequence[int], boost: float) -> None:
        node = self._root
        for n, token in enumerate(tokens):
            node = node.children.setdefault(token, _Node(first=tokens[0]))
            nats = min(boost, 1.0) * _NEXT if n else boost * _FIRST
            # What a wanted term and an unwanted one begin with is wanted.
            is_wanted = node.nats > 0 or nats > 0
            node.nats = max(node.nats, nats) if is_wanted else min(node.nats, nats)
        node.boost = boost
        self._longest = max(self._longest, len(tokens))


class Trial:
    """Terms that a text leaned to, or that it should have leaned away from, as they are said."""

    def __init__(self, nodes: Sequence[_Node], goes_on: Callable[[int], bool]) -> None:
        self._nodes = nodes
        self._goes_on = goes_on
        self._sign = 1 if any(node.nats > 0 for node in nodes) else -1

    def stands(self, token: int) -> bool | None:
        """Whether the text may stay as it is before this next token; None where that is still open.

        It stays with a wanted term that was said to its end, or with half of an unwanted one.
        """
        is_word = not self._goes_on(token)
        is_said = is_word and any(self._sign * node.boost > 0 for node in self._nodes)
        self._nodes = _follow(self._nodes, token)
        if self._nodes and not is_said:
            return None
        return is_said is (self._sign > 0)


def _follow(nodes: Iterable[_Node], token: int) -> list[_Node]:
    return [node.children[token] for node in nodes if token in node.children]


def _leaning(nodes: Iterable[_Node]) -> Leaning:
    next_nodes = [item for node in nodes for item in node.children.items()]
    return Leaning(
        np.array([token for token, _ in next_nodes], dtype=np.int32),
        np.array([node.nats for _, node in next_nodes], dtype=np.float32),
    )


NO_BIAS = Bias()
