"""The proxies' limits fit lwd's own; `make test-ops` runs the proxies."""

import re
from pathlib import Path

import pytest

from lwd.config import Config
from lwd.server.app import _MAX_REQUEST_LINE_BYTES

PROXIES = Path(__file__).resolve().parent.parent.parent / "ops" / "proxies"
BODY_BYTES = 1 << 20
"""What aiohttp takes by default, and so lwd."""


def number(file: str, pattern: str) -> int:
    """The only number in a proxy's configuration that a pattern finds."""
    [found] = re.findall(pattern, (PROXIES / file).read_text(), re.MULTILINE)
    return int(found)


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("nginx.conf", r"proxy_read_timeout (\d+)s;"),
        ("nginx.conf", r"proxy_send_timeout (\d+)s;"),
        ("haproxy.cfg", r"^ +timeout client (\d+)s"),
        ("haproxy.cfg", r"^ +timeout server (\d+)s"),
        ("haproxy.cfg", r"^ +timeout tunnel (\d+)s"),
    ],
)
def test_quiet_stream_outlives_two_lost_pings(file: str, pattern: str) -> None:
    """No proxy takes a stream for dead that lwd pings."""
    assert number(file, pattern) >= 3 * Config().server.ping_interval_s


@pytest.mark.parametrize(
    ("file", "pattern", "unit"),
    [
        ("nginx.conf", r"large_client_header_buffers 4 (\d+)k;", 1024),
        ("haproxy.cfg", r"tune.bufsize (\d+)$", 1),
        ("Caddyfile", r"max_header_size (\d+)KB", 1000),
    ],
)
def test_longest_query_fits(file: str, pattern: str, unit: int) -> None:
    """A request line that lwd takes gets through, with some more for the other headers."""
    assert number(file, pattern) * unit > _MAX_REQUEST_LINE_BYTES


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("nginx.conf", r"client_header_timeout (\d+)s;"),
        ("haproxy.cfg", r"^ +timeout http-request (\d+)s"),
        ("Caddyfile", r"read_header (\d+)s"),
    ],
)
def test_slow_header_is_cut_outside(file: str, pattern: str) -> None:
    """Who dawdles does not come as far as lwd, which would wait for longer."""
    assert number(file, pattern) < Config().server.header_timeout_s


@pytest.mark.parametrize(
    ("file", "pattern", "each"),
    [
        # nginx has two for each client: its own, and the one to lwd.
        ("nginx.conf", r"worker_connections (\d+);", 2),
        ("haproxy.cfg", r"^ +maxconn (\d+)", 1),
    ],
)
def test_as_many_connections_as_lwd_takes(file: str, pattern: str, each: int) -> None:
    """No proxy refuses what lwd would take; which it tells by itself."""
    limits = Config().limits
    assert limits.connections is None
    assert number(file, pattern) >= each * (100 + 2 * limits.streams)


@pytest.mark.parametrize(
    ("file", "pattern", "unit"),
    [
        ("nginx.conf", r"client_max_body_size (\d+)m;", 1 << 20),
        ("haproxy.cfg", r"content-length\) gt (\d+) }", 1),
        ("Caddyfile", r"max_size (\d+)MiB", 1 << 20),
    ],
)
def test_largest_body_is_lwds(file: str, pattern: str, unit: int) -> None:
    """Bodies are bounded outside where they are inside."""
    assert number(file, pattern) * unit == BODY_BYTES


@pytest.mark.parametrize("path", sorted(PROXIES.iterdir()), ids=lambda path: path.name)
def test_proxies_lead_to_the_default_address(path: Path) -> None:
    """A configuration that is used as it is finds an lwd that is used as it is."""
    server = Config().server
    if path.name != "dev-cert":
        assert f"{server.host}:{server.port}" in path.read_text()
