"""Every form in which Deepgram's clients present a key or a token."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lwd.auth.credentials import offered_scheme, presented_secret

KEY = "0123456789abcdef0123456789abcdef01234567"
SESSION = "x-deepgram-session-id,6f0c1b9e-0000-4000-8000-000000000000"

# Any text, lone surrogates included: undecodable bytes of a header arrive as such.
ANY = st.text(st.characters(exclude_categories=()))
WORDS = st.sampled_from(["token", "Bearer", KEY, ",", " ", "\t", ", "])


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", f"Token {KEY}"),
        ("Authorization", f"token {KEY}"),
        ("Authorization", f"TOKEN  {KEY} "),
        ("Authorization", f"Bearer {KEY}"),
        ("Authorization", f"bearer\t{KEY}"),
        ("Sec-WebSocket-Protocol", f"token, {KEY}"),
        ("Sec-WebSocket-Protocol", f"Bearer,{KEY}"),
        ("Sec-WebSocket-Protocol", f"token,{KEY},{SESSION}"),
        ("Sec-WebSocket-Protocol", f"{SESSION}, token ,  {KEY}"),
        ("Sec-WebSocket-Protocol", f"custom,bearer,{KEY},{SESSION}"),
    ],
)
def test_the_secret_is_found(header: str, value: str) -> None:
    """The scheme's case, the spaces and the values around do not matter."""
    assert presented_secret({header: value}) == KEY


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Token"},
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Token{KEY}"},
        {"Sec-WebSocket-Protocol": ""},
        {"Sec-WebSocket-Protocol": KEY},
        {"Sec-WebSocket-Protocol": "token"},
        {"Sec-WebSocket-Protocol": f"{KEY}, token"},
        {"Sec-WebSocket-Protocol": f"token {KEY}"},
    ],
)
def test_nothing_else_is_a_secret(headers: dict[str, str]) -> None:
    """What is in no known form counts as no key."""
    assert not presented_secret(headers)


def test_a_browser_may_add_another_scheme() -> None:
    """`Authorization` of another kind, as proxies add it, does not hide the sub-protocol."""
    headers = {"Authorization": "Basic eDp5", "Sec-WebSocket-Protocol": f"token,{KEY}"}

    assert presented_secret(headers) == KEY


@pytest.mark.parametrize(
    ("offered", "echoed"),
    [
        (f"token, {KEY}", "token"),
        (f"Bearer, {KEY}", "Bearer"),
        (f"{SESSION},TOKEN,{KEY}", "TOKEN"),
        (KEY, None),
        ("", None),
    ],
)
def test_the_scheme_is_echoed_as_offered(offered: str, echoed: str | None) -> None:
    """A browser compares letter by letter; the key is never echoed."""
    assert offered_scheme({"Sec-WebSocket-Protocol": offered}) == echoed


@given(ANY | st.lists(WORDS | ANY).map("".join), ANY | st.lists(WORDS | ANY).map("".join))
@example("\x85Token", "\x85")
def test_no_header_is_too_strange(authorization: str, protocols: str) -> None:
    """Whatever text a header holds, it is a secret or none."""
    headers = {"Authorization": authorization, "Sec-WebSocket-Protocol": protocols}

    secret = presented_secret(headers)
    scheme = offered_scheme(headers)

    assert secret is None or secret in authorization or secret in protocols
    assert scheme is None or scheme.lower() in {"token", "bearer"}
