"""What a client wants written in the place of what was said. Pure.

https://developers.deepgram.com/docs/find-and-replace: `FIND:REPLACE`, and `FIND` alone removes. A
FIND in lower case means the word in any case; with a capital it means just that, and comes first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lwd.text.removal import without
from lwd.text.written import Written, split_marks


@dataclass(frozen=True, slots=True)
class _Replacement:
    """`find` has single spaces, and no marks around its words; `words` is empty to remove."""

    find: str
    words: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        return self.find != self.find.lower()

    def length_at(self, words: Sequence[Written], start: int) -> int:
        """How many words from `start` on are what is to be found; 0 if they are not."""
        said = ""
        for end in range(start, len(words)):
            said += (" " if said else "") + _form(words[end], is_exact=self.is_exact)
            if len(said) >= len(self.find):
                return end + 1 - start if said == self.find else 0
        return 0


@dataclass(frozen=True, slots=True)
class Replacements:
    """All replacements of a stream, the most exact first."""

    _ordered: tuple[_Replacement, ...]

    @classmethod
    def parse(cls, values: Iterable[str]) -> "Replacements":
        """From the values of `replace`; one that finds nothing, such as `:x`, does nothing."""
        parsed = [_parsed(value) for value in values]
        found = [replacement for replacement in parsed if replacement.find]
        return cls(tuple(sorted(found, key=lambda item: (not item.is_exact, -len(item.find)))))

    def apply(self, words: Sequence[Written]) -> list[Written]:
        """The words with everything replaced; new words share the time of the old ones evenly."""
        result: list[Written] = []
        gone: set[int] = set()
        index = 0
        while index < len(words):
            replacement, length = self._at(words, index)
            old = words[index : index + max(length, 1)]
            if replacement is None:
                result += old
            elif replacement.words:
                result += _replaced(old, replacement.words)
            else:
                gone.update(range(len(result), len(result) + length))
                result += old
            index += len(old)
        return without(result, gone)

    def _at(self, words: Sequence[Written], start: int) -> tuple[_Replacement | None, int]:
        for replacement in self._ordered:
            if length := replacement.length_at(words, start):
                return replacement, length
        return None, 0


def _parsed(value: str) -> _Replacement:
    find, _, words = value.partition(":")
    cores = (split_marks(word)[1] for word in find.split())
    return _Replacement(" ".join(core for core in cores if core), tuple(words.split()))


def _form(word: Written, *, is_exact: bool) -> str:
    if word.verbatim is not None:
        return word.verbatim
    return split_marks(word.text)[1] if is_exact else word.bare


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
