"""Where a client is, told by proxies that are believed and by others."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.server.address import Addresses, holder

TRUSTED = Addresses([ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1,10.1.1.1"], "198.51.100.1"),
        ("127.0.0.1", ["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
        ("127.0.0.1", ["198.51.100.1, unknown, 10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("fd00::1%en0", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("", ["198.51.100.1"], None),
        (None, ["198.51.100.1"], None),
    ],
)
def test_the_nearest_that_is_no_proxy_of_ours_is_the_client(
    peer: str | None, forwarded: list[str], client: str | None
) -> None:
    """What anybody may write to the left of it counts for nothing."""
    assert TRUSTED.client(peer, forwarded) == client


@given(st.lists(st.text() | st.ip_addresses().map(str)), st.text())
def test_any_header_leads_to_an_address_or_to_the_peer(parts: list[str], text: str) -> None:
    """Whatever a client writes, what comes out is an address."""
    found = TRUSTED.client("127.0.0.1", [",".join(parts), text])

    assert found is not None
    assert str(ip_address(found)) == found


@given(st.lists(st.text() | st.ip_addresses().map(str)))
def test_a_stranger_is_where_it_is(parts: list[str]) -> None:
    """No header moves somebody who is no proxy."""
    assert TRUSTED.client("203.0.113.5", [",".join(parts)]) == "203.0.113.5"


def test_a_holder_of_ipv6_is_one_client() -> None:
    """Its 2 to the 64 addresses win it nothing."""
    assert holder("2001:db8:0:1::1") == holder("2001:db8:0:1:ffff::2") == "2001:db8:0:1::/64"
    assert holder("2001:db8:0:2::1") != holder("2001:db8:0:1::1")
    assert holder("198.51.100.1") == "198.51.100.1"
