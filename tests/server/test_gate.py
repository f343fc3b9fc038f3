"""How many connections there may be, and how long one may be silent."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Literal

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from lwd.errors import AddressUnavailable
from lwd.port import bind
from lwd.server.listener import listening

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Serve = Callable[..., Awaitable[Callable[[], Awaitable[Connection]]]]

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve a page; gives what connects to it."""
    async with AsyncExitStack() as stack:

        async def start(*, limit: int = 9, header_timeout_s: float = 60) -> Callable[..., object]:
            app = web.Application()
            app.router.add_get("/", _page)
            listener = bind("server", "127.0.0.1", 0)
            await stack.enter_async_context(
                listening(app, listener, lambda: limit, header_timeout_s)
            )

            async def connect() -> Connection:
                port = listener.getsockname()[1]
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                stack.callback(writer.close)
                return reader, writer

            return connect

        yield start  # type: ignore[misc]


async def _page(_: web.Request) -> web.Response:
    return web.Response(text="served")


async def answer(connection: Connection, request: bytes = REQUEST) -> tuple[bytes, bytes]:
    """Head and body of the answer to a request."""
    reader, writer = connection
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    return head, await reader.readexactly(int(length.partition(b":")[2]))


async def test_one_too_many_is_told_so(serve: Serve) -> None:
    """It gets Deepgram's 503 and is closed; when another goes there is room again."""
    connect = await serve(limit=2)
    first, second, third = [await connect() for _ in range(3)]

    assert (await answer(first))[1] == b"served"
    assert (await answer(second))[1] == b"served"
    head, body = await answer(third)
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"Retry-After: 1" in head
    told = json.loads(body)
    assert told["error_code"] == "Service Unavailable"
    assert f"dg-request-id: {told['request_id']}\r\n".encode() in head
    assert await third[0].read() == b""

    first[1].close()
    async with asyncio.timeout(30):
        while (await answer(await connect()))[1] != b"served":
            pass


async def test_silent_ones_do_not_keep_the_reason_from_others(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks is answered, however many more there are that do not, or all at once."""
    monkeypatch.setattr("lwd.server.gate._PATIENCE_S", 30)
    connect = await serve(limit=1)
    held = [await connect() for _ in range(30)]
    asking = [await connect() for _ in range(20)]

    answers = [await answer(await connect()) for _ in range(3)]
    answers += await asyncio.gather(*(answer(one) for one in asking[-5:]))

    assert {head.partition(b"\r\n")[0] for head, _ in answers} == {
        b"HTTP/1.1 503 Service Unavailable"
    }
    assert (await answer(held[0]))[1] == b"served"


async def test_a_long_question_is_read_before_the_socket_is_closed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the system resets the connection, and the client never sees the answer."""
    monkeypatch.setattr("lwd.server.gate._PATIENCE_S", 30)
    connect = await serve(limit=1)
    _, refused = [await connect() for _ in range(2)]

    refused[1].write(REQUEST[:-2] + b"X: ")
    head = await refused[0].readuntil(b"\r\n\r\n")
    for _ in range(20):
        refused[1].write(b"x" * 4096)
        await refused[1].drain()

    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"As many connections are open as may be" in await refused[0].read()


async def test_the_log_tells_of_refusals(serve: Serve) -> None:
    """Once, however many there are, with the port and how many may be open."""
    connect = await serve(limit=1)
    with capture_logs() as logs:
        held = [await connect() for _ in range(6)]
        assert (await answer(held[0]))[1] == b"served"
        assert b" 503 " in (await answer(held[5]))[0]

    [full] = logs
    assert (full["event"], full["log_level"], full["limit"]) == ("connections_full", "warning", 1)
    assert full["port"] == held[0][1].get_extra_info("peername")[1]


async def test_what_is_refused_cannot_pile_up(serve: Serve) -> None:
    """Connections over the limit that ask for nothing are closed, most of them at once."""
    connect = await serve(limit=1)
    first = await connect()
    assert (await answer(first))[1] == b"served"

    silent = [await connect() for _ in range(40)]

    ends = await asyncio.gather(*(reader.read() for reader, _ in silent), return_exceptions=True)
    for end in ends:
        told = isinstance(end, bytes) and (end == b"" or end.startswith(b"HTTP/1.1 503 "))
        assert told or isinstance(end, ConnectionError)
    assert (await answer(first))[1] == b"served"


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: local", REQUEST[:-2]])
@pytest.mark.parametrize("before", [0, 1])
async def test_half_a_request_is_not_waited_for(serve: Serve, sent: bytes, before: int) -> None:
    """A connection is closed that keeps its headers back, the first time and later."""
    connect = await serve(header_timeout_s=0.2)
    connection = await connect()
    for _ in range(before):
        assert (await answer(connection))[1] == b"served"

    connection[1].write(sent)

    assert await asyncio.wait_for(connection[0].read(), 30) == b""


async def test_a_trickle_of_headers_is_not_waited_for(serve: Serve) -> None:
    """Bytes that come one by one win no time."""
    connect = await serve(header_timeout_s=0.3)
    reader, writer = await connect()
    closed = asyncio.create_task(reader.read())

    sent = 0
    while not closed.done():
        writer.write(REQUEST[:16] if sent == 0 else b"X")
        sent += 1
        await asyncio.wait({closed}, timeout=0.02)

    assert sent < 500
    last = closed.exception() or closed.result()
    assert last == b"" or isinstance(last, ConnectionError)


def test_a_port_is_taken_before_it_is_listened_on() -> None:
    """Until the models are loaded, a client is refused and not kept waiting."""
    with (
        bind("server", "127.0.0.1", 0) as taken,
        socket.socket() as other,
        pytest.raises(ConnectionRefusedError),
    ):
        other.connect(taken.getsockname())


@pytest.mark.parametrize(
    ("listener", "setting"),
    [
        ("server", "server.port, LWD_SERVER__PORT or serve's --port"),
        ("ops", "ops.listen or LWD_OPS__LISTEN"),
        ("agent", "ops.agent_listen or LWD_OPS__AGENT_LISTEN"),
    ],
)
def test_a_port_that_another_has_can_be_chosen_otherwise(
    listener: Literal["server", "ops", "agent"], setting: str
) -> None:
    """The refusal says where the port is set."""
    with bind("server", "127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(AddressUnavailable) as raised:
            bind(listener, *taken.getsockname())

    assert str(raised.value).endswith(f"or choose another by {setting}")
