"""The body of `POST /v1/auth/grant` and its answer."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.errors import InvalidBody, InvalidParameter
from lwd.protocol.grant import grant_body, parse_grant


@pytest.mark.parametrize(
    ("body", "ttl_s"),
    [
        (b"", 30),
        (b" \r\n", 30),
        (b"{}", 30),
        (b'{"ttl_seconds":null}', 30),
        (b'{"ttl_seconds":1}', 1),
        (b'{"ttl_seconds":3600}', 3600),
        (b'{"ttl_seconds":45.9}', 45),
        (b'{"ttl_seconds":60,"scopes":["usage:write"]}', 60),
    ],
)
def test_how_long_is_asked_for(body: bytes, ttl_s: int) -> None:
    """Nothing means 30 s, and other members mean nothing."""
    assert parse_grant(body) == ttl_s


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"30", b'"30"', b"\xff", b"[" * 4000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """Deepgram's words for a body that it cannot read."""
    with pytest.raises(InvalidBody) as caught:
        parse_grant(body)

    assert (caught.value.status, caught.value.err_code, caught.value.err_msg) == (
        400,
        "Bad Request",
        "Content-type was application/json, but we could not process the JSON payload.",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0"),
        ("0.5", "0.5"),
        ("3601", "3601"),
        ("-1", "-1"),
        ("1e999", "Infinity"),
        ("NaN", "NaN"),
        ("true", "true"),
        ('"60"', '"60"'),
        ('"a\\r\\nb\\u00fc"', '"a\\r\\nb\\u00fc"'),
        ("[60]", "[60]"),
    ],
)
def test_what_is_out_of_bounds_is_named(value: str, shown: str) -> None:
    """The field, what was given and what is expected, all fit for a header."""
    with pytest.raises(InvalidParameter) as caught:
        parse_grant(f'{{"ttl_seconds":{value}}}'.encode())

    assert caught.value.err_msg == (
        f"Invalid 'ttl_seconds' value of '{shown}'; expected a number from 1 to 3600."
    )
    assert (caught.value.status, caught.value.parameter) == (400, "ttl_seconds")


@given(
    st.binary()
    | (st.none() | st.floats() | st.integers() | st.text() | st.lists(st.integers())).map(
        lambda value: json.dumps({"ttl_seconds": value}).encode()
    )
)
def test_any_body_is_a_time_or_refused(body: bytes) -> None:
    """No body is a fault of lwd."""
    with suppress(InvalidBody, InvalidParameter):
        assert 1 <= parse_grant(body) <= 3600


def test_the_answer_is_compact() -> None:
    """Deepgram's order of keys, and whole seconds."""
    assert grant_body("a.b.c", 30) == '{"access_token":"a.b.c","expires_in":30}'
