"""Whether a request may do without a key: whether it comes from this machine's own programs.

A page of any site may open WebSockets to this machine, and a name of its own may lead here (DNS
rebinding). Browsers tell truly which page asks (`Origin`) and by which name (`Host`).
"""

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from lwd.errors import Forbidden

_MAX_SHOWN = 100


def is_loopback(host: str) -> bool:
    """Whether an address or a name without port means this machine to itself alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class LocalOnly:
    """Lets pass what comes from this machine, and the hosts and origins that are named."""

    def __init__(self, hosts: Collection[str], origins: Collection[str]) -> None:
        """Take names of hosts without port, and whole origins such as `https://app.example`."""
        self._hosts = {host.lower() for host in hosts}
        self._origins = {origin.lower() for origin in origins}

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise Forbidden, which tells its reader what to configure.

        A page may always use the very host and port that it came from, once these are welcome.
        """
        host = headers.get("Host", "")
        if not self._is_host(_host_of(f"//{host}")):
            raise _forbidden("Host", host, "hosts")
        origin = headers.get("Origin")
        own = {f"http://{host}".lower(), f"https://{host}".lower()}
        if origin is not None and not (origin.lower() in own or self._is_origin(origin.lower())):
            raise _forbidden("Origin", origin, "origins")

    def _is_host(self, host: str) -> bool:
        return is_loopback(host) or host in self._hosts

    def _is_origin(self, origin: str) -> bool:
        is_page = origin.startswith(("http://", "https://"))
        return (is_page and is_loopback(_host_of(origin))) or origin in self._origins


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _forbidden(header: str, value: str, remedy: str) -> Forbidden:
    # As ASCII, since it becomes a header again.
    shown = ascii(value[:_MAX_SHOWN])
    return Forbidden(
        f"Forbidden: {header} {shown} is not this machine, and lwd asks for no key; "
        f"add it to server.allowed_{remedy}, or configure a key",
        header.lower(),
    )
