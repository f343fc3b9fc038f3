"""The daemon's life: bind, load, listen, serve until a signal, drain, stop.

The ports are taken before the models load, so that a busy one is told at once, and from then on the
ops listener says how far it is; clients' connections are accepted when the engines answer.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web

from lwd import __version__, metrics
from lwd.config.values import split_address
from lwd.decoding.pool import Decoders
from lwd.port import bind
from lwd.server.admission import Streams
from lwd.server.agent import answering
from lwd.server.connections import ConnectionLimit
from lwd.server.engines import Engines
from lwd.server.listener import listening
from lwd.server.live import Live
from lwd.server.reload import Reloader
from lwd.server.stall import StallWatch

_OPS_CONNECTIONS = 16

log = structlog.get_logger()


Announce = Callable[[str, int, Sequence[str]], None]
"""Told the host, the port and the models of a daemon that is ready."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """The daemon's parts, built and not started."""

    app: web.Application
    ops: web.Application
    live: Live
    engines: Engines
    decoders: Decoders
    streams: Streams
    connections: ConnectionLimit
    reloader: Reloader


async def run(daemon: Daemon, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT; each further one ends what the daemon still waits for."""
    config = daemon.live.config
    clients = bind("server", config.server.host, config.server.port)
    operators = bind("ops", config.ops.host, config.ops.port)
    at = config.ops.agent_listen
    agent = None if at is None else bind("agent", *split_address(at))
    timeout_s = config.server.header_timeout_s
    signals = _Signals()
    watch = StallWatch(asyncio.get_running_loop(), config.server.stall_timeout_s)
    with watch.watching(lambda: daemon.engines.is_stuck):
        async with (
            listening(daemon.ops, operators, lambda: _OPS_CONNECTIONS, timeout_s),
            _started(daemon.engines, daemon.decoders, signals) as is_started,
        ):
            if not is_started:
                return
            async with (
                listening(daemon.app, clients, daemon.connections, timeout_s) as count,
                answering(agent, daemon.streams),
                _reloading(daemon.reloader, signals),
            ):
                metrics.CONNECTIONS.set_function(count)
                host, port = clients.getsockname()[:2]
                models = [model.name for model in daemon.engines]
                log.info(
                    "ready",
                    host=host,
                    port=port,
                    ops_port=operators.getsockname()[1],
                    models=models,
                    version=__version__,
                )
                announce(host, port, models)
                await signals.stops.get()
                dropped = await _drain(daemon.streams, daemon.live, signals)
    log.info("stopped", dropped=dropped)


class _Signals:
    """SIGTERM and SIGINT ask to stop, and then insist; SIGHUP asks for a reload.

    Several that come while nobody waits count as one reload, but each as one more demand to stop.
    """

    def __init__(self) -> None:
        self.stops: asyncio.Queue[None] = asyncio.Queue()
        self._reload = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stops.put_nowait, None)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)

    async def reload(self) -> None:
        """Return once a reload is asked for."""
        await self._reload.wait()
        self._reload.clear()


@asynccontextmanager
async def _started(engines: Engines, decoders: Decoders, signals: _Signals) -> AsyncIterator[bool]:
    """Engines and decoders that run; False where a signal came while they loaded."""
    loading = asyncio.create_task(engines.start())
    stopping = asyncio.create_task(signals.stops.get())
    decoders.start()
    try:
        await asyncio.wait({loading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        is_started = not stopping.done()
        if is_started:
            stopping.cancel()
            loading.result()
        yield is_started
    finally:
        for task in (loading, stopping):
            task.cancel()
        await asyncio.gather(loading, stopping, return_exceptions=True)
        await asyncio.gather(engines.close(), decoders.close())


@asynccontextmanager
async def _reloading(reloader: Reloader, signals: _Signals) -> AsyncIterator[None]:
    task = asyncio.create_task(reloader.serve(signals.reload))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _drain(streams: Streams, live: Live, signals: _Signals) -> int:
    """Take no more streams, let the open ones go on, then have them finish; how many did not."""
    streams.is_draining = True
    metrics.DRAINING.set(1)
    server = live.config.server
    log.info("draining", streams=len(streams.open))
    await _wait_empty(streams, signals, server.drain_s)
    if streams.open:
        log.info("finishing", streams=len(streams.open))
    for stream in streams.open:
        stream.stop()
    await _wait_empty(streams, signals, server.shutdown_timeout_s)
    return len(streams.open)


async def _wait_empty(streams: Streams, signals: _Signals, timeout_s: float) -> None:
    """Return once no stream is open, at the next signal, or when it takes too long."""
    empty = asyncio.create_task(streams.wait_empty())
    insisted = asyncio.create_task(signals.stops.get())
    await asyncio.wait({insisted, empty}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in (insisted, empty):
        task.cancel()
