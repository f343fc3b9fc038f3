"""Where words were said that a client listens for, or what was heard as nearly the same. Pure.

Deepgram compares sounds; lwd has the letters of what was heard, and compares those of runs of words
without the spaces, so that "data base" is found as "database".
"""

import unicodedata
from collections.abc import Iterable, Sequence

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from lwd.protocol.messages import Hit, SearchResult
from lwd.text.written import Written

_LEAST_CONFIDENCE = 0.6
# A word may be heard as two, and two as one.
_WORDS_MORE = 1
_WORDS_FEWER = 1


def search(words: Sequence[Written], terms: Iterable[str]) -> list[SearchResult]:
    """For each term its hits, the best first; no word is in two hits of a term."""
    letters = [_letters(word.bare) for word in words]
    return [SearchResult(term, _hits(words, letters, term)) for term in terms]


def _hits(words: Sequence[Written], letters: Sequence[str], term: str) -> list[Hit]:
    sought = _letters(term)
    size = len(term.split())
    shortest, longest = max(size - _WORDS_FEWER, 1), size + _WORDS_MORE
    spans = [
        (start, end)
        for start in range(len(words))
        for end in range(start + shortest, min(start + longest, len(words)) + 1)
    ]
    if not sought:
        return []
    found = process.extract(
        sought,
        ["".join(letters[start:end]) for start, end in spans],
        scorer=DamerauLevenshtein.normalized_similarity,
        score_cutoff=_LEAST_CONFIDENCE,
        limit=None,
    )
    hits: list[Hit] = []
    taken: set[int] = set()
    for _, confidence, index in found:
        start, end = spans[index]
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            hits.append(_hit(words[start:end], confidence))
    return hits


def _hit(words: Sequence[Written], confidence: float) -> Hit:
    snippet = " ".join(word.bare for word in words)
    return Hit(confidence, words[0].start_s, words[-1].end_s, snippet)


def _letters(text: str) -> str:
    """Letters and digits alone, in one case and without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if c.isalnum())
