"""Results over a WebSocket: one for each stream, and the stream ends with it."""

import asyncio

import pytest
from aiohttp import WSCloseCode, WSMsgType, web
from structlog.testing import capture_logs

from lwd.errors import CallbackBroken
from tests.server.callback.conftest import MakeSite, Site, outcomes


class Socket:
    """A receiver's end of a relay."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.close_code: int | None = None
        self.got_one = asyncio.Event()
        self.closed = asyncio.Event()

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Keep every message until the other side closes."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            self.received.append(message.data)
            self.got_one.set()
        self.close_code = socket.close_code
        self.closed.set()
        return socket


async def test_messages_are_relayed_in_order(site: Site) -> None:
    """Text frames over one connection, which is closed properly at the end."""
    socket = Socket()
    site.receiver.always = socket.accept
    texts = [f'{{"n":{n}}}' for n in range(20)]

    async with site.callback(site.url("ws")) as callback:
        for text in texts:
            callback.send(text, is_interim=False)
    await socket.closed.wait()

    assert socket.received == texts
    assert socket.close_code == WSCloseCode.OK
    [request] = site.receiver.requests
    assert request.headers["dg-token"] == "the-key-id"
    assert "Sec-WebSocket-Extensions" not in request.headers


async def test_what_the_receiver_says_is_thrown_away(site: Site) -> None:
    """It may talk."""
    socket = Socket()

    async def talk(request: web.Request) -> web.StreamResponse:
        talking = web.WebSocketResponse()
        await talking.prepare(request)
        for _ in range(100):
            await talking.send_str("x" * 1000)
            await talking.send_bytes(b"x")
        async for message in talking:
            socket.received.append(message.data)
        return talking

    site.receiver.always = talk
    async with site.callback(site.url("ws")) as callback:
        callback.send("a", is_interim=False)

    assert socket.received == ["a"]


@pytest.mark.parametrize("code", [WSCloseCode.OK, WSCloseCode.GOING_AWAY])
async def test_a_receiver_that_closes_ends_the_delivery(site: Site, code: WSCloseCode) -> None:
    """With whatever code, even while there is nothing to send."""

    async def close(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close(code=code)
        return socket

    site.receiver.always = close
    async with asyncio.timeout(10), site.callback(site.url("ws")) as callback:
        with pytest.raises(CallbackBroken):
            await callback.delivery


async def test_a_receiver_that_vanishes_ends_the_delivery(site: Site) -> None:
    """A connection that is cut, without a close frame."""

    async def vanish(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport
        request.transport.abort()
        return socket

    site.receiver.always = vanish
    async with asyncio.timeout(10), site.callback(site.url("ws")) as callback:
        with pytest.raises(CallbackBroken):
            await callback.delivery


@pytest.mark.parametrize(
    ("status", "reason"), [(200, "refused"), (404, "refused"), (503, "unavailable")]
)
async def test_a_receiver_that_accepts_no_socket(site: Site, status: int, reason: str) -> None:
    """It is asked once, and the log says which host refused, but not at which path."""
    site.receiver.always = status

    with capture_logs() as logs:
        async with asyncio.timeout(10), site.callback(site.url("ws")) as callback:
            with pytest.raises(CallbackBroken):
                await callback.delivery

    assert len(site.receiver.requests) == 1
    [line] = logs
    assert (line["host"], line["reason"]) == ("127.0.0.1", reason)
    assert "secret" not in str(line)


async def test_a_receiver_that_reads_nothing_ends_the_delivery(site: Site) -> None:
    """It may take `timeout_s` for a message, no longer."""
    done = asyncio.Event()

    async def accept_and_wait(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await done.wait()
        return socket

    site.receiver.always = accept_and_wait
    late = outcomes("timeout")
    async with asyncio.timeout(20), site.callback(site.url("ws"), timeout_s=0.2) as callback:
        for _ in range(50):
            callback.send("x" * (1 << 20), is_interim=False)
        with pytest.raises(CallbackBroken):
            await callback.delivery
        done.set()

    assert int(late) == 1


async def test_a_redirect_is_not_followed(site: Site, make_site: MakeSite) -> None:
    """The handshake leads where the client said, or nowhere."""
    other = await make_site()

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": other.url()})

    site.receiver.always = elsewhere
    redirected = outcomes("redirected")
    ports = (site.port, other.port)
    async with asyncio.timeout(10), site.callback(site.url("ws"), ports=ports) as callback:
        with pytest.raises(CallbackBroken):
            await callback.delivery

    assert other.receiver.requests == []
    assert int(redirected) == 1
