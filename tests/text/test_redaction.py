"""What is to be hidden is nowhere, and the rest stays."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.text.redaction import KINDS, Redactor, Told
from lwd.text.written import Written
from tests.text.saying import ANY_TEXT, LANGUAGES, said, written

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def redacted(text: str, *kinds: str, language: str = "en") -> str:
    """The text as a final result has it."""
    return written(Redactor(kinds).final(said(text), language, Told())[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 123-45-6789.", "It's [SSN_1]."),
        ("It's 123 45 6789, yes", "It's [SSN_1], yes"),
        ("it's 123456789", "it's [SSN_1]"),
        ("123-45-6789 2024", "[SSN_1] 2024"),
        ("five five five, twenty two, eleven eleven", "[SSN_1]"),
        ("oh one two dash three four dash five six seven oh", "[SSN_1]"),
        ("double five five uh two two triple one one", "[SSN_1]"),
        ("My SSN is 123 45", "My SSN is [SSN_1]"),
        ("the last four of my social are 6789", "the last four of my social are [SSN_1]"),
        ("123,456,789 in 94105-1234", "123,456,789 in 94105-1234"),
        ("nine hundred million and 555-123-4567", "nine hundred million and 555-123-4567"),
        ("Oh, 5 people", "Oh, 5 people"),
    ],
)
def test_ssn(text: str, expected: str) -> None:
    """Nine digits, however they are said, or fewer where a social security number is spoken of."""
    assert redacted(text, "ssn") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4111-1111-1111-1111!", "[CREDIT_CARD_1]!"),
        ("It's 4111, 1111, 1111, 1111.", "It's [CREDIT_CARD_1]."),
        ("forty-one eleven eleven eleven eleven eleven eleven eleven", "[CREDIT_CARD_1]"),
        ("expires December 26, C V V 123", "expires [CREDIT_CARD_EXPIRATION_1], C V V [CVV_1]"),
        ("the three digits on the back are 123", "the three digits on the back are [CVV_1]"),
        ("The card is (4111) 1111", "The card is [CREDIT_CARD_1]"),
        ("in 2019 I paid $5,000,000 in 30 days", "in 2019 I paid $5,000,000 in 30 days"),
        ("call 555-123-4567", "call 555-123-4567"),
        ("trial expires in 30 days", "trial expires in 30 days"),
    ],
)
def test_pci(text: str, expected: str) -> None:
    """A card's number, and its expiration and code where they are spoken of."""
    assert redacted(text, "pci") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call (555) 123-4567, now.", "Call [NUMBER_1], now."),
        ("12 of one hundred", "12 of [NUMBER_1]"),
        ("in nineteen eighty four", "in [NUMBER_1]"),
        ("at 10:30 it's $1.50 for 2", "at [NUMBER_1] it's [NUMBER_2] for 2"),
        ("first and second", "first and second"),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    """Three digits or more in a row."""
    assert redacted(text, "numbers") == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "2 dogs, B2B or one cat.", "[NUMBER_1] dogs, [NUMBER_2] or [NUMBER_3] cat."),
        ("de", "ein Hund, vier Katzen", "ein Hund, [NUMBER_1] Katzen"),
        ("fr", "un, deux, trois", "[NUMBER_1]"),
        ("xx", "two 2 ٣", "two [NUMBER_1]"),
        ("", "2", "[NUMBER_1]"),
    ],
)
def test_aggressive_numbers(language: str, text: str, expected: str) -> None:
    """Every digit in any script, and every number in words where the language is known."""
    assert redacted(text, "aggressive_numbers", language=language) == expected


def test_documented() -> None:
    """The examples of Deepgram's documentation, whose card has no valid check digit."""
    ssn = (
        "My social security number is five five five two two one one one one"
        " and his is six six six two two one three three three."
    )
    pci = (
        "my credit card number is four four four four nine nine nine nine three three three three"
        " two two two two with an expiration date of one twenty three and the cvv code is one one one"
    )

    assert redacted(ssn, "ssn") == "My social security number is [SSN_1] and his is [SSN_2]."
    assert redacted(pci, "pci") == (
        "my credit card number is [CREDIT_CARD_1] with an expiration date of"
        " [CREDIT_CARD_EXPIRATION_1] and the cvv code is [CVV_1]"
    )


def test_kinds_together() -> None:
    """A word has the more telling tag; labels are counted each by itself."""
    text = "123-45-6789 2024, 4111 1111 1111 1112 or 12"

    assert redacted(text, "ssn", "numbers", "pci") == "[CREDIT_CARD_1] or 12"
    assert redacted("123-45-6789 2024 or 12", "ssn", "numbers") == "[SSN_1] [NUMBER_1] or 12"
    assert redacted(text) == text


