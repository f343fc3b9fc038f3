"""A port, taken before anything listens on it. Knows nothing of what it is for."""

import errno
import socket
from contextlib import ExitStack
from typing import Literal

from lwd.errors import AddressUnavailable

_NAMES = {
    "server": "server.host {}, server.port {}",
    "ops": "ops.listen {}:{}",
    "agent": "ops.agent_listen {}:{}",
}
_CHOICES = {
    "server": "server.port, LWD_SERVER__PORT or serve's --port",
    "ops": "ops.listen or LWD_OPS__LISTEN",
    "agent": "ops.agent_listen or LWD_OPS__AGENT_LISTEN",
}
_REMEDIES = {
    errno.EADDRINUSE: "stop the process that has the port, or choose another by {}",
    errno.EACCES: "choose a port above 1023 by {}",
}


def bind(listener: Literal["server", "ops", "agent"], host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet; raises AddressUnavailable."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as stack:
            bound = stack.enter_context(socket.socket(family, kind, protocol))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            stack.pop_all()
            return bound
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "choose an address of this machine")
        remedy = remedy.format(_CHOICES[listener])
        name = _NAMES[listener].format(host, port)
        raise AddressUnavailable(f"{name}: {error.strerror}; {remedy}") from error
