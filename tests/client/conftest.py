"""A scripted server for the client, and for the commands that use it, to talk to."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lwd.client.stream import listen_url

CLOSE_STREAM = '{"type":"CloseStream"}'

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Start = Callable[[Handler], Awaitable[str]]
Script = Callable[[web.WebSocketResponse], Awaitable[None]]
Serve = Callable[[Script], Awaitable[str]]


@pytest.fixture
def start(aiohttp_server: Callable[[web.Application], Awaitable[TestServer]]) -> Start:
    """Start a server with the given handler of /v1/listen; return the address of that."""

    async def start_(handle: Handler) -> str:
        app = web.Application()
        app.router.add_get("/v1/listen", handle)
        server = await aiohttp_server(app)
        return listen_url(str(server.make_url("/")), [])

    return start_


@pytest.fixture
def serve(start: Start) -> Serve:
    """Start a server that accepts every stream and follows the given script then."""

    async def serve_(script: Script) -> str:
        async def handle(request: web.Request) -> web.WebSocketResponse:
            ws = web.WebSocketResponse()
            await ws.prepare(request)
            await script(ws)
            return ws

        return await start(handle)

    return serve_


async def heard(ws: web.WebSocketResponse) -> list[bytes | str]:
    """Receive what the client sends, up to CloseStream."""
    messages: list[bytes | str] = []
    while CLOSE_STREAM not in messages:
        messages.append((await ws.receive()).data)
    return messages
