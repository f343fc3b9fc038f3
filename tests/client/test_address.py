"""What people may write for a server."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lwd.client.address import server_address
from lwd.errors import UsageError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("mini1", "ws://mini1:9000"),
        ("mini1:", "ws://mini1:9000"),
        ("mini1:9001", "ws://mini1:9001"),
        ("[::1]", "ws://[::1]:9000"),
        ("mini1/lwd", "ws://mini1:9000/lwd"),
        ("ws://mini1", "ws://mini1"),
        ("HTTP://mini1:80", "ws://mini1:80"),
        ("https://mini1", "wss://mini1"),
    ],
)
def test_a_server_is_named_as_people_do(text: str, url: str) -> None:
    """A host alone has lwd's own port; an address has that of its scheme."""
    assert server_address(text).geturl() == url


@given(st.text(alphabet="a:/[]@?#.0 9%wsht\x00é") | st.text())
@example("ws://[")
@example("[v1.]")
def test_anything_is_taken_or_refused(text: str) -> None:
    """In words that show what would be taken."""
    with suppress(UsageError):
        parts = server_address(text)
        assert parts.scheme in ("ws", "wss")
        assert parts.hostname
