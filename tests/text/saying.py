"""Words for the tests of what is done with words, and their text again."""

from collections.abc import Iterable

from hypothesis import strategies as st

from lwd.text.written import Written, bare_word


def said(text: str, start_s: float = 0.0) -> list[Written]:
    """The words of a text, each 0.4 s long and one every half second."""
    return [
        Written(word, start_s + n / 2, start_s + n / 2 + 0.4, 0.9)
        for n, word in enumerate(text.split())
    ]


def written(words: Iterable[Written]) -> str:
    """The words as a text with marks."""
    return " ".join(word.text for word in words)


def spoken(words: Iterable[Written]) -> str:
    """The words as a text without marks."""
    return " ".join(word.bare for word in words)


ANY_TEXT = st.text().map(lambda text: " ".join(w for w in text.split() if bare_word(w)))
"""Any text whose words are words."""

LANGUAGES = st.sampled_from(["en", "de", "es", "fr", "it", "pt", "ru", "xx", ""])
