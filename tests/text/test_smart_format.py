"""Entities as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.text.smart_format import smart_format
from lwd.text.written import Written

SPOKEN = """
    zero oh one two five ten nineteen twenty hundred thousand million point and a i the fifth first
    at dot com org co uk slash dash hyphen underscore w gmail john email address is smith
    dollar dollars cents euros pounds pence cost percent per cent p m am pm p.m. in morning
    may May january January of 1 5 19 20 30 99 555 123-4567 (555) +1 4242 2024, $25 1,500 2.5 5:30
    zebra zebra, ten, "two b. z x gmail.com www.example.com five. #5 5) (5
""".split()  # noqa: SIM905 - a vocabulary
LANGUAGES = ("en", "en-GB", "fr", "de", "sv", "")


def said(text: str) -> list[Written]:
    return [Written(word, n, n + 0.5, 0.9) for n, word in enumerate(text.split())]


def formatted(text: str, language: str = "en-US") -> str:
    return " ".join(word.text for word in smart_format(said(text), language))


def test_what_deepgram_shows() -> None:
    """Deepgram's own example, as Whisper would punctuate it; only the date's comma is ours."""
    assert formatted(
        "I'm recording this at eight thirty seven pm on Wednesday, it's november second twenty "
        "twenty two. I just ate thirty three grams of pasta, and then drank fifty five milliliters "
        "of water at three hundred Main Street. Then I walked down to one two three Southeast Main "
        "Street to get my package with tracking number one z five seven a two b."
    ) == (
        "I'm recording this at 8:37 PM on Wednesday, it's November 2, 2022. I just ate 33 grams of "
        "pasta, and then drank 55 milliliters of water at 300 Main Street. Then I walked down to "
        "123 Southeast Main Street to get my package with tracking number 1Z57A2B."
    )


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        # Dates
        ("january fifth twenty twenty four", "January 5, 2024"),
        ("January 5th, 2024.", "January 5, 2024."),
        ("on January 5 2024 at noon", "on January 5, 2024 at noon"),
        ("november second", "November 2"),
        ("on may first", "on May 1"),
        ("march fourth, then", "March 4, then"),
        # Times of day
        ("five thirty p m", "5:30 PM"),
        ("five p.m.", "5 PM."),
        ("at 5:30 p.m. we left", "at 5:30 PM we left"),
        ("at 5.30 p.m. We left", "at 5:30 PM. We left"),
        ("at 5 p.m., or so", "at 5 PM, or so"),
        ("from nine a m to 5 pm Eastern", "from 9 AM to 5 PM Eastern"),
        ("five oh five am", "5:05 AM"),
        ("see you at seven fifteen.", "see you at 7:15."),
        ("at five thirty tomorrow", "at 5:30 tomorrow"),
        ("six thirty in the morning", "6:30 in the morning"),
        # Money and percent
        ("twenty five dollars and ten cents", "$25.10"),
        ("one dollar, please", "$1, please"),
        ("a five dollar bill", "a $5 bill"),
        ("ten thousand dollars.", "$10,000."),
        ("1,500 dollars", "$1,500"),
        ("two point five dollars", "$2.50"),
        ("$25 and 5 cents", "$25.05"),
        ("five million dollars", "$5 million"),
        ("$5 million", "$5 million"),
        ("twenty euros", "€20"),
        ("it cost me twenty pounds", "it cost me £20"),
        ("twenty pounds and fifty pence", "£20.50"),
        ("fifty percent", "50%"),
        ("99.9 per cent.", "99.9%."),
        ("a hundred percent", "100%"),
        # Telephones and cards
        ("five five five one two three four five six seven", "555-123-4567"),
        ("call 555 123 4567.", "call 555-123-4567."),
        ("(555) 123-4567", "555-123-4567"),
        ("1 800 555 1234", "1-800-555-1234"),
        ("+1 555 123 4567", "+1-555-123-4567"),
        ("555-123-4567", "555-123-4567"),
        ("4242 4242 4242 4242", "4242-4242-4242-4242"),
        (" ".join(["four two"] * 8), "4242-4242-4242-4242"),
        # Digits and codes
        ("my account is nine two eight four seven", "my account is 92847"),
        ("call nine one one", "call 911"),
        ("R two D two", "R2D2"),
        # Addresses
        ("john dot smith at gmail dot com", "john.smith@gmail.com"),
        ("John.Smith at Gmail.com.", "john.smith@gmail.com."),
        ("my email is j o h n at example dot com", "my email is john@example.com"),
        ("my email is J-O-H-N at example.com", "my email is john@example.com"),
        ("smith twenty two at yahoo dot co dot uk", "smith22@yahoo.co.uk"),
        ("mary underscore ann dash lee at example dot org", "mary_ann-lee@example.org"),
        ("w w w dot example dot com slash help", "www.example.com/help"),
        ("go to example dot com slash about dash us now", "go to example.com/about-us now"),
        ("www.example.com slash help.", "www.example.com/help."),
        # Numbers as `numerals` writes them, but with the commas that Whisper wrote
        ("10,000 people and twenty one dogs", "10,000 people and 21 dogs"),
    ],
)
def test_english(spoken: str, expected: str) -> None:
    """What was said is written as people write it."""
    assert formatted(spoken) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "And so, my fellow Americans, ask not what your country can do for you.",
        "You may first want to march in, if I may.",
        "In March, I may go.",
        "The dot com bubble burst, and he connected the dots at Amazon.",
        "He works at gmail.com and I met him at example.com.",
        "Look at example.com.",
        "I lost 5 pounds.",
        "A dollar for a pound of flesh.",
        "It rose a percent or so.",
        "What am I to do at 5 am I free?",
        "He lives at 10 15 Main Street.",
        "They counted 1, 2, 3, 4, 5, 6, 7.",
        "1 2 3 4 5 6 7 8 9 10",
        "In 2019 and 2020, 100 of 200.",
        "A 5-4 win at 3.5% on 5/6/2024.",
        "I am at home; slash the dash, underscore it.",
        "Vitamin B 12 and plan B.",
        "A b c d, I x y.",
        "Email me at noon, my address is at the top.",
        "May 5, 2024, 5:30 PM, $25.10, €5 million, 50%, 555-123-4567.",
        "john.smith@gmail.com, www.example.com/help, 4242-4242-4242-4242, 1Z57A2B.",
    ],
)
def test_ordinary_sentences(sentence: str) -> None:
    """Sentences that hold no entity, or are written already, stay as they are."""
    assert formatted(sentence) == sentence


@pytest.mark.parametrize(
    ("language", "spoken", "expected"),
    [
        ("de", "einundzwanzig Dollar um fünf p m", "21 Dollar um 5 p m"),
        ("fr", "vingt et un dollars", "21 dollars"),
        ("sv", "john dot smith at gmail dot com", "john dot smith at gmail dot com"),
    ],
)
def test_other_languages(language: str, spoken: str, expected: str) -> None:
    """Where it is not English only the numbers are written in digits."""
    assert formatted(spoken, language) == expected


def test_entities_last_as_long_as_their_words() -> None:
    """What is written as one word spans all that was said for it; the others keep their times."""
    words = smart_format(said("on may fifth twenty twenty four, call ten dollars"), "en")

    assert [(word.text, word.start_s, word.end_s) for word in words] == [
        ("on", 0, 0.5),
        ("May", 1, 1.5),
        ("5,", 2, 2.5),
        ("2024,", 3, 5.5),
        ("call", 6, 6.5),
        ("$10", 7, 8.5),
    ]


@given(st.lists(st.sampled_from(SPOKEN), max_size=14), st.sampled_from(LANGUAGES))
def test_any_words(texts: list[str], language: str) -> None:
    """No word is lost, times stay in order, and what is formatted stays so."""
    words = said(" ".join(texts))

    result = smart_format(words, language)

    assert smart_format(result, language) == result
    assert all(word.text and " " not in word.text for word in result)
    assert sum("zebra" in word.text for word in result) == sum("zebra" in text for text in texts)
    edges = [edge for word in result for edge in (word.start_s, word.end_s)]
    assert edges == sorted(edges)
    assert edges[:1] == [word.start_s for word in words[:1]]
    assert edges[-1:] == [word.end_s for word in words[-1:]]


@given(st.lists(st.text(min_size=1, max_size=8), max_size=8), st.sampled_from(LANGUAGES))
def test_any_text(texts: list[str], language: str) -> None:
    """Any text at all is taken."""
    words = [Written(text, n, n + 0.5, 0.9) for n, text in enumerate(texts)]

    assert len(smart_format(words, language)) <= len(words)
