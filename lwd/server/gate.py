"""Lets as many connections in as there may be; the next is told so and closed, whatever it wants.

aiohttp itself takes any number. How long one may keep its first request back is its
`keepalive_timeout`, which lifecycle.py sets.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from aiohttp import web

from lwd.protocol.messages import rejection_body
from lwd.server.refusals import Refusals
from lwd.server.reply import new_request_id

_PATIENCE_S = 1.0
"""How long a connection that is refused may take to ask for something and to go: an answer that
comes before the question is often lost, and so is one whose socket is closed before all was read."""

_MOST_REFUSALS = 8
"""Connections that are about to be refused; for one more the oldest has to go at once."""

_MESSAGE = "As many connections are open as may be. Please try again later"


class Gate:
    """Makes the protocol of each connection that is accepted; `limit` is asked at each."""

    def __init__(self, server: web.Server, limit: Callable[[], int], refusals: Refusals) -> None:
        self._server = server
        self._limit = limit
        self._refusals = refusals
        self._arriving = 0
        self._refused: list[_Refusal] = []

    def __call__(self) -> asyncio.BaseProtocol:
        """The HTTP library's protocol, or one that refuses."""
        limit = self._limit()
        if len(self._server.connections) + self._arriving >= limit:
            self._refusals.note(limit)
            return _Refusal(self._refused)
        # The library knows of it a turn of the loop later, and many may come in this one.
        self._arriving += 1
        asyncio.get_running_loop().call_soon(self._arrived)
        return self._server()

    def _arrived(self) -> None:
        self._arriving -= 1


class _Refusal(asyncio.Protocol):
    """Answers 503 to whatever comes, and reads on until its client has gone."""

    def __init__(self, others: list["_Refusal"]) -> None:
        self._others = others
        self._is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        if len(self._others) >= _MOST_REFUSALS:
            self._others[0].hurry()
        self._others.append(self)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_PATIENCE_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever it is
        if not self._is_answered:
            self._is_answered = True
            self._transport.write(_answer())
            self._transport.write_eof()

    def hurry(self) -> None:
        """Answer, in case that the question is under way, and wait no longer."""
        self._others.remove(self)
        if not self._is_answered:
            self._transport.write(_answer())
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._timer.cancel()
        if self in self._others:
            self._others.remove(self)


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
