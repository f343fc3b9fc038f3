"""Which URLs a client may name, and which addresses behind them may be reached."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lwd.errors import InvalidParameter
from lwd.server.callback.policy import CallbackPolicy

PORTS = (80, 443, 8080, 8443)
OPEN = CallbackPolicy(enabled=True, hosts=(), ports=PORTS, allow_networks=())

# Independent of the policy's own table: where something other than the open net answers.
INSIDE = [
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/8", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32"),
        *("2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
]


def inside() -> st.SearchStrategy[IPv4Address | IPv6Address]:
    """Any address that is not in the open net."""
    return st.sampled_from(INSIDE).flatmap(lambda network: st.ip_addresses(network=network))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/results?id=1",
        "http://example.com",
        "http://EXAMPLE.com:8080/",
        "wss://example.com:8443/socket",
        "ws://example.com/#fragment",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://bücher.example/",
        "http://receiver/",
    ],
)
def test_public_urls_are_allowed(url: str) -> None:
    """All four schemes, Deepgram's four ports, names and public addresses."""
    target = OPEN.check_url(url)

    assert target.is_websocket == url.startswith("ws")
    assert target.url.fragment == ""


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "Invalid query string."),
        ("example.com/callback", "Invalid query string."),
        ("//example.com/", "Invalid query string."),
        ("ftp://example.com/", "begins with none of http, https, ws, wss"),
        ("file:///etc/passwd", "begins with none of"),
        ("gopher://example.com:80/", "begins with none of"),
        ("javascript:alert(1)", "begins with none of"),
        ("http://example.com:22/", "port is none of 80, 443, 8080, 8443"),
        ("http://example.com:0/", "port is none of"),
        ("http://example.com:99999/", "Invalid callback url."),
        ("http://example.com:x/", "Invalid callback url."),
        ("http://[::1/", "Invalid callback url."),
        ("http://a:b@example.com/", "user or a password"),
        ("http://example.com@127.0.0.1/", "user or a password"),
        ("http://a@example.com/", "user or a password"),
        ("http:///path", "neither a name nor an address"),
        ("http:example.com", "neither a name nor an address"),
        ("http://exa mple.com/", "neither a name nor an address"),
        ("http://example.com%2f.evil.com/", "neither a name nor an address"),
        ("http://a..b/", "neither a name nor an address"),
        ("http://example.com./", "neither a name nor an address"),
        (f"http://{'a' * 64}.com/", "neither a name nor an address"),
        (f"http://{'a.' * 130}com/", "neither a name nor an address"),
        ("http://2130706433/", "neither a name nor an address"),
        ("http://0x7f000001/", "neither a name nor an address"),
        ("http://0x7f.1/", "neither a name nor an address"),
        ("http://0177.0.0.1/", "neither a name nor an address"),
        ("http://127.1/", "neither a name nor an address"),
        ("http://%31%32%37.0.0.1/", "neither a name nor an address"),
        ("http://127.0.0.1/", "not public"),
        ("http://１２７.０.０.１/", "not public"),
        ("http://127。0。0。1/", "not public"),
        ("http://169.254.169.254/latest/meta-data", "not public"),
        ("http://10.0.0.1/", "not public"),
        ("http://100.64.0.1/", "not public"),
        ("http://0.0.0.0/", "not public"),
        ("http://255.255.255.255/", "not public"),
        ("http://[::1]/", "not public"),
        ("http://[::]/", "not public"),
        ("http://[::ffff:127.0.0.1]/", "not public"),
        ("http://[::ffff:8.8.8.8]/", "not public"),
        ("http://[64:ff9b::7f00:1]/", "not public"),
        ("http://[2002:7f00:1::]/", "not public"),
        ("http://[fe80::1]/", "not public"),
        ("http://[2606:4700::1111%25eth0]/", "neither a name nor an address"),
        (f"http://example.com/{'a' * 2048}", "more than 2048 characters"),
    ],
)
def test_other_urls_are_refused(url: str, problem: str) -> None:
    """400 in Deepgram's words, and then what is wrong where they leave it open."""
    with pytest.raises(InvalidParameter) as caught:
        OPEN.check_url(url)

    message, code = caught.value.err_msg, caught.value.err_code
    assert caught.value.parameter == "callback"
    if problem == "Invalid query string.":
        assert (message, code) == (problem, "Bad Request")
    elif problem == "Invalid callback url.":
        assert (message, code) == (problem, "INVALID_QUERY_PARAMETER")
    else:
        assert message.startswith("Invalid callback url. ")
        assert problem in message
        assert code == "INVALID_QUERY_PARAMETER"


