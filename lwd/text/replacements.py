"""What a client wants written in the place of what was said. Pure.

https://developers.deepgram.com/docs/find-and-replace: `FIND:REPLACE`, and `FIND` alone removes. A
FIND in lower case means the word in any case; with a capital it means just that, and comes first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lwd.text.removal import without
from lwd.text.written import Written, split_marks


@dataclass(frozen=True, slots=True)
class Replacements:
    """All replacements of a stream: what to find, its words with single spaces, to the new words.

    `exact` is found in just this case, `lower` in any; `longest` is the most words that one finds.
    """

    exact: Mapping[str, Sequence[str]]
    lower: Mapping[str, Sequence[str]]
    longest: int

    @classmethod
    def parse(cls, values: Iterable[str]) -> "Replacements":
        """From the values of `replace`; one that finds nothing, such as `:x`, does nothing."""
        parsed = dict(_parsed(value) for value in values)
        found = {find: words for find, words in parsed.items() if find}
        lower = {find: words for find, words in found.items() if find == find.lower()}
        exact = {find: words for find, words in found.items() if find not in lower}
        return cls(exact, lower, max((len(find.split()) for find in found), default=0))

    def apply(self, words: Sequence[Written]) -> list[Written]:
        """The words with everything replaced; new words share the time of the old ones evenly."""
        tables = (
            (self.exact, [word.verbatim or split_marks(word.text)[1] for word in words]),
            (self.lower, [word.bare for word in words]),
        )
        result: list[Written] = []
        gone: set[int] = set()
        index = 0
        while index < len(words):
            length, new = self._at(index, tables)
            old = words[index : index + length]
            if new is not None and not new:
                gone.update(range(len(result), len(result) + length))
            result += _replaced(old, new) if new else old
            index += length
        return without(result, gone)

    def _at(
        self, start: int, tables: Iterable[tuple[Mapping[str, Sequence[str]], Sequence[str]]]
    ) -> tuple[int, Sequence[str] | None]:
        """How many words from `start` on to replace by what; one word by None is to stay."""
        for table, forms in tables:
            for length in range(min(self.longest, len(forms) - start), 0, -1):
                new = table.get(" ".join(forms[start : start + length]))
                if new is not None:
                    return length, new
        return 1, None


def _parsed(value: str) -> tuple[str, tuple[str, ...]]:
    find, _, words = value.partition(":")
    cores = (split_marks(word)[1] for word in find.split())
    return " ".join(core for core in cores if core), tuple(words.split())


def _replaced(old: Sequence[Written], words: Sequence[str]) -> list[Written]:
    """New words over the time of the old ones, between the marks around those."""
    start_s, end_s = old[0].start_s, old[-1].end_s
    share_s = (end_s - start_s) / len(words)
    probability = min(word.probability for word in old)
    new = [
        Written(word, start_s + n * share_s, start_s + (n + 1) * share_s, probability, word)
        for n, word in enumerate(words)
    ]
    before, after = split_marks(old[0].text)[0], split_marks(old[-1].text)[2]
    new[0] = replace(new[0], text=before + new[0].text)
    new[-1] = replace(new[-1], text=new[-1].text + after, end_s=end_s)
    return new
