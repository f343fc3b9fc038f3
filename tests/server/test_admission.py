"""How many streams are taken: in all, and of each key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientWebSocketResponse

from lwd import metrics
from lwd.auth.keyfile import update_keys
from lwd.auth.keys import Key, fingerprint
from lwd.auth.rate import HandshakeRate
from tests.server.conftest import RAW, UPGRADE, Server, StartServer


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """A keys file in which each key is its own id."""
    path = tmp_path / "keys.json"
    keys = (
        Key(id="two", sha256=fingerprint("two"), streams=2),
        Key(id="rare", sha256=fingerprint("rare"), handshakes_per_minute=2),
        Key(id="free", sha256=fingerprint("free")),
    )
    update_keys(path, lambda _: keys)
    return path


@asynccontextmanager
async def stream(server: Server, secret: str) -> AsyncIterator[ClientWebSocketResponse]:
    """An open stream of the key."""
    headers = {"Authorization": f"Token {secret}"}
    async with server.client.ws_connect("/v1/listen", params=RAW, headers=headers) as socket:
        yield socket


async def refusal(server: Server, secret: str) -> tuple[int, str, int]:
    """Status, body without its request id, and Retry-After of a handshake that is refused."""
    headers = {**UPGRADE, "Authorization": f"Token {secret}"}
    response = await server.client.get("/v1/listen", params=RAW, headers=headers)
    text = (await response.text()).replace(response.headers["dg-request-id"], "ID")
    assert response.headers["dg-error"] in text
    assert response.headers["Content-Type"] == "application/json"
    return response.status, text, int(response.headers["Retry-After"])


def rejected(reason: str) -> float:
    """How many handshakes were refused for that reason."""
    labels = {"reason": reason}
    return metrics.REGISTRY.get_sample_value("lwd_streams_rejected_total", labels) or 0.0


TOO_MANY = (
    429,
    (
        '{"err_code":"TOO_MANY_REQUESTS","err_msg":"Too many requests. Please try again later",'
        '"request_id":"ID"}'
    ),
)
STOPPING = (
    503,
    ('{"error_code":"Service Unavailable","err_msg":"Please try again later","request_id":"ID"}'),
)


async def test_a_key_has_so_many_streams(start_server: StartServer, keys_file: Path) -> None:
    """The next is refused until one ends; tokens of the key count as the key, others do not."""
    server = await start_server(auth__keys_file=str(keys_file))
    before = rejected("key_streams")
    answer = await server.client.post("/v1/auth/grant", headers={"Authorization": "Token two"})
    token = (await answer.json())["access_token"]

    async with stream(server, "two"), stream(server, token):
        assert await refusal(server, "two") == (*TOO_MANY, 1)
        assert await refusal(server, token) == (*TOO_MANY, 1)
        async with stream(server, "free"), stream(server, "free"), stream(server, "free"):
            pass

    assert rejected("key_streams") == before + 2
    await server.streams.wait_empty()
    async with stream(server, "two"):
        pass


async def test_a_key_has_so_many_handshakes(start_server: StartServer, keys_file: Path) -> None:
    """Streams that come too fast are refused, and told when the next is welcome."""
    server = await start_server(auth__keys_file=str(keys_file))
    before = rejected("key_rate")
    for _ in range(2):
        async with stream(server, "rare"):
            pass

    status, text, retry_after_s = await refusal(server, "rare")

    assert (status, text) == TOO_MANY
    assert 20 <= retry_after_s <= 30
    assert rejected("key_rate") == before + 1
    async with stream(server, "free"):
        pass


async def test_all_keys_share_the_places(start_server: StartServer, keys_file: Path) -> None:
    """`limits.streams` holds for everybody together."""
    server = await start_server(auth__keys_file=str(keys_file), limits__streams=2)
    before = rejected("capacity")

    async with stream(server, "two"), stream(server, "free"):
        assert await refusal(server, "two") == (*TOO_MANY, 1)
        assert await refusal(server, "free") == (*TOO_MANY, 1)

    assert rejected("capacity") == before + 2


async def test_strangers_learn_nothing_of_the_load(
    start_server: StartServer, keys_file: Path
) -> None:
    """Parameters are checked first, then the key, and only then whether there is room."""
    server = await start_server(auth__keys_file=str(keys_file), limits__streams=1)
    bad = {"encoding": "linear16"}

    async with stream(server, "free"):
        for params, secret, status in ((RAW, "no", 401), (bad, "free", 400), (RAW, "free", 429)):
            headers = {**UPGRADE, "Authorization": f"Token {secret}"}
            response = await server.client.get("/v1/listen", params=params, headers=headers)
            assert response.status == status


async def test_a_server_that_stops_takes_nobody(start_server: StartServer, keys_file: Path) -> None:
    """503 comes before the key's own limits, and takes nothing from them."""
    server = await start_server(auth__keys_file=str(keys_file))
    server.streams.is_draining = True

    for _ in range(3):
        assert await refusal(server, "rare") == (*STOPPING, 1)
    server.streams.is_draining = False
    async with stream(server, "rare"):
        pass


def forwarded(*addresses: str) -> dict[str, str]:
    """The header that a proxy adds."""
    return {**UPGRADE, "X-Forwarded-For": ", ".join(addresses)}


async def test_an_address_has_so_many_streams(start_server: StartServer) -> None:
    """The next is refused; others are not, and neither counts what a client wrote itself."""
    server = await start_server(
        limits__address_streams=1, server__trusted_proxies=["127.0.0.0/8", "::1/128"]
    )
    before = rejected("address_streams")
    proxied = {"X-Forwarded-For": "6.6.6.6, 198.51.100.1"}

    async with server.client.ws_connect("/v1/listen", params=RAW, headers=proxied):
        for headers, status in [
            (forwarded("6.6.6.7", "198.51.100.1"), 429),
            (forwarded("198.51.100.1", "198.51.100.2"), 101),
        ]:
            response = await server.client.get("/v1/listen", params=RAW, headers=headers)
            assert response.status == status
            response.close()

    assert rejected("address_streams") == before + 1


async def test_an_address_makes_so_many_handshakes(start_server: StartServer) -> None:
    """Those that are refused count too, so that keys cannot be tried out; others are not hit."""
    server = await start_server(
        limits__address_handshakes_per_minute=2,
        server__trusted_proxies=["127.0.0.0/8"],
        auth__keys=["free"],
    )
    headers = {**forwarded("2001:db8::1"), "Authorization": "Token wrong"}
    statuses = [
        (await server.client.get("/v1/listen", params=RAW, headers=headers)).status
        for _ in range(3)
    ]
    neighbour = {**headers, "X-Forwarded-For": "2001:db8::2"}
    other = {**headers, "X-Forwarded-For": "2001:db8:0:1::1"}

    assert statuses == [401, 401, 429]
    assert (await server.client.get("/v1/listen", params=RAW, headers=neighbour)).status == 429
    assert (await server.client.get("/v1/listen", params=RAW, headers=other)).status == 401


def test_addresses_do_not_pile_up() -> None:
    """Who comes from ever new addresses fills no memory."""
    rate = HandshakeRate()

    for n in range(50_000):
        rate.take(f"address {n}", 60, now_s=float(n))

    assert len(rate._full_at_s) <= 10_000
