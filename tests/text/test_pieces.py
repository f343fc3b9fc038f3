"""From Whisper's pieces to words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.protocol.messages import Word
from lwd.text.formatter import TextFormatter, TextOptions
from lwd.text.written import bare_word


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    start_s: float = 0.0
    end_s: float = 1.0
    probability: float = 0.9


def format_words(pieces: Iterable[Piece], *, punctuate: bool) -> Sequence[Word]:
    """The words of a stream that asked for nothing but perhaps punctuation."""
    options = TextOptions(punctuate=punctuate, filler_words=True)
    return TextFormatter(options).format(pieces, "en", is_final=True).words


def shown(*texts: str) -> list[tuple[str, str | None]]:
    words = format_words([Piece(text) for text in texts], punctuate=True)
    return [(word.word, word.punctuated_word) for word in words]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Burden,", "burden"),
        (" I'll", "i'll"),
        (" don\u2019t.", "don\u2019t"),
        (" Twenty-one!", "twenty-one"),
        (" 123", "123"),
        (" 10,000.", "10,000"),
        (" 3.5", "3.5"),
        (" -5", "-5"),
        (" -Yes", "yes"),
        (" 50%", "50%"),
        (" $5,", "$5"),
        (" C++.", "c++"),
        (" R&B", "r&b"),
        (' "Hello"', "hello"),
        (" “Hello,”", "hello"),
        (" «Bonjour»", "bonjour"),
        (" „Straße“", "straße"),
        (" ¿Qué?", "qué"),
        (" ¡ÁNDALE!", "ándale"),
        (" (laughs)", "laughs"),
        (" wait—", "wait"),
        (" um...", "um"),
        ("東京。", "東京"),
        ("「はい」", "はい"),
        ("你好，", "你好"),
        (" مرحبا؟", "مرحبا"),
        (" हिन्दी।", "हिन्दी"),
        ("♪", ""),
        (" —", ""),
        ("...", ""),
        (" -", ""),
        (" ", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_bare_word(text: str, expected: str) -> None:
    """A word loses its case and what stands around it, in any script."""
    assert bare_word(text) == expected


def test_punctuated() -> None:
    """With punctuation a word has both its forms, its time and its confidence."""
    pieces = [Piece(" Burden,", 0.5, 0.9, 0.8), Piece(" he", 0.9, 1.0, 0.7)]

    assert format_words(pieces, punctuate=True) == [
        Word("burden", 0.5, 0.9, 0.8, "Burden,"),
        Word("he", 0.9, 1.0, 0.7, "he"),
    ]


def test_not_punctuated() -> None:
    """Without punctuation a word has its bare form alone."""
    assert format_words([Piece(" Burden,", 0.5, 0.9, 0.8)], punctuate=False) == [
        Word("burden", 0.5, 0.9, 0.8)
    ]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([" Yes", ".", " No"], [("yes", "Yes."), ("no", "No")]),
        ([" Yes", " —", " no"], [("yes", "Yes—"), ("no", "no")]),
        ([" Bonjour", " !"], [("bonjour", "Bonjour!")]),
        ([" ¿", "Qué", "?"], [("qué", "¿Qué?")]),
        ([" said", ' "', "Go", '."'], [("said", "said"), ("go", '"Go."')]),
        ([" (", "laughs", ")"], [("laughs", "(laughs)")]),
        (["彼", "は", "「", "はい", "」", "。"], [("彼", "彼"), ("は", "は"), ("はい", "「はい」。")]),
        (["…", " so"], [("so", "…so")]),
        ([" so", " ("], [("so", "so(")]),
        ([" ...", "!"], []),
        ([], []),
    ],
)  # fmt: skip
def test_punctuation_alone(texts: list[str], expected: list[tuple[str, str]]) -> None:
    """Punctuation that stands alone joins the word before, or after if it opens something."""
    assert shown(*texts) == expected


def test_punctuation_keeps_the_time() -> None:
    """A word's time and confidence are its own, not those of the mark behind it."""
    pieces = [Piece(" Yes", 0.0, 0.4, 0.9), Piece(".", 0.4, 2.0, 0.1)]

    assert format_words(pieces, punctuate=True) == [Word("yes", 0.0, 0.4, 0.9, "Yes.")]


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        ([" twenty", "-one"], "twenty-one"),
        ([" 10", ",000"], "10,000"),
        ([" 3", ".5"], "3.5"),
        ([" 10", ":30"], "10:30"),
        ([" it", "'s"], "it's"),
        ([" L", "'eau"], "l'eau"),
        ([" 50", "%"], "50%"),
        ([" हिन", "्दी"], "हिन्दी"),
    ],
)
def test_pieces_of_one_word(texts: list[str], word: str) -> None:
    """What Whisper cuts inside a word is one word again, over all of its time."""
    pieces = [
        Piece(text, start_s=n, end_s=n + 1, probability=0.9 - n / 10)
        for n, text in enumerate(texts)
    ]

    joined = format_words(pieces, punctuate=False)

    assert [(w.word, w.start_s, w.end_s) for w in joined] == [(word, 0, len(texts))]
    assert joined[0].confidence == pieces[-1].probability


def test_spaces_begin_words() -> None:
    """A sign with a space before it is a word of its own, and so are letters without spaces."""
    assert shown(" R", " &", " B", " -5") == [("r", "R"), ("&", "&"), ("b", "B"), ("-5", "-5")]
    assert shown("東京", "です") == [("東京", "東京"), ("です", "です")]


@given(st.lists(st.builds(Piece, st.text(max_size=6)), max_size=8), st.booleans())
def test_any_pieces(pieces: list[Piece], punctuate: bool) -> None:
    """Any text gives words that are not empty, in which no letter or digit is lost."""
    words = format_words(pieces, punctuate=punctuate)

    spoken = [c for piece in pieces for c in piece.text.lower() if c.isalnum()]
    assert all(word.word for word in words)
    assert [c for word in words for c in word.word if c.isalnum()] == spoken
    assert all((word.punctuated_word is not None) == punctuate for word in words)


@given(st.text())
def test_bare_word_is_stable(text: str) -> None:
    """The bare form of a bare form is itself."""
    assert bare_word(bare_word(text)) == bare_word(text)
