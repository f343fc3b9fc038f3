"""Short-lived tokens."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.auth.keys import Key
from lwd.auth.tokens import Grant, Tokens

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = Key(id="desk", sha256="0" * 64, generation=2, created=CREATED)
TOKENS = Tokens()


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def test_a_token_names_its_key() -> None:
    """Who reads the token learns which key, of which generation, has given it."""
    assert TOKENS.read(TOKENS.issue(KEY, 30, now())) == Grant("desk", 2)


def test_claims_are_those_of_deepgram() -> None:
    """The header and the claims of Deepgram's sample, in its order."""
    at = datetime(2026, 11, 25, 12, 0, 0, 250_000, tzinfo=UTC)
    token = TOKENS.issue(KEY, 30, at)

    claims = jwt.decode(token, options={"verify_signature": False})

    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "HS256"}
    assert list(claims.items()) == [
        ("sub", "desk"),
        ("exp", int(at.timestamp()) + 31),
        ("subject", "desk"),
        ("scopes", ["asr:write"]),
        ("project_claims", ["usage:write"]),
        ("accessor", "desk"),
        ("accessor_generation", 2),
        ("created", "2026-01-02T03:04:05Z"),
    ]


def test_a_token_expires() -> None:
    """It is good for as long as was asked for, and not much longer."""
    assert TOKENS.read(TOKENS.issue(KEY, 30, now() - timedelta(seconds=29)))
    assert TOKENS.read(TOKENS.issue(KEY, 30, now() - timedelta(seconds=32))) is None


def test_tokens_of_others_are_refused() -> None:
    """Another daemon's, an unsigned one and one that was tampered with say nothing."""
    token = TOKENS.issue(KEY, 30, now())
    claims = jwt.decode(token, options={"verify_signature": False})
    header, payload, signature = token.split(".")
    richer = base64.urlsafe_b64encode(json.dumps({**claims, "accessor": "boss"}).encode()).decode()

    assert Tokens().read(token) is None
    assert TOKENS.read(jwt.encode(claims, None, "none")) is None
    assert TOKENS.read(f"{header}.{richer.rstrip('=')}.{signature}") is None
    assert TOKENS.read(f"{header}.{payload}.") is None


def segment(value: bytes) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


SEGMENTS = st.binary(max_size=40).map(segment) | st.dictionaries(
    st.sampled_from(["alg", "typ", "b64", "crit", "kid", "zip"]),
    st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(["HS256", "none", ["HS256"]]),
).map(lambda header: segment(json.dumps(header).encode()))


@given(
    st.text(st.characters(exclude_categories=()))
    | st.tuples(SEGMENTS, SEGMENTS, SEGMENTS).map(".".join)
)
def test_no_text_is_a_token_by_chance(text: str) -> None:
    """Whatever a client presents, it is refused without a fault."""
    assert TOKENS.read(text) is None


@pytest.mark.parametrize("header", [b"[" * 6000, b'{"alg":' * 900, b'{"alg":"HS256","b64":false}'])
def test_malicious_headers_are_refused(header: bytes) -> None:
    """Deep nesting and rare features of the format lead nowhere."""
    assert TOKENS.read(f"{segment(header)}.e30.AA") is None
