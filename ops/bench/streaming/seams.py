"""Words that are lost or added where one final follows another within speech. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring import align, spelling
from streaming.client import Result


@dataclass(frozen=True, slots=True)
class Seams:
    """Finals that speech went on behind, and the errors beside them."""

    count: int = 0
    lost: int = 0
    added: int = 0

    def __add__(self, other: "Seams") -> "Seams":
        return Seams(self.count + other.count, self.lost + other.lost, self.added + other.added)


def seams(reference: str, results: Sequence[Result]) -> Seams:
    """Align what finals say with what was said; an error at a seam need not come from it."""
    heard: list[str] = []
    after: set[int] = set()
    is_open = False
    for result in results:
        words = [spelled for word in result.words if (spelled := spelling(word.text))]
        if not (result.is_final and words):
            continue
        if is_open:
            after.add(len(heard))
        heard += words
        is_open = not result.speech_final
    lost = added = at = 0
    said = [spelled for word in reference.split() if (spelled := spelling(word))]
    for i, j in align(said, heard):
        lost += j is None and at in after
        added += i is None and (at in after or at + 1 in after)
        at += j is not None
    return Seams(len(after), lost, added)
