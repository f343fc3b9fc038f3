"""The daemon's life: bind, load, listen, serve until a signal, finish what runs, stop.

The port is taken before the models load, so that a busy one is told at once, but connections are
accepted only when the engines answer.
"""

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from lwd import __version__
from lwd.config import ServerConfig
from lwd.decoding.pool import Decoders
from lwd.errors import AddressUnavailable
from lwd.server.admission import Streams
from lwd.server.engines import Engines

_BACKLOG = 128
_REMEDIES = {
    errno.EADDRINUSE: "stop the process that has the port, or choose another with --port",
    errno.EACCES: "choose a port above 1023 with --port",
}

log = structlog.get_logger()


Announce = Callable[[str, int, Sequence[str]], None]
"""Told the host, the port and the models of a daemon that is ready."""


async def run(
    app: web.Application,
    server: ServerConfig,
    engines: Engines,
    decoders: Decoders,
    streams: Streams,
    *,
    announce: Announce,
) -> None:
    """Serve until SIGTERM or SIGINT; a second one does not wait for the streams."""
    listener = bind(server.host, server.port)
    stop = _Stop()
    async with _started(engines, decoders, stop):
        if stop.requested.is_set():
            return
        # Handlers outlive `shutdown_timeout_s` only when a second signal cut them short.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        host, port = listener.getsockname()[:2]
        models = [model.name for model in engines]
        log.info("ready", host=host, port=port, models=models, version=__version__)
        announce(host, port, models)
        await stop.requested.wait()
        await _drain(streams, server.shutdown_timeout_s, stop)
        await runner.cleanup()
    log.info("stopped")


def bind(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet; raises AddressUnavailable."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "choose an address of this machine with --host")
        raise AddressUnavailable(
            f"server.host {host}, server.port {port}: {error.strerror}; {remedy}"
        ) from error
    return listener


class _Stop:
    """The first SIGTERM or SIGINT asks to stop, the second insists."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.insisted = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)

    def _signalled(self) -> None:
        (self.insisted if self.requested.is_set() else self.requested).set()


@asynccontextmanager
async def _started(engines: Engines, decoders: Decoders, stop: _Stop) -> AsyncIterator[None]:
    """Engines and decoders that run; a signal while they load ends the loading."""
    loading = asyncio.create_task(engines.start())
    stopping = asyncio.create_task(stop.requested.wait())
    decoders.start()
    try:
        await asyncio.wait({loading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            loading.result()
        yield
    finally:
        for task in (loading, stopping):
            task.cancel()
        await asyncio.gather(loading, stopping, return_exceptions=True)
        await asyncio.gather(engines.close(), decoders.close())


async def _drain(streams: Streams, timeout_s: float, stop: _Stop) -> None:
    """Take no more streams, and let the open ones send their results."""
    streams.is_draining = True
    log.info("draining", streams=len(streams.open))
    for stream in streams.open:
        stream.stop()
    insisted = asyncio.create_task(stop.insisted.wait())
    empty = asyncio.create_task(streams.wait_empty())
    await asyncio.wait({insisted, empty}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in (insisted, empty):
        task.cancel()
