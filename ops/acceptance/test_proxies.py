"""The three proxies over real TLS, before a real lwd, with the published Deepgram SDK."""

import asyncio
import base64
import signal
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from socket import AF_INET
from typing import Any

import pytest
from aiohttp import (
    ClientSession,
    ClientWebSocketResponse,
    TCPConnector,
    WSMsgType,
    WSServerHandshakeError,
)
from proxy import KEY, SETTINGS, AskingHAProxy, Front, Proxy, free_port, trusting

from tests.conftest import SPOKEN, bare, read_pcm, word_errors
from tests.e2e.conftest import Daemon, StartDaemon
from tests.e2e.sdk import Call, client, stream

RAW = {"encoding": "linear16", "sample_rate": "16000", "interim_results": "true"}
LISTEN = "/v1/listen?encoding=linear16&sample_rate=16000"
SENTINEL = "heliotrope"
"""A keyterm, which no log may have."""

ONE_ENGINE = {**SETTINGS, "LWD_MODEL__REPLICAS": "1"}
SLOW_TO_LEAVE = {
    **ONE_ENGINE,
    "LWD_SERVER__DRAIN_S": "300",
    "LWD_SERVER__IDLE_TIMEOUT_S": "300",
}

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"sixteen bytes it").decode(),
}


def assert_heard(call: Call) -> None:
    """The call has its words, and no error."""
    assert call.errors == []
    assert word_errors(bare(call.transcript), bare(SPOKEN)) <= 4


async def speak(proxy: Proxy, speech_file: Path, **extra: Any) -> Call:
    """Stream the speech through a proxy as fast as it is spoken."""
    audio = read_pcm(speech_file, 16_000).tobytes()
    params = {**RAW, **extra.pop("params", {})}
    return await stream(
        proxy.port, audio, bytes_per_s=32_000, params=params, key=KEY, tls=True, **extra
    )


class Outside:
    """What a client sees that trusts the certificate."""

    def __init__(self, session: ClientSession, tls: ssl.SSLContext) -> None:
        self._session = session
        self._tls = tls

    async def answer(
        self, base: str, *, key: str = KEY, path: str = LISTEN, **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, body and headers of a handshake that is refused."""
        sent = {**UPGRADE, "Authorization": f"Token {key}", **headers}
        async with self._session.get(base + path, headers=sent, ssl=self._tls) as response:
            text = await response.text()
            return response.status, text, response.headers

    async def open(
        self, base: str, *, path: str = LISTEN, protocols: Sequence[str] = ("token", KEY)
    ) -> ClientWebSocketResponse:
        """An open stream."""
        return await self._session.ws_connect(base + path, protocols=protocols, ssl=self._tls)


@pytest.fixture
async def outside(certificate: Path) -> Any:
    """A client."""
    async with ClientSession() as session:
        yield Outside(session, trusting(certificate))


def url(proxy: Proxy) -> str:
    """Where clients find a proxy."""
    return f"https://localhost:{proxy.port}"


def direct(daemon: Daemon) -> str:
    """Where the proxies find the daemon."""
    return f"http://127.0.0.1:{daemon.port}"


async def test_stream(proxy: Proxy, speech_file: Path) -> None:
    """The SDK streams through, gets interims while speaking, its words, Metadata and close code 1000."""
    call = await speak(proxy, speech_file, params={"keyterm": SENTINEL})

    assert_heard(call)
    assert [m for at, m in call.messages if m.type == "Results" and not m.is_final and at < 6]
    assert call.messages[-1][1].type == "Metadata"


async def test_key_in_the_sub_protocol(proxy: Proxy, outside: Outside) -> None:
    """A browser's key arrives, and `token` alone is answered."""
    socket = await outside.open(url(proxy))

    assert socket.protocol == "token"
    await socket.close()


async def test_minute_of_keep_alives(proxies: list[Proxy]) -> None:
    """A stream on which only KeepAlives come for a minute is still there at its end."""

    async def keep(proxy: Proxy) -> list[str]:
        sdk = client(proxy.port, KEY, tls=True)
        async with sdk.listen.v1.connect(model="nova-3", **RAW) as socket:
            for _ in range(13):
                await socket.send_keep_alive()
                await asyncio.sleep(5)
            await socket.send_close_stream()
            return [message.type async for message in socket]

    ended = await asyncio.gather(*map(keep, proxies))

    assert [kinds[-1] for kinds in ended] == ["Metadata"] * 3


async def test_close_code_and_reason_arrive(proxies: list[Proxy], outside: Outside) -> None:
    """A stream that lwd closes tells why, as without a proxy."""

    async def end(proxy: Proxy) -> tuple[int, str]:
        socket = await outside.open(url(proxy))
        while (message := await socket.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED}:
            pass
        return message.data, message.extra or ""

    for code, reason in await asyncio.gather(*map(end, proxies)):
        assert code == 1011
        assert reason.endswith("net0001")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"key": "wrong"}, 401),
        ({"path": "/v1/listen?encoding=nonsense"}, 400),
    ],
    ids=["unauthorized", "bad request"],
)
async def test_refusal_is_lwds_own(
    proxy: Proxy, daemon: Daemon, outside: Outside, change: dict[str, str], status: int
) -> None:
    """Status, body and headers of a refusal are what lwd said."""
    own = await outside.answer(direct(daemon), **change)
    through = await outside.answer(url(proxy), **change)

    assert own[0] == through[0] == status
    assert _without_id(through[1], through[2]) == _without_id(own[1], own[2])
    assert through[2]["dg-error"] == own[2]["dg-error"]
    assert through[2]["Content-Type"] == own[2]["Content-Type"]


