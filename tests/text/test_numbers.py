"""From spoken numbers to digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.text.numbers import write_numbers
from lwd.text.written import Written

SPOKEN = """
    zero oh o one two nine ten twelve nineteen twenty twenty-one eighty hundred thousand million
    billion point and a the minus negative first second third fifth twenty-second thirds half
    quarters eighties or of may May January in number percent years 5 19 20 2.5 $5 10,000 5th
    zebra zebra, ten, "two vingt un neuf mille zweiundzwanzig sei vinte segunda uno dos mil
    millones cent virgule
""".split()  # noqa: SIM905 - a vocabulary
LANGUAGES = ("en", "en-US", "fr", "de", "es", "it", "pt-BR", "nl", "da", "sv", "ja", "")


def said(text: str) -> list[Written]:
    return [Written(word, n, n + 0.5, 0.9) for n, word in enumerate(text.split())]


def written(text: str, language: str = "en") -> str:
    return " ".join(word.text for word in write_numbers(said(text), language))


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        # Deepgram's own examples: digits said one by one stay words, and nothing has commas.
        ("nine hundred", "900"),
        ("My account number is nine two eight four", "My account number is 9 2 8 4"),
        ("code is five one y w capital o six four", "code is 5 1 y w capital o 6 4"),
        ("as in dog and then twenty three", "as in dog and then 23"),
        ("new york one zero zero zero five", "new york 1 0 0 0 5"),
        ("10,000 people", "10000 people"),
        # Cardinals
        ("twenty one", "21"),
        ("Twenty-five, please.", "25, please."),
        ("four four four", "4 4 4"),
        ("one two three", "1 2 3"),
        ("zero zero seven", "0 0 7"),
        ("one hundred and one", "101"),
        ("a hundred and twenty people", "120 people"),
        ("One hundred twenty three thousand four hundred fifty six.", "123456."),
        ("one million two hundred thousand", "1200000"),
        ("two million", "2 million"),
        ("two hundred fifty million people", "250 million people"),
        ("one trillion", "1 trillion"),
        ("one oh one", "1 0 1"),
        ("twenty, one or so", "20, one or so"),
        # Decimals and signs
        ("three point five", "3.5"),
        ("three point zero five.", "3.05."),
        ("two point five million", "2.5 million"),
        ("minus five degrees", "-5 degrees"),
        ("negative one", "-1"),
        ("minus two million", "-2 million"),
        ("ten minus one", "10 minus 1"),
        # Years
        ("nineteen ninety nine", "1999"),
        ("nineteen oh five", "1905"),
        ("twenty twenty four", "2024"),
        ("two thousand and twenty four", "2024"),
        ("January five twenty twenty four", "January 5 2024"),
        ("in eighteen sixty five", "in 1865"),
        ("the late nineteen eighties", "the late 1980s"),
        ("fifteen twenty minutes", "15 20 minutes"),
        ("twenty thirty people", "20 30 people"),
        # Ordinals
        ("my fifth birthday", "my 5th birthday"),
        ("the twenty first century", "the 21st century"),
        ("january first", "january 1st"),
        ("the second of May", "the 2nd of May"),
        ("on the twenty second of may", "on the 22nd of may"),
        ("a twenty second pause", "a 20 second pause"),
        # What Whisper wrote in digits
        ("5 hundred", "500"),
        ("5 hundred thousand", "500000"),
        ("2.5 thousand", "2500"),
        ("$5 hundred", "$500"),
        ("2 million", "2 million"),
        ("$5 million", "$5 million"),
        ("twenty twenty and 21", "2020 and 21"),
        # "One" beside what makes it a number
        ("chapter one", "chapter 1"),
        ("one percent", "1 percent"),
    ],
)
def test_english(spoken: str, expected: str) -> None:
    """A number that was said in words is written in digits."""
    assert written(spoken) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "One of them knows no one.",
        "One by one, they came.",
        "It was one or two of us.",
        "Give me a second, one moment.",
        "First of all, the second one is better.",
        "May first impressions last, and you may first want to march second.",
        "Two thirds of it, or three quarters, or one third, or a fifth.",
        "A few hundred people and thousands of cats.",
        "Not in a million years, and half a million times.",
        "Oh, I won, to be or not to be, for you.",
        "At this point, five-star.",
        "He scored 21 points in 1999, and 3.5 on 5/6.",
    ],
)
def test_no_numbers(sentence: str) -> None:
    """Words that read like numbers but mean none stay words."""
    assert written(sentence) == sentence


@pytest.mark.parametrize(
    ("language", "spoken", "expected"),
    [
        ("fr", "vingt et un chats", "21 chats"),
        ("fr-CA", "douze virgule cinq", "12,5"),
        ("fr", "dix millions d'euros", "10 millions d'euros"),
        ("fr", "un livre neuf, trente, un", "un livre neuf, 30, un"),
        ("de", "einundzwanzig Jahre", "21 Jahre"),
        ("de", "zwei Millionen", "2 Millionen"),
        ("de", "der einundzwanzigste Mai.", "der 21. Mai."),
        ("de", "ein Buch, das erste", "ein Buch, das erste"),
        ("es", "dos mil millones", "2000 millones"),
        ("es", "uno dos tres", "1 2 3"),
        ("es", "mil gracias", "mil gracias"),
        ("it", "ventuno", "21"),
        ("it", "secondo me sei bella, mille grazie", "secondo me sei bella, mille grazie"),
        ("pt-BR", "vinte e um", "21"),
        ("pt", "na quarta feira", "na quarta feira"),
        ("nl", "eenentwintig", "21"),
        ("da", "enogtyve", "21"),
        ("sv", "tjugo ett", "tjugo ett"),
        ("de", "10.000 Euro", "10.000 Euro"),
    ],
)
def test_other_languages(language: str, spoken: str, expected: str) -> None:
    """Eight languages have their numbers in digits; what means something else is left."""
    assert written(spoken, language) == expected


def test_a_number_lasts_as_long_as_its_words() -> None:
    """A number spans its words, is as probable as the least, and has the last one's comma."""
    words = [Written("Twenty", 1.0, 1.4, 0.9), Written("one,", 1.5, 2.0, 0.6)]

    assert write_numbers(words, "en") == [Written("21,", 1.0, 2.0, 0.6)]


@given(st.lists(st.sampled_from(SPOKEN), max_size=12), st.sampled_from(LANGUAGES))
def test_any_words(texts: list[str], language: str) -> None:
    """No word is lost, times stay in order, and what is written stays so."""
    words = said(" ".join(texts))

    numbers = write_numbers(words, language)

    assert write_numbers(numbers, language) == numbers
    assert all(word.text for word in numbers)
    assert [w.text for w in numbers if "zebra" in w.text] == [t for t in texts if "zebra" in t]
    edges = [edge for word in numbers for edge in (word.start_s, word.end_s)]
    assert edges == sorted(edges)
    assert edges[:1] == [word.start_s for word in words[:1]]
    assert edges[-1:] == [word.end_s for word in words[-1:]]


@given(st.lists(st.text(min_size=1, max_size=8), max_size=8), st.sampled_from(LANGUAGES))
def test_any_text(texts: list[str], language: str) -> None:
    """Any text at all is taken."""
    words = [Written(text, n, n + 0.5, 0.9) for n, text in enumerate(texts)]

    assert len(write_numbers(words, language)) <= len(words)
