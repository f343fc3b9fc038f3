"""Who may do without a key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.auth.origin import LocalOnly, is_loopback
from lwd.errors import Forbidden

LOCAL = LocalOnly((), ())
NAMED = LocalOnly(["LWD.example"], ["https://App.example", "null", "file://"])


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:9000", "127.9.9.9", "localhost:80", "LOCALHOST", "[::1]:9000"]
)
@pytest.mark.parametrize(
    "origin", [None, "http://localhost", "http://127.0.0.1:3000", "https://[::1]:8443"]
)
def test_this_machine_may(host: str, origin: str | None) -> None:
    """Any loopback name, at any port, by programs and by pages."""
    LOCAL.check({"Host": host} | ({"Origin": origin} if origin else {}))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:9000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.5:9000",
        "0.0.0.0",  # noqa: S104 - a name in a header
        "[::1",
        "lwd.example",
    ],
)
def test_a_name_that_leads_here_may_not(host: str) -> None:
    """Under DNS rebinding a page's own name stands in `Host`."""
    with pytest.raises(Forbidden, match=r"add it to server\.allowed_hosts") as caught:
        LOCAL.check({"Host": host})

    assert (caught.value.status, caught.value.reason) == (403, "host")
    assert host in str(caught.value)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "file://",
        "https://evil.example",
        "http://localhost.evil.example",
        "http://evil.example/localhost",
        "chrome-extension://localhost",
        "localhost",
        "http://[",
    ],
)
def test_a_page_of_another_site_may_not(origin: str) -> None:
    """Nor one without a site, such as a sandboxed frame or a file."""
    with pytest.raises(Forbidden, match=r"add it to server\.allowed_origins") as caught:
        LOCAL.check({"Host": "localhost:9000", "Origin": origin})

    assert (caught.value.status, caught.value.reason) == (403, "origin")
    assert origin in str(caught.value)


@pytest.mark.parametrize("host", ["lwd.example", "lwd.EXAMPLE:9000", "localhost"])
@pytest.mark.parametrize("origin", ["https://app.example", "null", "file://", "http://localhost"])
def test_what_is_named_may(host: str, origin: str) -> None:
    """Hosts by name at any port, origins letter by letter but for case."""
    NAMED.check({"Host": host, "Origin": origin})


@pytest.mark.parametrize("origin", ["https://app.example:8443", "http://app.example"])
def test_what_is_only_alike_may_not(origin: str) -> None:
    """Scheme and port are part of an origin."""
    with pytest.raises(Forbidden):
        NAMED.check({"Host": "localhost", "Origin": origin})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.255.0.1"])
def test_loopback_is_known(host: str) -> None:
    """The names and addresses that no other machine can reach."""
    assert is_loopback(host)


ANY = st.text(st.characters(exclude_categories=()))


@given(ANY, ANY)
def test_no_header_is_too_strange(host: str, origin: str) -> None:
    """Any text is refused, in words that can be sent as a header."""
    with pytest.raises(Forbidden) as caught:
        LOCAL.check({"Host": f"evil.example{host}", "Origin": origin})

    assert caught.value.err_msg.isascii()
    assert caught.value.err_msg.isprintable()


@pytest.mark.parametrize("origin", ["http://lwd.example:9000", "https://LWD.example:9000"])
def test_lwds_own_page_may(origin: str) -> None:
    """Its console came from the very host and port that it calls, perhaps through a proxy's TLS."""
    NAMED.check({"Host": "lwd.example:9000", "Origin": origin})


@pytest.mark.parametrize(
    "origin", ["http://lwd.example:8000", "http://lwd.example", "ws://lwd.example:9000"]
)
def test_another_server_of_the_same_host_may_not(origin: str) -> None:
    """A page of another port is another's page."""
    with pytest.raises(Forbidden, match=r"server\.allowed_origins"):
        NAMED.check({"Host": "lwd.example:9000", "Origin": origin})


def test_a_page_that_leads_here_by_its_own_name_may_not() -> None:
    """Under DNS rebinding host and origin agree, and neither is lwd's."""
    with pytest.raises(Forbidden, match=r"server\.allowed_hosts"):
        NAMED.check({"Host": "evil.example:9000", "Origin": "http://evil.example:9000"})
