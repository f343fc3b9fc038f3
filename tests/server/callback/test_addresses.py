"""A name is judged by the address that is connected to, at the moment of connecting."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from unittest.mock import _patch, patch

import aiohttp
import pytest
from aiohttp.abc import ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from lwd.errors import InvalidParameter
from lwd.server.callback.client import FAILURES, open_session
from tests.server.callback.conftest import Site, outcomes
from tests.server.callback.test_policy import INSIDE, OPEN, URLS, inside

NAME = "receiver.example.com"


def resolving_to(*addresses: str) -> "_patch[object]":
    """A name server that answers every question so."""

    async def resolve(_: object, host: str, port: int = 0, **__: object) -> list[ResolveResult]:
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address, family in zip(addresses, families, strict=True)
        ]

    return patch.object(aiohttp.DefaultResolver, "resolve", resolve)


async def contacted(url: str, addresses: Sequence[str]) -> list[str]:
    """The addresses that a request to an allowed URL tries, none of which answers."""
    tried: list[str] = []

    async def sock_connect(_: object, __: object, address: tuple[str, int]) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    loop = type(asyncio.get_running_loop())
    with resolving_to(*addresses), patch.object(loop, "sock_connect", sock_connect):
        async with open_session(OPEN, {}) as session:
            with contextlib.suppress(*FAILURES):
                await session.post(OPEN.check_url(url).url)
    return tried


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_an_allowed_name_may_not_lead_inside(site: Site, scheme: str) -> None:
    """A host of callback.hosts whose name server says 127.0.0.1 is not connected to."""
    forbidden = outcomes("forbidden_address")
    url = site.url(scheme, NAME)

    with resolving_to("127.0.0.1"):
        async with site.callback(url, hosts=(NAME,), allow_networks=()) as callback:
            callback.send("a", is_interim=False)

    assert site.receiver.requests == []
    assert int(forbidden) == 1


async def test_it_may_where_the_operator_says_so(site: Site) -> None:
    """The same, with the network in callback.allow_networks."""
    url = site.url("http", NAME)

    with resolving_to("127.0.0.1"):
        async with site.callback(url, hosts=(NAME.upper(),)) as callback:
            callback.send("a", is_interim=False)

    assert site.receiver.bodies == ["a"]


async def test_of_several_addresses_only_public_ones_are_tried() -> None:
    """One that leads inside is passed over, wherever it stands."""
    addresses = ["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111", "8.8.8.8", "::ffff:10.0.0.1"]

    assert set(await contacted(f"http://{NAME}/", addresses)) == {
        "1.1.1.1",
        "8.8.8.8",
        "2606:4700::1111",
    }


@given(
    st.sampled_from(["http://name.example/", "https://name.example:8443/x"]) | URLS,
    st.lists(inside().map(str) | st.ip_addresses().map(str), min_size=1, max_size=4),
)
def test_nothing_inside_is_ever_connected_to(url: str, addresses: list[str]) -> None:
    """Whatever the URL, and whatever a name server answers."""
    with contextlib.suppress(InvalidParameter):
        tried = asyncio.run(contacted(url, addresses))
        assert not any(ip_address(address) in network for address in tried for network in INSIDE)
