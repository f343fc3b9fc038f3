"""The sounds of somebody who thinks. Pure.

Deepgram leaves out "uh" and "um" unless asked to keep them. "Uh-huh", "mhmm", "nuh-uh" and the like
are answers, and stay: https://developers.deepgram.com/docs/filler-words.
"""

import re
from collections.abc import Sequence

from lwd.text.removal import without
from lwd.text.written import Written

# In English alone: "um" is a word in German and in Portuguese.
_LANGUAGE = "en"
_FILLER = re.compile(r"u+h+m*|u+m+")


def without_fillers(words: Sequence[Written], language: str) -> list[Written]:
    """The words less every "uh" and "um", however long; `language` is a code such as `en`."""
    if language != _LANGUAGE:
        return list(words)
    return without(words, {n for n, word in enumerate(words) if _FILLER.fullmatch(word.bare)})
