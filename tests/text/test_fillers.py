"""Sounds of hesitation leave the text, and the text closes over them."""

import pytest
from hypothesis import given

from lwd.text.fillers import without_fillers
from tests.text.saying import ANY_TEXT, LANGUAGES, said, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I was uh going.", "I was going."),
        ("I was, um, going.", "I was going."),
        ("Um, we went home.", "We went home."),
        ("Uh, um, yes.", "Yes."),
        ("Home. Um, we went.", "Home. We went."),
        ("Well, uh we", "Well, we"),
        ("so umm... what", "so what"),
        ("so… uhhh what", "so… what"),
        ("I don't know, um.", "I don't know."),
        ("Yes. Um. No.", "Yes. No."),
        ("Is it uh?", "Is it?"),
        ('He said, "Um, yes."', 'He said, "Yes."'),
        ("Um.", ""),
        ("", ""),
    ],
)
def test_fillers(text: str, expected: str) -> None:
    """Marks and capitals stand as if the filler had never been said."""
    assert written(without_fillers(said(text), "en")) == expected


@pytest.mark.parametrize(
    "text", ["Mhmm.", "Uh-huh, yes.", "mm-mm", "uh-uh", "nuh-uh", "umbrella", "the hum", "ugh"]
)
def test_answers_stay(text: str) -> None:
    """What says yes or no is no filler, and neither is a word that begins like one."""
    assert without_fillers(said(text), "en") == said(text)


def test_other_languages() -> None:
    """What hesitates in English is a word in others."""
    assert written(without_fillers(said("Wir kommen um acht"), "de")) == "Wir kommen um acht"
    assert written(without_fillers(said("É um homem"), "pt")) == "É um homem"


@given(ANY_TEXT, LANGUAGES)
def test_any_text(text: str, language: str) -> None:
    """Whatever is said, the words that stay keep their times and their letters."""
    words = said(text)

    kept = without_fillers(words, language)

    assert [word for word in kept if word.bare in ("um", "uh")] == [] or language != "en"
    bare = {word.start_s: word.bare for word in words}
    assert all(bare[word.start_s] == word.bare for word in kept)
