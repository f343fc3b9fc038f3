"""Profane words are masked, and no others."""

import pytest
from hypothesis import given

from lwd.text.profanity import LANGUAGES as KNOWN
from lwd.text.profanity import mask_profanity
from tests.text.saying import ANY_TEXT, LANGUAGES, said, spoken, written


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Fuck, no!", "****, no!"),
        ("en", "you motherfucking asshole's", "you ************* *********"),
        ("en", "that's bullshit.", "that's ********."),
        ("en", "a dumb-ass thing", "a ******** thing"),
        ("de", "So eine Scheiße!", "So eine *******!"),
        ("es", "Vete a la mierda.", "Vete a la ******."),
        ("fr", "«Putain»", "«******»"),
        ("it", "che cazzo", "che *****"),
        ("pt", "caralho", "*******"),
    ],
)
def test_masked(language: str, text: str, expected: str) -> None:
    """A profane word is an asterisk for each character, between the marks that it had."""
    masked = mask_profanity(said(text), language)

    assert written(masked) == expected
    assert all(set(m.bare) == {"*"} for m, w in zip(masked, said(text), strict=True) if m != w)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Scunthorpe class assess cockpit assume bass grass passage Assad associate"),
        ("en", "shiitake Dick Hancock peacock cocktail titmouse pussycat cummings hello butt"),
        ("en", "analysis therapist document Essex Sussex title count country scrap niggardly"),
        ("de", "Kirscheis Marsch Barsch Reisch Figur entscheidend Hurenkind Arschaeologie"),
        ("es", "disputa computadora reputación jodhpurs coñac putativo"),
        ("fr", "concombre réputation connaître contre château conseil"),
        ("it", "cazzuola stronzio"),
        ("pt", "reputação fodor computa"),
        ("ru", "fuck"),
    ],
)
def test_innocent(language: str, text: str) -> None:
    """No part of a word is profane by itself, and a language that is not known masks nothing."""
    assert mask_profanity(said(text), language) == said(text)


@given(ANY_TEXT, LANGUAGES)
def test_any_text(text: str, language: str) -> None:
    """A word keeps its place, its length and its times."""
    masked = mask_profanity(said(text), language)

    assert [len(w.bare) for w in masked] == [len(w.bare) for w in said(text)]
    assert [(w.start_s, w.end_s) for w in masked] == [(w.start_s, w.end_s) for w in said(text)]
    assert language in KNOWN or spoken(masked) == spoken(said(text))
