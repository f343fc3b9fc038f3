"""A port: taken first, listened on later. Knows nothing of what is served there."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from aiohttp import web

from lwd.errors import AddressUnavailable
from lwd.server.gate import Gate

_BACKLOG = 128
_CUT_OFF_S = 1.0
"""How long handlers that a stop has cut short may take to notice."""

_NAMES = {"server": "server.host {}, server.port {}", "ops": "ops.listen {}:{}"}
_REMEDIES = {
    errno.EADDRINUSE: "stop the process that has the port, or choose another",
    errno.EACCES: "choose a port above 1023",
}


def bind(section: Literal["server", "ops"], host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet; raises AddressUnavailable."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "choose an address of this machine")
        name = _NAMES[section].format(host, port)
        raise AddressUnavailable(f"{name}: {error.strerror}; {remedy}") from error
    return listener


@asynccontextmanager
async def listening(
    app: web.Application, listener: socket.socket, limit: int, header_timeout_s: float
) -> AsyncIterator[Callable[[], int]]:
    """Serve an application to at most `limit` connections; gives what counts them."""
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=_CUT_OFF_S, keepalive_timeout=header_timeout_s
    )
    await runner.setup()
    http = runner.server
    assert http is not None  # noqa: S101 - since setup
    accepting = await asyncio.get_running_loop().create_server(
        Gate(http, limit), sock=listener, backlog=_BACKLOG
    )
    try:
        yield lambda: len(http.connections)
    finally:
        accepting.close()
        await runner.cleanup()