def test_without_the_operators_consent_every_url_is_refused() -> None:
    """The text says what the operator can do about it."""
    policy = CallbackPolicy(enabled=False, hosts=(), ports=PORTS, allow_networks=())

    with pytest.raises(InvalidParameter, match=r"operator may set callback\.enabled"):
        policy.check_url("https://example.com/")


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("example.com", True),
        ("EXAMPLE.com", True),
        ("a.example.com", False),
        ("a.example.org", True),
        ("a.b.example.org", True),
        ("example.org", False),
        ("evilexample.org", False),
        ("example.com.evil.net", False),
        ("8.8.8.8", True),
        ("8.8.4.4", False),
    ],
)
def test_only_listed_hosts_are_allowed(host: str, is_allowed: bool) -> None:
    """A name means itself, `*.` all names below it, and an address itself."""
    hosts = ("example.com", "*.example.org", "8.8.8.8")
    policy = CallbackPolicy(enabled=True, hosts=hosts, ports=PORTS, allow_networks=())

    if is_allowed:
        assert policy.check_url(f"https://{host}/")
    else:
        with pytest.raises(InvalidParameter, match=r"callback\.hosts"):
            policy.check_url(f"https://{host}/")


def test_a_listed_network_is_allowed_and_no_other() -> None:
    """An operator who delivers to the own network says which."""
    networks = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    policy = CallbackPolicy(enabled=True, hosts=(), ports=PORTS, allow_networks=networks)

    assert policy.check_url("http://10.1.2.3/")
    assert policy.allows_address("fd00::1")
    assert not policy.allows_address("10.2.0.1")
    assert not policy.allows_address("::ffff:10.1.2.3")


@given(inside())
def test_no_address_inside_is_allowed(address: IPv4Address | IPv6Address) -> None:
    """Private, loopback, link-local, multicast, reserved, and IPv4 inside IPv6."""
    assert not OPEN.allows_address(str(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "193.0.0.1", "2a00:1450::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    """The open net is open."""
    assert OPEN.allows_address(address)


HOSTS = (
    st.text(max_size=20)
    | st.from_regex(r"[a-z0-9.%\[\]:@\\-]{0,30}", fullmatch=True)
    | inside().map(str)
    | inside().map(lambda address: f"[{address}]")
    | st.ip_addresses(v=4).map(lambda address: str(int(address)))
    | st.ip_addresses(v=4).map(lambda address: hex(int(address)))
    | st.ip_addresses(v=4).map(lambda a: ".".join(f"0{int(p):o}" for p in str(a).split(".")))
    | st.ip_addresses(v=4).map(lambda address: f"[::ffff:{address}]")
    | st.ip_addresses(v=4).map(lambda address: f"user@{address}")
    | st.just("example.com")
)
URLS = st.text() | st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(
        ("http://", "https://", "ws://", "WSS://", "http:", "//", "ftp://", "\thttp://")
    ),
    HOSTS,
    st.sampled_from(("", ".", ":80", ":8080", ":22", ":-1", ":٨٠", ":", "\n", "%00")),
    st.sampled_from(
        ("", "/", "?", "/a?b#c", "#@127.0.0.1/", "\\@127.0.0.1/", "/\ud800", "/" + "a" * 3000)
    ),
    st.text(max_size=10),
)


def leads_inside(host: str) -> bool:
    """Whether a host is an address that is not in the open net, in any form that a system reads."""
    try:
        address = ip_address(socket.getaddrinfo(host, 80, flags=socket.AI_NUMERICHOST)[0][4][0])
    except OSError:
        return False
    return any(address in network for network in INSIDE)


@given(URLS)
def test_a_remedy_has_nothing_of_the_url(url: str) -> None:
    """Those who run lwd are told what is wrong, and never where results were to go."""
    told = []
    for marked in (f"{url}zqxj", f"zqxj{url}", url.replace("/", "/zqxj"), f"http://zqxj:{url}"):
        try:
            OPEN.check_url(marked)
        except InvalidParameter as error:
            told.append(error.remedy)

    assert all(told)
    assert "zqxj" not in str(told)


@given(URLS)
@example("http://xn--/")
@example("http://\ud800/")
@example("http://example.com/\ud800")
def test_any_url_is_allowed_or_refused(url: str) -> None:
    """Nothing else is raised, the text fits into a header, and no address inside gets through."""
    try:
        target = OPEN.check_url(url)
    except InvalidParameter as error:
        text = error.err_msg
    else:
        text = ""
        assert target.url.port in PORTS
        assert not leads_inside(target.url.raw_host or "")
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 200
