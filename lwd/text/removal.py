"""Words leave a sentence, and what is around them closes over the gap. Pure.

Knows marks and capitals, not why a word goes.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from lwd.text.written import Written, split_marks

_ENDS = frozenset(".?!。？！")
_PAUSES = ",;:-—–…，、"
_ELLIPSES = ("...", "…")


def without(words: Sequence[Written], gone: Collection[int]) -> list[Written]:
    """The words less those at the indices `gone`.

    The end of a sentence goes to the word before; its capital, and marks that open something, to
    the word after. Commas on both sides of what is gone go with it.
    """
    kept: list[Written] = []
    opening, is_capital = "", False
    for index, word in enumerate(words):
        before, core, after = split_marks(word.text)
        if index in gone:
            is_first = not kept or _ends(kept[-1]) or before != ""
            is_capital = is_capital or (is_first and core[:1].isupper())
            opening += before
            if kept and not opening:
                kept[-1] = _closed(kept[-1], after)
            continue
        shown = core[:1].upper() + core[1:] if is_capital and word.verbatim is None else core
        kept.append(replace(word, text=opening + before + shown + after))
        opening, is_capital = "", False
    return kept


def _closed(word: Written, marks: str) -> Written:
    """A word after which one is gone that had these marks behind it."""
    if marks.startswith(_ELLIPSES) or _ends(word):
        return word
    before, core, after = split_marks(word.text)
    if not _ENDS.isdisjoint(marks):
        return replace(word, text=before + core + after.rstrip(_PAUSES) + marks)
    if marks.startswith(","):
        return replace(word, text=before + core + after.removesuffix(","))
    return word


def _ends(word: Written) -> bool:
    return not _ENDS.isdisjoint(split_marks(word.text)[2])