async def test_full_daemon_says_so(proxies: list[Proxy], daemon: Daemon, outside: Outside) -> None:
    """429 of a daemon without a free stream arrives whole, and does not make a proxy doubt it."""
    async with AsyncExitStack() as stack:
        for _ in range(8):
            stack.push_async_callback((await outside.open(direct(daemon))).close)
        own = await outside.answer(direct(daemon))
        for proxy in proxies:
            through = await outside.answer(url(proxy))
            assert own[0] == through[0] == 429
            assert _without_id(through[1], through[2]) == _without_id(own[1], own[2])
    for proxy in proxies:
        await (await outside.open(url(proxy))).close()


def _without_id(body: str, headers: Mapping[str, str]) -> str:
    assert headers["dg-request-id"] in body
    return body.replace(headers["dg-request-id"], "ID")


async def hold_on(daemon: Daemon) -> asyncio.StreamWriter:
    """Open a stream that does not answer the close frame, and so keeps lwd draining for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    writer.write(
        f"GET {LISTEN} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {KEY}\r\n{lines}\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    return writer


async def let_go(writer: asyncio.StreamWriter, daemon: Daemon) -> int:
    """Drop that stream; the exit status of the daemon, which has waited for nothing else."""
    writer.close()
    await writer.wait_closed()
    return await asyncio.to_thread(daemon.process.wait, 60)


async def is_open(outside: Outside, proxy: Proxy) -> bool:
    """Whether a stream gets in now."""
    try:
        await (await outside.open(url(proxy))).close()
    except WSServerHandshakeError as refused:
        if refused.status != 503:
            raise
        return False
    return True


async def await_six_in_a_row(outside: Outside, proxy: Proxy) -> None:
    """Open streams until so many get in one after the other; by chance half of them would."""
    in_a_row = 0
    async with asyncio.timeout(60):
        while in_a_row < 6:
            in_a_row = in_a_row + 1 if await is_open(outside, proxy) else 0


async def test_drained_daemon_gets_no_stream(
    start_daemon: StartDaemon, front: Front, outside: Outside
) -> None:
    """The 503 of a daemon that drains arrives whole, and its open streams end with 1012."""
    daemon = start_daemon(**ONE_ENGINE, LWD_SERVER__DRAIN_S="5")
    fronts = front(daemon.port)
    opened = [await outside.open(url(proxy)) for proxy in fronts]
    writer = await hold_on(daemon)

    daemon.process.send_signal(signal.SIGTERM)
    daemon.await_event("draining")
    answers = [await outside.answer(url(proxy)) for proxy in fronts]
    for socket in opened:
        async for _ in socket:
            pass
    assert await let_go(writer, daemon) == 0
    afterwards = [await outside.answer(url(proxy)) for proxy in fronts]

    assert [status for status, _, _ in answers] == [503] * 3
    assert all("dg-error" in headers for _, _, headers in answers)
    assert [socket.close_code for socket in opened] == [1012] * 3
    assert all(status in {502, 503} for status, _, _ in afterwards)


async def test_streams_go_to_another_node(
    start_daemon: StartDaemon, front: Front, outside: Outside
) -> None:
    """Of two nodes one drains: nginx goes on at once, the others when their check has seen it."""
    leaving = start_daemon(**SLOW_TO_LEAVE)
    staying = start_daemon(**ONE_ENGINE)
    fronts = front(leaving.port, staying.port)
    for proxy in fronts:
        assert (await outside.answer(url(proxy), path="/readyz"))[0] == 200
    writer = await hold_on(leaving)
    leaving.process.send_signal(signal.SIGTERM)
    leaving.await_event("draining")

    nginx, *others = fronts
    assert [await is_open(outside, nginx) for _ in range(6)] == [True] * 6
    for proxy in others:
        await await_six_in_a_row(outside, proxy)

    assert leaving.process.poll() is None
    assert await let_go(writer, leaving) == 0


async def test_haproxy_asks_the_agent(
    start_daemon: StartDaemon, certificate: Path, outside: Outside, tmp_path: Path
) -> None:
    """It learns of a drain by the agent check alone."""
    agents = [free_port(), free_port()]
    leaving, staying = (
        start_daemon(**SLOW_TO_LEAVE, LWD_OPS__AGENT_LISTEN=f"127.0.0.1:{agent}")
        for agent in agents
    )
    ports = dict(zip((leaving.port, staying.port), agents, strict=True))
    haproxy = AskingHAProxy(tmp_path / "haproxy", certificate, ports)
    try:
        writer = await hold_on(leaving)
        leaving.process.send_signal(signal.SIGTERM)
        leaving.await_event("draining")

        await await_six_in_a_row(outside, haproxy)
        assert leaving.process.poll() is None
        assert await let_go(writer, leaving) == 0
    finally:
        haproxy.stop()


async def test_reload_cuts_no_stream(proxy: Proxy, speech_file: Path) -> None:
    """A stream that is open while its proxy reloads comes to its own end."""
    is_due = True

    async def reload(spoken_s: float) -> None:
        nonlocal is_due
        if is_due and spoken_s >= 2:
            is_due = False
            await asyncio.to_thread(proxy.reload)

    call = await speak(proxy, speech_file, during=reload)

    assert not is_due
    assert_heard(call)


async def test_slow_header_is_cut(proxies: list[Proxy], certificate: Path) -> None:
    """Who begins a request and does not end it loses the connection within 10 s."""

    async def dawdle(proxy: Proxy) -> float:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection(
            "localhost", proxy.port, ssl=trusting(certificate)
        )
        writer.write(b"GET /v1/listen HTTP/1.1\r\nHost: localhost\r\n")
        async with asyncio.timeout(60):
            await reader.read()
        writer.close()
        return time.monotonic() - began

    for waited_s in await asyncio.gather(*map(dawdle, proxies)):
        assert 3 < waited_s < 30


async def test_long_query_arrives(proxy: Proxy, outside: Outside) -> None:
    """A query of 50 KB passes, as lwd takes it."""
    tags = "&".join(f"tag={'x' * 100}" for _ in range(500))

    socket = await outside.open(url(proxy), path=f"{LISTEN}&{tags}")

    assert not socket.closed
    await socket.close()


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/livez", "/"])
async def test_only_clients_paths_are_outside(proxy: Proxy, outside: Outside, path: str) -> None:
    """What operators ask is answered inside alone."""
    status, body, _ = await outside.answer(url(proxy), path=path)

    assert status == 404
    assert "lwd_" not in body


async def test_client_address_is_the_proxys_word(front: Front, outside: Outside) -> None:
    """The daemon gets the client's true address, whatever the client claims."""
    heads: list[str] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        for proxy in await asyncio.to_thread(front, server.sockets[0].getsockname()[1]):
            await outside.answer(url(proxy), **{"X-Forwarded-For": "6.6.6.6"})
            head = next(head for head in reversed(heads) if "/v1/listen" in head)
            heads.clear()
            lines = [line for line in head.split("\r\n") if line.lower().startswith("x-forwarded-")]
            told = {name.lower(): value for name, _, value in (li.partition(": ") for li in lines)}
            assert told["x-forwarded-for"] == "127.0.0.1"
            assert told["x-forwarded-proto"] == "https"


async def test_client_address_is_logged(proxy: Proxy, daemon: Daemon, certificate: Path) -> None:
    """The daemon believes the proxies that it trusts: its log has the address of the client."""
    elsewhere = TCPConnector(local_addr=("127.0.0.2", 0), family=AF_INET)
    async with ClientSession(connector=elsewhere) as session:
        outside = Outside(session, trusting(certificate))
        await outside.answer(url(proxy), key="wrong")

    while (await asyncio.to_thread(daemon.await_event, "rejected"))["address"] != "127.0.0.2":
        pass


async def test_no_log_has_keys_or_queries(
    proxy: Proxy, outside: Outside, speech_file: Path
) -> None:
    """Neither what a client asks for nor its key is written down, in an error neither."""
    await speak(proxy, speech_file, params={"keyterm": SENTINEL})
    await (await outside.open(url(proxy), path=f"{LISTEN}&keyterm={SENTINEL}")).close()
    await outside.answer(url(proxy), key="wrong", path=f"/elsewhere?keyterm={SENTINEL}")
    proxy.reload()

    logged = proxy.logged()

    assert "/v1/listen" in logged
    assert SENTINEL not in logged
    assert KEY not in logged
