"""Answers HAProxy's `agent-check`: whether new streams may come, and how much room there is for them.

A line for each connection, which need not ask for anything.
https://docs.haproxy.org/2.6/configuration.html#5.2-agent-check
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

from lwd.server.admission import Streams


@asynccontextmanager
async def answering(listener: socket.socket | None, streams: Streams) -> AsyncIterator[None]:
    """Answer at a port that is taken; None: HAProxy does not ask."""
    if listener is None:
        yield
        return
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(_Answer, partial(state, streams)), sock=listener)
    try:
        yield
    finally:
        server.close()


def state(streams: Streams) -> str:
    """What HAProxy is told.

    It forgets `drain` only by being told `ready`; whether lwd is up it finds out at `/readyz`.
    """
    if streams.is_draining:
        return "drain"
    free = 1 - len(streams.open) / streams.limit
    # With 0 % it would drain.
    return f"ready up {max(1, round(100 * free))}%"


class _Answer(asyncio.Protocol):
    def __init__(self, tell: Callable[[], str]) -> None:
        self._tell = tell

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        writable = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        writable.write(f"{self._tell()}\n".encode())
        writable.close()
