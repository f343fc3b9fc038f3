"""Lets as many connections in as there may be; the next is told so and closed, whatever it wants.

aiohttp itself takes any number. How long one may keep its first request back is its
`keepalive_timeout`, which lifecycle.py sets.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from aiohttp import web

from lwd import metrics
from lwd.protocol.messages import rejection_body
from lwd.server.reply import new_request_id

_PATIENCE_S = 1.0
"""How long a connection that is refused may take to ask for something: an answer that comes before
the question is often lost."""

_MOST_REFUSALS = 8
"""Connections that are about to be refused; more are closed without a word."""

_MESSAGE = "Please try again later"


class Gate:
    """Makes the protocol of each connection that is accepted; `limit` is asked at each."""

    def __init__(self, server: web.Server, limit: Callable[[], int]) -> None:
        self._server = server
        self._limit = limit
        self._arriving = 0
        self._refusals: set[asyncio.BaseTransport] = set()

    def __call__(self) -> asyncio.BaseProtocol:
        """The HTTP library's protocol, or one that refuses."""
        if len(self._server.connections) + self._arriving >= self._limit():
            metrics.CONNECTIONS_REFUSED.inc()
            return _Refusal(self._refusals)
        # The library knows of it a turn of the loop later, and many may come in this one.
        self._arriving += 1
        asyncio.get_running_loop().call_soon(self._arrived)
        return self._server()

    def _arrived(self) -> None:
        self._arriving -= 1


class _Refusal(asyncio.Protocol):
    """Answers 503 to whatever comes."""

    def __init__(self, others: set[asyncio.BaseTransport]) -> None:
        self._others = others

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        if len(self._others) >= _MOST_REFUSALS:
            self._transport.abort()
            return
        self._others.add(transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_PATIENCE_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever it is
        self._transport.write(_answer())
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._transport in self._others:
            self._timer.cancel()
            self._others.discard(self._transport)


def _answer() -> bytes:
    request_id = str(new_request_id())
    body = rejection_body("Service Unavailable", _MESSAGE, request_id)
    head = (
        "HTTP/1.1 503 Service Unavailable",
        "Content-Type: application/json",
        f"Content-Length: {len(body.encode())}",
        f"dg-request-id: {request_id}",
        f"dg-error: {_MESSAGE}",
        "Retry-After: 1",
        "Connection: close",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
