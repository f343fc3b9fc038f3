"""The HTTP client that callbacks share: it connects to nothing that the policy does not allow.

An address is judged when its socket is made, so no name server can exchange it after the judgment.
Redirects, cookies and proxies of the environment would each lead elsewhere; there are none.
"""

import socket
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

import aiohttp
from aiohttp.connector import AddrInfoType

from lwd import __version__
from lwd.server.callback.ledger import Fate
from lwd.server.callback.policy import CallbackPolicy

FAILURES = (aiohttp.ClientError, OSError)
"""What a request or a WebSocket raises when it fails; a timeout is an OSError."""

_TEMPORARY_STATUSES = {408, 425, 429}


class _AddressForbidden(OSError):
    """The policy does not allow the address."""


class _Redirected(aiohttp.ClientError):
    """The answer leads elsewhere."""


def open_session(policy: CallbackPolicy, headers: Mapping[str, str]) -> aiohttp.ClientSession:
    """A session for one stream's callback."""
    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=1, socket_factory=partial(_socket, policy)),
        headers={"User-Agent": f"lwd/{__version__}", **headers},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),  # each request has its own
        trace_configs=[tracing],
        trust_env=False,
    )


def fate_of_answer(status: int) -> Fate:
    """What an answer that is no success means for the message."""
    is_temporary = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TEMPORARY_STATUSES
    return Fate.UNAVAILABLE if is_temporary else Fate.REFUSED


def fate_of_failure(error: Exception) -> Fate:
    """What one of FAILURES means for the message."""
    match error:
        case TimeoutError():
            return Fate.TIMEOUT
        case _Redirected():
            return Fate.REDIRECTED
        case aiohttp.ClientConnectorSSLError() | aiohttp.ClientConnectorCertificateError():
            return Fate.TLS
        case aiohttp.ClientConnectorError(os_error=_AddressForbidden()):
            return Fate.FORBIDDEN_ADDRESS
        case aiohttp.WSServerHandshakeError():
            return fate_of_answer(error.status)
        case _:
            return Fate.UNREACHABLE


def _socket(policy: CallbackPolicy, info: AddrInfoType) -> socket.socket:
    family, kind, protocol, _, address = info
    if not policy.allows_address(str(address[0])):
        raise _AddressForbidden("callback: the address is not allowed; see callback.allow_networks")
    return socket.socket(family, kind, protocol)


async def _refuse_redirect(*_: object) -> None:
    raise _Redirected
