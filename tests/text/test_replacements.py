"""What a client wants written in the place of what was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.text.replacements import Replacements
from lwd.text.written import Written
from tests.text.saying import ANY_TEXT, said, spoken, written


@pytest.mark.parametrize(
    ("values", "text", "expected"),
    [
        (["monika:Monica"], "Hello, monika!", "Hello, Monica!"),
        (["monika:Monica"], "MONIKA", "Monica"),
        (["monika jon:Monica John"], '"Monika, Jon!"', '"Monica John!"'),
        (["monika jon:MJ"], "monika jon and monika", "MJ and monika"),
        (["kpis:Key Performance Indicators"], "Our KPIs, too", "Our Key Performance Indicators, too"),
        (["a b:x", "a:y"], "a b a", "x y"),
        (["a:y", "a b:x"], "a b a", "x y"),
        (["ZenDesk:Zendesk"], "zendesk ZenDesk", "zendesk Zendesk"),
        (["it:the monster", "It:The monster"], "It is it.", "The monster is the monster."),
        (["it:that"], "It is", "that is"),
        (["monika"], "I saw Monika yesterday.", "I saw yesterday."),
        (["monika:"], "Yes. Monika went home, Monika.", "Yes. Went home."),
        (["ten:10:30"], "at ten", "at 10:30"),
        (["a:b", "b:c"], "a", "b"),
        (["art:x"], "party art", "party x"),
        ([":x", "", "...:x"], "Hello. x", "Hello. x"),
        ([], "Hello.", "Hello."),
    ],
)  # fmt: skip
def test_replaced(values: list[str], text: str, expected: str) -> None:
    """Whole words are replaced, in any case unless a capital is asked for, between their marks."""
    assert written(Replacements.parse(values).apply(said(text))) == expected


def test_new_words() -> None:
    """New words stand as the client wrote them, and share the time of the old ones."""
    words = Replacements.parse(["kpis:Key Indicators!"]).apply([Written("KPIs,", 1.0, 2.0, 0.5)])

    assert words == [
        Written("Key", 1.0, 1.5, 0.5, "Key"),
        Written("Indicators!,", 1.5, 2.0, 0.5, "Indicators!"),
    ]


def test_tags_are_not_replaced() -> None:
    """A tag for what was redacted stays, whatever a client wants to find."""
    [tag] = said("555.")
    tag = tag.instead("[NUMBER_1]")

    assert Replacements.parse(["number_1:x", "[NUMBER_1]:x"]).apply([tag]) == [tag]


@given(st.lists(st.text(max_size=6), max_size=5), ANY_TEXT)
def test_any_text(values: list[str], text: str) -> None:
    """Whatever is replaced by whatever, words are not empty and times do not run backwards."""
    words = Replacements.parse(values).apply(said(text))

    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert all(word.bare for word in words)


@given(ANY_TEXT.filter(lambda text: ":" not in text))
def test_every_word_is_found(text: str) -> None:
    """Each word of a text can be found by itself."""
    words = said(text)

    gone = Replacements.parse(f"{word.bare}:x" for word in words).apply(words)

    assert set(spoken(gone).split()) <= {"x"}
