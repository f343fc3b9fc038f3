"""What a client says beside its audio."""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lwd.errors import SchemaError
from lwd.protocol.control import (
    CloseStream,
    Configure,
    ConfigureAudio,
    Control,
    Finalize,
    KeepAlive,
    Media,
    Sync,
    parse_binary,
    parse_text,
)


def description(text: str) -> str:
    with pytest.raises(SchemaError) as caught:
        parse_text(text)
    prefix = "Could not deserialize last text message: "
    assert caught.value.description.startswith(prefix)
    return caught.value.description.removeprefix(prefix)


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ('{"type":"KeepAlive"}', KeepAlive()),
        ('{ "type": "KeepAlive" }', KeepAlive()),
        ('\n{"type"\t:\r\n"KeepAlive", "sent_at": 1.5}', KeepAlive()),
        (r'{"typ\u0065":"Keep\u0041live"}', KeepAlive()),
        ('{"type":"Finalize"}', Finalize(None)),
        ('{"type":"Finalize","channel":null}', Finalize(None)),
        ('{"type":"Finalize","channel":0}', Finalize(0)),
        ('{"type":"Finalize","channel":19}', Finalize(19)),
        ('{"type":"CloseStream"}', CloseStream()),
        ('{"type":"Sync"}', Sync()),
        ('{"type":"Configure"}', Configure()),
        ('{"type":"Configure","processors":{"numerals":true}}', Configure(numerals=True)),
        (
            '{"type":"Configure","keyterms":["a"],"features":{"numerals":false}}',
            Configure(("a",), numerals=False),
        ),
        ('{"type":"Configure","keyterms":[],"features":null}', Configure(())),
        ('{"type":"Configure","sample_rate":"not ours"}', Configure()),
    ],
)
def test_deepgram_message(text: str, control: Control) -> None:
    """Deepgram's messages are read with any white space and any further members."""
    assert parse_text(text) == control


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ('{"type":"ListenV1KeepAlive"}', KeepAlive()),
        ('{"type":"ListenV1Finalize"}', Finalize(None)),
        ('{"type":"ListenV1Finalize","channel":1}', Finalize(1)),
        ('{"type":"ListenV1CloseStream"}', CloseStream()),
        ('{"type":"ListenV1Configure"}', ConfigureAudio()),
        ('{"type":"ListenV1Configure","sample_rate":8000,"channels":20}', ConfigureAudio(8000, 20)),
        ('{"type":"ListenV1Configure","sample_rate":48000}', ConfigureAudio(48000, None)),
        ('{"type":"ListenV1Media","data":"AAEC/w=="}', Media(b"\x00\x01\x02\xff")),
        ('{"type":"ListenV1Media","data":""}', Media(b"")),
    ],
)
def test_earlier_server_message(text: str, control: Control) -> None:
    """The names of the earlier server are understood."""
    assert parse_text(text) == control


EXPECTED = "expected one of `CloseStream`, `Configure`, `Sync`, `KeepAlive`, `Finalize`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ "type": "KeepAlive "}', f"unknown variant `KeepAlive `, {EXPECTED} at line 1 column 22"),
        ('{"type":"keepalive"}', f"unknown variant `keepalive`, {EXPECTED} at line 1 column 19"),
        ('{"type":""}', f"unknown variant ``, {EXPECTED} at line 1 column 10"),
        ('{\n  "type": "Stop",\n  "x": 1}', f"unknown variant `Stop`, {EXPECTED} at line 2 column 16"),
        ('{"x":{"type":"Sync"},"type":"Go"}', f"unknown variant `Go`, {EXPECTED} at line 1 column 32"),
        ('{"ü":1,"type":"é"}', f"unknown variant `é`, {EXPECTED} at line 1 column 19"),
        (r'{"typ\u0065":"Go"}', f"unknown variant `Go`, {EXPECTED} at line 1 column 18"),
        (r'{"type":"\ud800"}', f"unknown variant `?`, {EXPECTED} at line 1 column 16"),
    ],
)  # fmt: skip
def test_unknown_variant(text: str, expected: str) -> None:
    """An unknown type is named with the known ones and with its place, in bytes."""
    assert description(text) == expected


def test_long_unknown_variant() -> None:
    """A very long type is not sent back whole."""
    assert description(f'{{"type":"{"x" * 100_000}"}}') == (
        f"unknown variant `{'x' * 64}`, {EXPECTED} at line 1 column 100010"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("hello", "expected value at line 1 column 1"),
        ("\ufeff{}", "expected value at line 1 column 3"),
        ("{", "EOF while parsing an object at line 1 column 1"),
        ('{"type"', "EOF while parsing an object at line 1 column 7"),
        ('{"type":', "EOF while parsing a value at line 1 column 8"),
        ('{"type":"Sync"', "EOF while parsing an object at line 1 column 14"),
        ('{"type":"Syn', "EOF while parsing a string at line 1 column 12"),
        ("{type:1}", "key must be a string at line 1 column 2"),
        ('{"type" "Sync"}', "expected `:` at line 1 column 9"),
        ('{"type":"Sync" 1}', "expected `,` or `}` at line 1 column 16"),
        ('{"type":"Sync"}\n{}', "trailing characters at line 2 column 1"),
        (r'{"type":"\x"}', "invalid escape at line 1 column 10"),
        (
            '{"type":"a\nb"}',
            "control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0",
        ),
        ("[1]", "invalid type: sequence, expected map at line 1 column 3"),
        ('"Sync"', "invalid type: string, expected map at line 1 column 6"),
        ("null", "invalid type: null, expected map at line 1 column 4"),
        ("{}", "missing field `type` at line 1 column 2"),
        ('{"Type":"Sync"}', "missing field `type` at line 1 column 15"),
        (
            '{"type":7}',
            "invalid type: integer, expected variant identifier at line 1 column 10",
        ),
        ("[" * 200_000, "recursion limit exceeded"),
        ('{"type":' + "9" * 5_000 + "}", "number out of range"),
    ],
)
def test_malformed(text: str, expected: str) -> None:
    """A text that is no message gets serde_json's words for what is wrong and where."""
    assert description(text) == expected


