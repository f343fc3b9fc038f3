"""Signs that are named become signs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.text.dictation import dictate
from lwd.text.written import Written

SPOKEN = """
    period comma colon semicolon semi question exclamation mark point full stop dash hyphen
    open close parenthesis quote new line newline paragraph a the of zebra zebra, Zebra. well. (yes)
""".split()  # noqa: SIM905 - a vocabulary


def said(text: str) -> list[Written]:
    return [Written(word, n, n + 0.5, 0.9) for n, word in enumerate(text.split())]


def dictated(text: str) -> str:
    return " ".join(word.text for word in dictate(said(text)))


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        # Deepgram's list
        ("a headache comma nausea period They report it", "a headache, nausea. They report it"),
        ("note colon it works exclamation mark", "note: it works!"),
        ("does it question mark yes", "does it? Yes"),
        ("one new line two", "one <\n> two"),
        ("one period new paragraph two", "one. <\n\n> Two"),
        # Others that people dictate
        ("stop semicolon go full stop", "stop; go."),
        ("stop semi colon go exclamation point", "stop; go!"),
        ("wait dash no", "wait— no"),
        ("well hyphen known", "well-known"),
        ("see open parenthesis below close parenthesis period", "see (below)."),
        ("open quote hello comma close quote he said", "“hello” he said"),
        # Whisper's own guesses give way
        ("A headache, comma, nausea. Period. they report", "A headache, nausea. They report"),
        ("One. New line. Two", "One. <\n> Two"),
        # Where there is no word to take the sign
        ("period they came", ". They came"),
        ("new line period", "<\n> ."),
        ("see open parenthesis", "see ("),
        # What names no sign
        ("a period of time and the colon", "a period of time and the colon"),
        ("I put a comma here comma there", "I put a comma here, there"),
        ("a question, mark my words", "a question, mark my words"),
    ],
)
def test_signs(spoken: str, expected: str) -> None:
    """A sign that is named stands where it belongs."""
    assert dictated(spoken) == expected


def test_a_sign_alone_is_a_word() -> None:
    """A line break has a word of its own, so that a result of nothing else is not empty."""
    [word] = dictate(said("new line"))

    assert word == Written("<\n>", 0, 1.5, 0.9)
    assert word.bare == "<\n>"


def test_a_word_lasts_as_long_as_its_sign() -> None:
    """A word with a sign spans both, and its bare form has no sign."""
    [word] = dictate(said("hello exclamation mark"))

    assert word == Written("hello!", 0, 2.5, 0.9)
    assert word.bare == "hello"


@given(st.lists(st.sampled_from(SPOKEN), max_size=14))
def test_any_words(texts: list[str]) -> None:
    """No word is lost, times stay in order, and no sign is named any more."""
    words = said(" ".join(texts))

    result = dictate(words)

    assert dictate(result) == result
    assert all(word.text and word.bare for word in result)
    text = " ".join(word.text.lower() for word in result)
    assert text.count("zebra") == " ".join(texts).lower().count("zebra")
    edges = [edge for word in result for edge in (word.start_s, word.end_s)]
    assert edges == sorted(edges)
    assert edges[:1] == [word.start_s for word in words[:1]]
    assert edges[-1:] == [word.end_s for word in words[-1:]]


@given(st.lists(st.text(min_size=1, max_size=8), max_size=8))
def test_any_text(texts: list[str]) -> None:
    """Any text at all is taken, and stays as it is where it names no sign."""
    words = [Written(text, n, n + 0.5, 0.9) for n, text in enumerate(texts)]

    assert [word.text for word in dictate(words)] == texts
