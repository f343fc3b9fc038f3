"""The query of the upgrade."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.errors import InvalidParameter
from lwd.protocol.params import (
    Encoding,
    Keyterm,
    ListenParams,
    parse_listen_params,
)

RAW = (("encoding", "linear16"), ("sample_rate", "16000"))
RAW_ENCODINGS = {
    Encoding.LINEAR16,
    Encoding.LINEAR32,
    Encoding.MULAW,
    Encoding.ALAW,
    Encoding.SPEEX,
}


def refusal(*query: tuple[str, str]) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as caught:
        parse_listen_params(query)
    return caught.value


def test_defaults() -> None:
    """A bare URL gets Deepgram's defaults."""
    assert parse_listen_params([]) == ListenParams(
        model=None,
        language=None,
        encoding=None,
        sample_rate=None,
        channels=1,
        multichannel=False,
        interim_results=False,
        punctuate=False,
        smart_format=False,
        endpointing_ms=10,
        utterance_end_ms=None,
        vad_events=False,
    )


def test_python_sdk_query() -> None:
    """The query of Deepgram's Python SDK 7.17 is understood."""
    query = (
        "encoding=linear16&endpointing=300&interim_results=true&keyterm=foo+bar&keyterm=baz"
        "&language=en-US&model=nova-3&sample_rate=16000&smart_format=true&utterance_end_ms=1000"
        "&vad_events=true"
    )

    assert parse_listen_params(parse_qsl(query)) == ListenParams(
        model="nova-3",
        language="en-US",
        encoding=Encoding.LINEAR16,
        sample_rate=16000,
        interim_results=True,
        punctuate=True,
        smart_format=True,
        endpointing_ms=300,
        utterance_end_ms=1000,
        vad_events=True,
        keyterms=(Keyterm("foo bar"), Keyterm("baz")),
    )


def test_livekit_query() -> None:
    """LiveKit's default query is understood."""
    query = (
        "model=nova-3&punctuate=true&smart_format=false&no_delay=true&interim_results=true"
        "&encoding=linear16&vad_events=true&sample_rate=16000&channels=1&endpointing=25"
        "&filler_words=true&profanity_filter=false&numerals=false&mip_opt_out=false&language=en-US"
    )

    assert parse_listen_params(parse_qsl(query)) == ListenParams(
        model="nova-3",
        language="en-US",
        encoding=Encoding.LINEAR16,
        sample_rate=16000,
        interim_results=True,
        punctuate=True,
        endpointing_ms=25,
        vad_events=True,
        filler_words=True,
    )


@pytest.mark.parametrize(
    "name", ["multichannel", "interim_results", "punctuate", "smart_format", "vad_events"]
)
@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("True", True), ("FALSE", False), ("False", False)]
)
def test_boolean(name: str, text: str, value: bool) -> None:
    """A boolean may be written as JavaScript or as Python writes it."""
    assert getattr(parse_listen_params([(name, text)]), name) is value


@pytest.mark.parametrize("text", ["", "1", "yes", " true", "truefalse"])
def test_wrong_boolean(text: str) -> None:
    """Anything else is refused, and so is an empty value."""
    assert str(refusal(("punctuate", text))) == (
        "Failed to deserialize query parameters: punctuate:"
        f" provided string `{text}` was not `true` or `false`"
    )


def test_refusal_is_a_400() -> None:
    """A refusal carries Deepgram's status and code."""
    error = refusal(("vad_events", "maybe"))

    assert (error.status, error.err_code, error.reason) == (
        400,
        "INVALID_QUERY_PARAMETER",
        "bad_request",
    )


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("sample_rate", "16k", "invalid digit found in string `16k`"),
        ("sample_rate", "", "invalid digit found in string ``"),
        ("sample_rate", "16_000", "invalid digit found in string `16_000`"),
        ("sample_rate", "１６０００", r"invalid digit found in string `\uff11\uff16\uff10"),
        ("sample_rate", "7999", "`7999` is out of range, expected an integer from 8000 to 192000"),
        (
            "sample_rate",
            "192001",
            "`192001` is out of range, expected an integer from 8000 to 192000",
        ),
        ("channels", "0", "`0` is out of range, expected an integer from 1 to 20"),
        ("channels", "21", "`21` is out of range, expected an integer from 1 to 20"),
        ("channels", "-1", "invalid digit found in string `-1`"),
        ("endpointing", "", "invalid digit found in string ``"),
        ("endpointing", "1.5", "invalid digit found in string `1.5`"),
        ("endpointing", "9" * 5000, f"`{'9' * 40}` is out of range"),
        ("utterance_end_ms", "soon", "invalid digit found in string `soon`"),
    ],
)
def test_wrong_integer(name: str, text: str, problem: str) -> None:
    """A number that cannot work is refused by its name, its value and its limits."""
    expected = f"Failed to deserialize query parameters: {name}: {problem}"

    assert str(refusal(*RAW, (name, text))).startswith(expected)


