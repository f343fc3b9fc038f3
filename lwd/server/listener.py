"""Listening on a port that is taken. Knows nothing of what is served there."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from lwd.server.gate import Gate
from lwd.server.refusals import Refusals

_BACKLOG = 128
_CUT_OFF_S = 1.0
"""How long handlers that a stop has cut short may take to notice."""


@asynccontextmanager
async def listening(
    app: web.Application,
    listener: socket.socket,
    limit: Callable[[], int],
    header_timeout_s: float,
) -> AsyncIterator[Callable[[], int]]:
    """Serve an application to at most `limit()` connections; gives what counts them."""
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=_CUT_OFF_S, keepalive_timeout=header_timeout_s
    )
    await runner.setup()
    http = runner.server
    assert http is not None  # noqa: S101 - since setup
    accepting = await asyncio.get_running_loop().create_server(
        Gate(http, limit, Refusals(listener.getsockname()[1])), sock=listener, backlog=_BACKLOG
    )
    try:
        yield lambda: len(http.connections)
    finally:
        accepting.close()
        await runner.cleanup()
