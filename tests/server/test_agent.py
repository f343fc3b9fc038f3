"""What HAProxy's agent check is told; `make test-ops` tries it with an HAProxy."""

import asyncio
import socket

import pytest

from lwd.port import bind
from lwd.server.agent import answering
from tests.server.conftest import RAW, Server, StartServer


async def ask(listener: socket.socket) -> bytes:
    """All that is said to who connects and asks nothing."""
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    told = await reader.read()
    writer.close()
    return told


async def test_the_share_of_room_is_told(start_server: StartServer) -> None:
    """Ever less as streams come, and never nothing, which HAProxy would take for a drain."""
    server = await start_server(limits__streams=3)
    sockets = []
    told = []
    listener = bind("agent", "127.0.0.1", 0)
    async with answering(listener, server.streams):
        for _ in range(3):
            told.append(await ask(listener))
            sockets.append(await server.client.ws_connect("/v1/listen", params=RAW))
        told.append(await ask(listener))

    assert told == [
        b"ready up 100%\n",
        b"ready up 67%\n",
        b"ready up 33%\n",
        b"ready up 1%\n",
    ]
    for websocket in sockets:
        await websocket.close()


async def test_a_drain_is_told(server: Server) -> None:
    """With open streams and without."""
    listener = bind("agent", "127.0.0.1", 0)
    async with answering(listener, server.streams):
        server.streams.is_draining = True

        assert await ask(listener) == b"drain\n"


async def test_nobody_answers_where_nobody_asks(server: Server) -> None:
    """By default; and a port that was there is closed afterwards."""
    async with answering(None, server.streams):
        pass
    listener = bind("agent", "127.0.0.1", 0)
    address = listener.getsockname()
    async with answering(listener, server.streams):
        pass

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
