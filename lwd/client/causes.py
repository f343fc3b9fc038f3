"""Why a connection did not come about, in the words of a person. Pure."""

import errno

from aiohttp import ClientConnectorError

REFUSED_KEY = "the key is unknown to the server, disabled or expired; give another by --key"

FOR_OPERATORS = "this is lwd's port for operators; name the one for clients (server.port)"

INSTANCE = "lwd-instance"
"""The header by which /readyz tells which daemon it is; both ports of one tell the same."""


def is_refusal(error: ClientConnectorError) -> bool:
    """Whether nobody listens there."""
    return error.errno == errno.ECONNREFUSED


def cause(error: ClientConnectorError) -> str:
    """What the system said."""
    # asyncio's own text names the address once more.
    return "connection refused" if is_refusal(error) else str(error.os_error.strerror or error)