@pytest.mark.parametrize("sample_rate", [8000, 192000])
def test_sample_rate_limits(sample_rate: int) -> None:
    """The lowest and the highest rate of raw audio are served."""
    query = [("encoding", "linear16"), ("sample_rate", f" {sample_rate} "), ("channels", "20")]

    params = parse_listen_params(query)

    assert (params.sample_rate, params.channels) == (sample_rate, 20)


def test_repeated_key() -> None:
    """The last value of a repeated key counts."""
    query = [("model", "nova-2"), ("channels", "x"), ("model", "nova-3"), ("channels", "2")]

    assert parse_listen_params(query) == ListenParams(model="nova-3", channels=2)


@pytest.mark.parametrize(
    ("text", "endpointing_ms"),
    [("300", 300), ("0", 0), ("false", None), ("False", None), ("true", 10), ("True", 10)],
)
def test_endpointing(text: str, endpointing_ms: int | None) -> None:
    """Endpointing is a time, or switched off, or left at its default."""
    assert parse_listen_params([("endpointing", text)]).endpointing_ms == endpointing_ms


def test_utterance_end_below_its_least() -> None:
    """A short utterance_end_ms is refused in the words of the real server."""
    assert str(refusal(("utterance_end_ms", "999"))) == (
        "Invalid 'utterance_end_ms' value of '999'."
    )


def test_linear16_without_sample_rate() -> None:
    """Raw audio without its rate is refused with what to add."""
    assert str(refusal(("encoding", "linear16"))) == (
        "Failed to deserialize query parameters: missing field `sample_rate`: `encoding=linear16`"
        " is raw audio; add its rate in Hz, for example `sample_rate=16000`"
    )


@pytest.mark.parametrize("sample_rate", [None, 4000, 96000])
@pytest.mark.parametrize("encoding", [*Encoding])
def test_encodings(encoding: Encoding, sample_rate: int | None) -> None:
    """Raw audio needs its rate, within limits; all else knows its own, whatever is said of it."""
    query = [("encoding", encoding.value)]
    if sample_rate is not None:
        query.append(("sample_rate", str(sample_rate)))

    if encoding in RAW_ENCODINGS and sample_rate != 96000:
        assert refusal(*query).parameter == "sample_rate"
    else:
        assert parse_listen_params(query) == ListenParams(
            encoding=encoding, sample_rate=sample_rate
        )


def test_unknown_encoding() -> None:
    """An encoding that nobody has is refused with the list of those that exist."""
    assert str(refusal(("encoding", "flac16"))) == (
        "Failed to deserialize query parameters: encoding: unknown variant `flac16`,"
        " expected one of `linear16`, `linear32`, `flac`, `alaw`, `mulaw`, `amr-nb`, `amr-wb`,"
        " `opus`, `ogg-opus`, `speex`, `g729`"
    )


@pytest.mark.parametrize("language", ["en", "en-US", "pt-BR", "zh-Hant-TW", "es-419", "multi"])
def test_language(language: str) -> None:
    """BCP-47 tags and `multi` are languages."""
    assert parse_listen_params([("language", language)]).language == language


@pytest.mark.parametrize("language", ["en_US", "", "english please", "e", "-US", "en-", "en\r\nX"])
def test_wrong_language(language: str) -> None:
    """Another form of language is refused as a combination that does not exist."""
    error = refusal(("language", language))

    shown = language.replace("\r\n", r"\r\n")
    assert (error.status, error.err_code) == (400, "Bad Request")
    assert error.err_msg == (
        "Bad Request: No such model/language/tier combination found."
        f" You could try a BCP-47 tag such as 'en-US', or 'multi' (language: `{shown}`)."
    )


BOOLEANS = [
    "numerals",
    "dictation",
    "filler_words",
    "profanity_filter",
    "detect_entities",
]


@pytest.mark.parametrize("name", BOOLEANS)
def test_text_option(name: str) -> None:
    """Each is off unless it is asked for."""
    assert not getattr(parse_listen_params([]), name)
    assert getattr(parse_listen_params([(name, "true")]), name)


