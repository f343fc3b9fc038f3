"""What a transcript names, by rules."""

import pytest
from hypothesis import given

from lwd.protocol.messages import Entity
from lwd.text.entities import LABELS, find_entities
from lwd.text.redaction import KINDS, Redactor, Told
from lwd.text.written import Written
from tests.text.saying import ANY_TEXT, LANGUAGES, said


def found(text: str, language: str = "en") -> list[tuple[str, str]]:
    """Labels and values, in order."""
    return [(entity.label, entity.value) for entity in find_entities(said(text), language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail John.Doe@example.co.uk, please", [("EMAIL_ADDRESS", "John.Doe@example.co.uk")]),
        (
            "see https://example.com/a/b. or Example.org!",
            [("URL", "https://example.com/a/b"), ("URL", "Example.org")],
        ),
        ("it is 192.168.1.1.", [("IP_ADDRESS", "192.168.1.1")]),
        ("call (555) 123-4567.", [("PHONE_NUMBER", "(555) 123-4567")]),
        ("call +44 20 7946 0958", [("PHONE_NUMBER", "+44 20 7946 0958")]),
        ("call 555-1234", [("PHONE_NUMBER", "555-1234")]),
        (
            "five five five one two three four five six seven",
            [("PHONE_NUMBER", "five five five one two three four five six seven")],
        ),
        ("it's 4111 1111 1111 1111", [("CREDIT_CARD", "4111 1111 1111 1111")]),
        ("it's 4111111111111112", [("CARDINAL", "4111111111111112")]),
        ("it's 123-45-6789", [("SSN", "123-45-6789")]),
        ("$5.99 or $5 million,", [("MONEY", "$5.99"), ("MONEY", "$5 million")]),
        (
            "twenty dollars and fifty cents, 3 euros",
            [("MONEY", "twenty dollars and fifty cents"), ("MONEY", "3 euros")],
        ),
        ("3 pounds of salt", [("CARDINAL", "3")]),
        ("50%, ten percent", [("PERCENT", "50%"), ("PERCENT", "ten percent")]),
        ("on Friday, May 5th, 2024.", [("DATE", "Friday, May 5th, 2024")]),
        (
            "December twenty fifth, nineteen eighty four",
            [("DATE", "December twenty fifth, nineteen eighty four")],
        ),
        ("the third of July and 5 May", [("DATE", "third of July"), ("DATE", "5 May")]),
        ("12/26/2024 or 2024-01-02", [("DATE", "12/26/2024"), ("DATE", "2024-01-02")]),
        ("July 1999", [("DATE", "July 1999")]),
        ("at 10:30 am or 5 p.m today", [("TIME", "10:30 am"), ("TIME", "5 p.m")]),
        ("ten thirty am, 5 o'clock", [("TIME", "ten thirty am"), ("TIME", "5 o'clock")]),
        ("first, 21st", [("ORDINAL", "first"), ("ORDINAL", "21st")]),
        ("one hundred and five or -5", [("CARDINAL", "one hundred and five"), ("CARDINAL", "-5")]),
        ("2,000 and 2 million", [("CARDINAL", "2,000"), ("CARDINAL", "2 million")]),
        ("wait a second, May I? COVID-19, B2B, John in Paris", []),
        ("", []),
    ],
)
def test_found(text: str, expected: list[tuple[str, str]]) -> None:
    """The most telling label wins, written or spoken; what the rules do not know is no entity."""
    assert found(text) == expected


def test_entity() -> None:
    """An entity has its words, as they are written and as they were said."""
    words = [Written("Ten", 0.0, 1.0, 0.9), Written("Dollars!", 1.0, 2.0, 0.6)]

    assert find_entities(words, "en") == [
        Entity("MONEY", "Ten Dollars", "ten dollars", 0.6, 0, 2),
    ]


def test_other_languages() -> None:
    """Numbers in words are read in the language that is spoken; what is written is found in all."""
    assert found("einundzwanzig Leute, 50%", "de") == [
        ("CARDINAL", "einundzwanzig"),
        ("PERCENT", "50%"),
    ]
    assert found("twenty 50%", "xx") == [("PERCENT", "50%")]


def test_nothing_hidden_is_found() -> None:
    """A tag for what was redacted is no number."""
    words, _ = Redactor(KINDS).final(said("it's 123-45-6789 or 5"), "en", Told())

    assert find_entities(words, "en") == []


@given(ANY_TEXT, LANGUAGES)
def test_any_text(text: str, language: str) -> None:
    """Whatever is said, entities have words of their own, in order."""
    words = said(text)

    entities = find_entities(words, language)

    indices = [n for entity in entities for n in range(entity.start_word, entity.end_word)]
    assert indices == sorted(set(indices))
    assert all(entity.start_word < entity.end_word <= len(words) for entity in entities)
    assert all(entity.label in LABELS and entity.value for entity in entities)