def test_tag() -> None:
    """A tag is one word in all its forms, over the time and with the least probability."""
    words = [Written("(123", 1.0, 1.5, 0.9), Written("456).", 1.5, 2.0, 0.4)]

    assert Redactor(["numbers"]).final(words, "en", Told())[0] == [
        Written("[NUMBER_1].", 1.0, 2.0, 0.4, "[NUMBER_1]")
    ]


def test_tags_count_on() -> None:
    """Finals count on from one another; an interim counts as its final will, as often as it comes."""
    redactor = Redactor(["numbers"])
    first, told = redactor.final(said("911 or"), "en", Told())
    interims = [redactor.interim(said("or 911 now"), "en", told) for _ in range(2)]
    last, _ = redactor.final(said("or 911 now"), "en", told)

    assert written(first) == "[NUMBER_1] or"
    assert [written(interim) for interim in interims] == ["or [NUMBER_2] now"] * 2
    assert written(last) == "or [NUMBER_2] now"


def test_told_in_parts() -> None:
    """A number that is told with pauses is one, and the results before say what it is."""
    redactor, told, texts = Redactor(["pci"]), Told(), []
    for text in ("Yes. My card is 4111", "", "1111", "1111, 1111 then", "and 4111", "1111 1111"):
        words, told = redactor.final(said(text), "en", told)
        texts.append(written(words))

    assert texts == [
        "Yes. My card is [CREDIT_CARD_1]",
        "",
        "[CREDIT_CARD_1]",
        "[CREDIT_CARD_1] then",
        "and [CREDIT_CARD_2]",
        "[CREDIT_CARD_2]",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it's 4111 1111", "it's"),
        ("it's 4111 1111 1111 1111", "it's [CREDIT_CARD_1]"),
        ("it's four one", "it's"),
        ("it's 4111 I think", "it's 4111 I think"),
    ],
)
def test_interims_wait(text: str, expected: str) -> None:
    """An interim shows no digits that could be the beginning of something hidden."""
    assert written(Redactor(["pci"]).interim(said(text), "en", Told())) == expected


def test_secrets_have_no_repr() -> None:
    """What a stream remembers of its words does not get into a log by accident."""
    _, told = Redactor(["ssn"]).final(said("123-45-6789"), "en", Told())

    assert "6789" not in repr(told)


GROUPINGS = {
    "ssn": [[9], [3, 2, 4], [1] * 9, [3, 2, 2, 2]],
    "pci": [[16], [4, 4, 4, 4], [1] * 16, [4, 6, 6], [2] * 8],
}
LABELS = {"ssn": "ssn", "pci": "creditcard"}


@st.composite
def secrets(draw: st.DrawFn) -> tuple[str, str]:
    """A kind, and digits of its as they may be transcribed."""
    kind = draw(st.sampled_from(sorted(GROUPINGS)))
    lengths = draw(st.sampled_from(GROUPINGS[kind]))
    groups = [draw(st.text("0123456789", min_size=n, max_size=n)) for n in lengths]
    separator = draw(st.sampled_from([" ", "-", ", ", ". ", " - ", " uh "]))
    if separator == "-" or draw(st.booleans()):
        text = separator.join(groups)
    else:
        text = separator.join(" ".join(DIGITS[int(digit)] for digit in group) for group in groups)
    return kind, text


MARKS = ANY_TEXT.map(lambda text: "".join(c for c in text if not c.isalnum()))


@given(secrets(), MARKS)
def test_nothing_survives(secret: tuple[str, str], marks: str) -> None:
    """However a number is written or spoken, and whatever marks are around it, none of it is left."""
    kind, text = secret

    words, _ = Redactor([kind]).final(said(f"it's {marks} {text}. {marks} Yes"), "en", Told())

    shown = " ".join(word.text + " " + word.bare for word in words).lower()
    assert not any(digit in shown for digit in DIGITS)
    assert [c for c in shown if c.isalnum()] == list(f"itsits{LABELS[kind]}1{LABELS[kind]}1yesyes")


@given(ANY_TEXT, ANY_TEXT, st.sets(st.sampled_from(sorted(KINDS))), LANGUAGES)
def test_any_text(before: str, text: str, kinds: set[str], language: str) -> None:
    """Whatever is said, words are not empty, times go on, and an interim is the final's beginning."""
    redactor = Redactor(kinds)
    _, told = redactor.final(said(before), language, Told())
    words = said(text, start_s=100.0)

    interim = redactor.interim(words, language, told)
    final, _ = redactor.final(words, language, told)

    assert interim == final[: len(interim)]
    assert all(word.bare for word in final)
    assert all(one.end_s <= next_.start_s for one, next_ in pairwise(final))
    if "aggressive_numbers" in kinds:
        assert not any(c.isdecimal() for w in final if w.verbatim is None for c in w.text)