@pytest.mark.parametrize("name", ["smart_format", "detect_entities"])
def test_implied_punctuation(name: str) -> None:
    """What needs marks asks for them."""
    assert parse_listen_params([(name, "true")]).punctuate


@pytest.mark.parametrize(
    "query",
    [
        [("search", "good souls"), ("search", "burden")],
        [("search", "['good souls', 'burden']")],
        [("search", ""), ("search", '["good souls", "burden"]')],
    ],
)
def test_lists(query: list[tuple[str, str]]) -> None:
    """A list is a repeated key, or one value as Python writes it."""
    assert parse_listen_params(query).search == ("good souls", "burden")


@pytest.mark.parametrize("value", ["[", "[]]", "[1, 2]", "['a'", "[open('x')]", "[" * 500 + "]"])
def test_brackets_that_are_no_list(value: str) -> None:
    """They are a term like any other."""
    assert parse_listen_params([("keyterm", value)]).keyterms == (Keyterm(value),)


def test_too_many_of_a_list() -> None:
    """A list has its limits."""
    assert str(refusal(*[("search", "a")] * 51)) == (
        "Failed to deserialize query parameters: search: 51 values, expected at most 50"
    )
    assert str(refusal(("replace", "x" * 201))).endswith("has 201 characters, expected at most 200")


@pytest.mark.parametrize(
    ("values", "redact"),
    [
        (["false"], set()),
        (["True"], {"numbers"}),
        (["pci", "SSN"], {"pci", "ssn"}),
        (["aggressive_numbers", "false"], {"aggressive_numbers"}),
    ],
)
def test_redact(values: list[str], redact: set[str]) -> None:
    """`true` is Deepgram's older word for numbers."""
    assert parse_listen_params([("redact", value) for value in values]).redact == redact


def test_redaction_that_there_is_not() -> None:
    """What cannot be hidden is refused: ignoring it would show it."""
    assert str(refusal(("redact", "pii"))) == (
        "Failed to deserialize query parameters: redact: unknown variant `pii`, expected one of"
        " `true`, `false`, `pci`, `numbers`, `aggressive_numbers`, `ssn`"
    )


@pytest.mark.parametrize(
    ("value", "keyterm"),
    [
        ("snuffleupagus", Keyterm("snuffleupagus")),
        ("snuffleupagus:1.5", Keyterm("snuffleupagus", 1.5)),
        ("kansas:-10", Keyterm("kansas", -10.0)),
        ("a:b", Keyterm("a:b")),
        ("a:b:2", Keyterm("a:b", 2.0)),
        ("a:1e400", Keyterm("a:1e400")),
        (":5", Keyterm(":5")),
    ],
)
def test_keywords(value: str, keyterm: Keyterm) -> None:
    """A word, perhaps with an intensifier."""
    assert parse_listen_params([("keywords", value)]).keyterms == (keyterm,)


def test_keywords_with_nova_3() -> None:
    """Are refused in the words of the real server."""
    assert str(refusal(("model", "nova-3"), ("keywords", "a"))) == (
        "Keywords are not supported for Nova-3. Please use `keyterm` instead."
    )


@pytest.mark.parametrize("terms", [["a"] * 101, ["x" * 2000]])
def test_too_many_keyterms(terms: list[str]) -> None:
    """Are refused in the words of the real server."""
    assert str(refusal(*[("keyterm", term) for term in terms])) == (
        "Keyterm limit exceeded. The maximum number of tokens across all keyterms is 500."
    )


@pytest.mark.parametrize(
    "pair", [("diarize", "true"), ("diarize", "yes"), ("diarize_model", "latest")]
)
def test_diarization(pair: tuple[str, str]) -> None:
    """Is refused, so that nobody takes all words for one speaker's."""
    assert str(refusal(pair)) == (
        f"Failed to deserialize query parameters: {pair[0]}: speakers are not told apart by this"
        " release; leave the parameter out"
    )


@pytest.mark.parametrize("value", ["false", "False"])
def test_no_diarization(value: str) -> None:
    """JavaScript's SDK says so by itself."""
    assert parse_listen_params([("diarize", value)]) == ListenParams()


def test_extra() -> None:
    """Keys and values come back to the client; the last value of a key wins."""
    query = [("extra", "k:a"), ("extra", "url:http://x"), ("extra", "k:b")]

    assert parse_listen_params(query).extra == (("k", "b"), ("url", "http://x"))
    assert "is no `KEY:VALUE`" in str(refusal(("extra", "k")))


