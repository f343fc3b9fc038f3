"""A client that sends and does not read."""

import asyncio
import socket

from lwd import metrics
from tests.server.conftest import RAW, UPGRADE, StartServer
from tests.server.frames import text_frame


def slow_clients() -> float:
    """How many were dropped."""
    labels = {"outcome": "slow_client"}
    return metrics.REGISTRY.get_sample_value("lwd_streams_total", labels) or 0.0


async def test_a_client_that_takes_no_messages_is_dropped(start_server: StartServer) -> None:
    """After server.send_timeout_s its stream is over, and so is its connection."""
    server = await start_server(server__send_timeout_s=0.5)
    before = slow_clients()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.client.port))
        client.setblocking(False)
        headers = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
        query = "&".join(f"{name}={value}" for name, value in RAW.items())
        request = f"GET /v1/listen?{query} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, request.encode())

        async with asyncio.timeout(60):
            await _send_until_dropped(client)
            await server.streams.wait_empty()

    assert slow_clients() == before + 1


async def _send_until_dropped(client: socket.socket) -> None:
    """Send what is answered each time, and never read."""
    loop = asyncio.get_running_loop()
    frames = text_frame("x" * 400) * 100
    try:
        while True:
            await loop.sock_sendall(client, frames)
    except ConnectionError:
        pass
