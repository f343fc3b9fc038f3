"""Where results may be delivered: which URLs, and which addresses behind their names.

Pure: knows no socket and no name server. client.py asks about every address before it connects.
A URL is read by yarl, as aiohttp will read it, so that both mean the same host.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from yarl import URL

from lwd.errors import InvalidParameter

_SCHEMES = ("http", "https", "ws", "wss")
_MAX_URL_LENGTH = 2048
_EXPECTED = "expected a URL such as `https://example.com/results`"

# The last label begins with a letter: what does not could be an address in disguise, as 0x7f.1 is.
_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_][a-z0-9_-]{0,62}\.)*[a-z][a-z0-9-]{0,62}")

# Not for hosts in the open net, besides what Python's `is_global` knows; see IANA's registries.
_SPECIAL = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/3",  # loopback, IPv4 inside IPv6, NAT64
        "2001::/23",  # protocol assignments, such as Teredo, which holds an IPv4 address
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
        "4000::/2",  # unassigned
        "8000::/1",  # unassigned, unique local, link-local and multicast
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that the policy allows; the addresses of its host are another question."""

    url: URL

    @property
    def is_websocket(self) -> bool:
        """Whether messages are relayed over one WebSocket, rather than each by a request."""
        return self.url.scheme in {"ws", "wss"}


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """What the operator allows.

    `hosts` are names in lower case, `*.` before one meaning all below it; none means all.
    `allow_networks` are addresses that are allowed although they are not public.
    """

    enabled: bool
    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    allow_networks: tuple[IPv4Network | IPv6Network, ...]

    def check_url(self, text: str) -> Target:
        """Read a client's `callback`; raises InvalidParameter with a text for the client."""
        if not self.enabled:
            raise _refusal("This server delivers to none; its operator may set callback.enabled.")
        try:
            url = URL(text[: _MAX_URL_LENGTH + 1])
        except ValueError:
            raise _refusal("") from None
        if not url.scheme:
            # Deepgram's code and whole text for it.
            raise InvalidParameter(
                "callback", "Invalid query string.", "Bad Request", remedy=_EXPECTED
            )
        for problem in self._problems(url, len(text)):
            raise _refusal(problem)
        return Target(url.with_fragment(None))

    def allows_address(self, text: str) -> bool:
        """Whether an IP address may be connected to: a public one, or in `allow_networks`."""
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if any(address in network for network in self.allow_networks):
            return True
        return address.is_global and not any(address in network for network in _SPECIAL)

    def _problems(self, url: URL, length: int) -> Iterator[str]:
        host = url.raw_host or ""
        if length > _MAX_URL_LENGTH:
            yield f"It has more than {_MAX_URL_LENGTH} characters."
        if url.scheme not in _SCHEMES:
            yield f"It begins with none of {_listed(_SCHEMES)}."
        if url.user is not None or url.password is not None:
            yield "It holds a user or a password; put a secret into its path or query."
        if not (_NAME.fullmatch(host) or _is_address(host)):
            yield "Its host is neither a name nor an address."
        if url.port not in self.ports:
            yield f"Its port is none of {_listed(self.ports)}."
        if not self._allows_host(host):
            yield "Its host is not in this server's callback.hosts."
        if _is_address(host) and not self.allows_address(host):
            yield "Its address is not public."

    def _allows_host(self, host: str) -> bool:
        return not self.hosts or any(
            host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed
            for allowed in self.hosts
        )


def _refusal(problem: str) -> InvalidParameter:
    """Deepgram's words, and what it does not say where the URL may well be one."""
    text = f"Invalid callback url. {problem}".rstrip()
    return InvalidParameter("callback", text, remedy=problem or _EXPECTED)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # the zone of a link


def _listed(choices: tuple[object, ...]) -> str:
    return ", ".join(map(str, choices))