def test_language_hints() -> None:
    """Only speakers who switch languages have a choice of them."""
    query = [("language_hint", "en"), ("language_hint", "es-419")]

    assert parse_listen_params([("language", "multi"), *query]).language_hints == ("en", "es-419")
    assert str(refusal(*query)).endswith("language_hint: only with `language=multi`")
    assert str(refusal(("language", "multi"), ("language_hint", "multi"))).endswith(
        "`multi` is no BCP-47 tag such as `en-US`"
    )


WIRE_NAMES = ["endpointing", "language_hint", "keyterm", "keywords", "diarize", "diarize_model"]
NAMES = st.sampled_from([*ListenParams.__dataclass_fields__, *WIRE_NAMES])
VALUES = st.text() | st.integers().map(str) | st.sampled_from(["linear16", "flac", "true", "multi"])


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_any_query(query: list[tuple[str, str]]) -> None:
    """Any query gives valid parameters or a refusal that fits into a header."""
    outcome: ListenParams | InvalidParameter
    try:
        outcome = parse_listen_params(query)
    except InvalidParameter as error:
        outcome = error

    if isinstance(outcome, InvalidParameter):
        assert outcome.err_msg.isascii()
        assert outcome.err_msg.isprintable()
        assert len(outcome.err_msg) < 600
    else:
        assert 1 <= outcome.channels <= 20
        if outcome.encoding is None or outcome.encoding.needs_sample_rate:
            assert outcome.sample_rate is None or 8000 <= outcome.sample_rate <= 192000
        assert outcome.sample_rate or outcome.encoding not in RAW_ENCODINGS
        assert outcome.punctuate or not outcome.smart_format


MARKS = st.sampled_from(["zqxj", "-90210", "90210", "zqxj" * 60])
MARKED = st.builds("".join, st.tuples(st.text(), MARKS, st.text())) | MARKS


@given(NAMES, st.lists(MARKED, min_size=1, max_size=60), st.booleans())
def test_a_remedy_has_nothing_of_what_was_sent(name: str, values: list[str], multi: bool) -> None:
    """Those who run lwd are told what a parameter takes, and not what its client made of it."""
    pairs = [("language", "multi")] * multi + [(name, value) for value in values]
    try:
        parse_listen_params([*pairs, ("zqxj", "zqxj")])
    except InvalidParameter as error:
        told = error.remedy or ""
    else:
        told = "nothing, as it was taken"
    assert told
    assert "zqxj" not in told.lower()
    assert "90210" not in told


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("channels", "90", "expected an integer from 1 to 20"),
        ("punctuate", "yes", "expected `true` or `false`"),
        ("utterance_end_ms", "10", "expected at least 1000"),
        ("redact", "wax", "expected one of `true`, `false`, `pci`, `numbers`,"),
        ("encoding", "mulaw", "add its rate in Hz, for example `sample_rate=8000`"),
        ("language", "english", "a BCP-47 tag such as 'en-US', or 'multi'"),
        ("extra", "k", "expected `KEY:VALUE`"),
        ("search", "x" * 201, "expected at most 200 characters"),
    ],
)
def test_a_remedy_says_what_is_taken(name: str, value: str, remedy: str) -> None:
    """Which is lwd's own half of the text that the client gets."""
    assert remedy in (refusal((name, value)).remedy or "")


def test_what_was_asked_for_is_named_as_in_the_query() -> None:
    """An operator reads in the log what the client wrote; keywords count as keyterms."""
    names = {
        "model": "base",
        "language": "multi",
        "language_hint": "en",
        "encoding": "linear16",
        "sample_rate": "8000",
        "channels": "2",
        "multichannel": "true",
        "interim_results": "true",
        "endpointing": "300",
        "utterance_end_ms": "1000",
        "vad_events": "true",
        "punctuate": "true",
        "smart_format": "true",
        "numerals": "true",
        "dictation": "true",
        "filler_words": "true",
        "profanity_filter": "true",
        "redact": "pci",
        "replace": "this:that",
        "search": "word",
        "keyterm": "lwd",
        "detect_entities": "true",
        "extra": "name:value",
        "callback": "https://example.com",
        "callback_method": "PUT",
    }

    assert parse_listen_params(names.items()).asked == tuple(names)
    assert parse_listen_params([]).asked == ()