@pytest.mark.parametrize("variant", ["ListenV1Media", "ListenV1Results", "Media", "keepAlive"])
def test_near_names(variant: str) -> None:
    """A name that is nearly right is refused, and so is media without its data."""
    assert description(json.dumps({"type": variant})).startswith(
        "missing field `data`" if variant == "ListenV1Media" else f"unknown variant `{variant}`"
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {"type": "Finalize", "channel": "0"},
            "invalid type: string for field `channel`, expected an integer from 0 to 19",
        ),
        (
            {"type": "Finalize", "channel": True},
            "invalid type: boolean for field `channel`, expected an integer from 0 to 19",
        ),
        (
            {"type": "Finalize", "channel": -1},
            "invalid value: integer `-1` for field `channel`, expected an integer from 0 to 19",
        ),
        (
            {"type": "ListenV1Configure", "sample_rate": 7999},
            (
                "invalid value: integer `7999` for field `sample_rate`,"
                " expected an integer from 8000 to 192000"
            ),
        ),
        (
            {"type": "ListenV1Configure", "sample_rate": 16000.0},
            (
                "invalid type: floating point for field `sample_rate`,"
                " expected an integer from 8000 to 192000"
            ),
        ),
        (
            {"type": "ListenV1Configure", "channels": 21},
            "invalid value: integer `21` for field `channels`, expected an integer from 1 to 20",
        ),
        (
            {"type": "Configure", "keyterms": "a"},
            "invalid type: string for field `keyterms`, expected a sequence",
        ),
        (
            {"type": "Configure", "keyterms": ["a", 1]},
            "invalid type: integer for field `keyterms`, expected strings",
        ),
        (
            {"type": "Configure", "features": ["numerals"]},
            "invalid type: sequence for field `features`, expected a map",
        ),
        (
            {"type": "Configure", "features": {"numerals": "yes"}},
            "invalid type: string for field `numerals`, expected a boolean",
        ),
        (
            {"type": "ListenV1Media", "data": ["AAEC"]},
            "invalid type: sequence for field `data`, expected a string",
        ),
        (
            {"type": "ListenV1Media", "data": "AAEC/w"},
            "invalid value for field `data`, expected base64",
        ),
        (
            {"type": "ListenV1Media", "data": "AA EC"},
            "invalid value for field `data`, expected base64",
        ),
        (
            {"type": "ListenV1Media", "data": "über"},
            "invalid value for field `data`, expected base64",
        ),
    ],
)
def test_wrong_field(members: dict[str, object], expected: str) -> None:
    """A wrong field is named with what was expected of it."""
    assert description(json.dumps(members)) == expected


@pytest.mark.parametrize(
    ("data", "control"),
    [
        (b'{"type": "CloseStream"}', CloseStream()),
        (b'{"type":"KeepAlive"}\n', KeepAlive()),
        (b' {"type":"KeepAlive"}', None),
        (b'{"type":"Stop"}', None),
        (b'{"type":"KeepAlive"', None),
        (b"{\xff\x00\x01", None),
        (b"{", None),
        (b"\x00", None),
        (b"", None),
    ],
)
def test_binary(data: bytes, control: Control | None) -> None:
    """Bytes that are a control message count as one; all other bytes are audio."""
    assert parse_binary(data) == control


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KINDS = st.sampled_from(["Finalize", "Configure", "ListenV1Configure", "ListenV1Media"])
MESSAGES = st.fixed_dictionaries(
    {"type": KINDS | JSON},
    optional=dict.fromkeys(
        (*("channel", "sample_rate", "channels", "data"), *("features", "processors", "keyterms")),
        JSON,
    ),
).map(json.dumps)


@given(st.text() | MESSAGES | MESSAGES.map(lambda text: text[:-1]))
@example('{"a":' * 100_000)
def test_any_text(text: str) -> None:
    """Any text gives a message or a SchemaError whose description can be sent."""
    outcome: Control | SchemaError
    try:
        outcome = parse_text(text)
    except SchemaError as error:
        outcome = error

    if isinstance(outcome, SchemaError):
        assert len(outcome.description.encode()) < 500


@given(st.binary() | MESSAGES.map(str.encode) | st.binary().map(lambda data: b"{" + data))
def test_any_bytes(data: bytes) -> None:
    """Any bytes give a message or are audio."""
    assert isinstance(parse_binary(data), Control | None)


@given(st.binary())
def test_media_round_trip(audio: bytes) -> None:
    """Audio in base64 arrives byte by byte."""
    data = base64.b64encode(audio).decode()

    assert parse_text(json.dumps({"type": "ListenV1Media", "data": data})) == Media(audio)
