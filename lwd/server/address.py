"""Where a client is: its own address, also behind proxies that say whom they speak for.

Knows nothing of requests. Only a proxy that is trusted is believed, since anyone may send the
header: each proxy adds at the right whom it was called by.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_IPV6_HOLDER_BITS = 64
"""A holder of IPv6 has that many bits to itself, so that each of its addresses counts as one."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Addresses:
    """Tells clients' addresses, given the networks of the proxies in front."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = trusted

    def client(self, peer: str | None, forwarded: Iterable[str]) -> str | None:
        """The nearest address that is no trusted proxy's; None where the peer has no address.

        `peer` is at the other end of the connection, `forwarded` the values of `X-Forwarded-For`.
        """
        address = _parse(peer or "")
        if address is None:
            return None
        for text in reversed(",".join(forwarded).split(",")):
            if not self._trusts(address) or (before := _parse(text.strip())) is None:
                break
            address = before
        return str(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def holder(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the network of an IPv6 one."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return address
    return str(ip_network((parsed, _IPV6_HOLDER_BITS), strict=False))


def _parse(text: str) -> Address | None:
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # What a socket for both families says of an IPv4 client.
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
