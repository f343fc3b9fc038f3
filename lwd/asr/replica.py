"""Keeps one engine alive: a process that dies is replaced by another, in the end after a pause."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from lwd import metrics
from lwd.asr.feed import Desk, Feed, Name
from lwd.asr.process import EngineProcess
from lwd.asr.settings import EngineSettings
from lwd.asr.wire import Ready
from lwd.errors import LwdError

_MAX_BACKOFF_S = 30.0

StartEngine = Callable[[], Awaitable[tuple[EngineProcess, Ready]]]
"""Starts a process of the model; raises ModelCorrupt or EngineUnavailable."""

log = structlog.get_logger()


class Employer(Desk, Protocol):
    """Whom a replica works for."""

    def start_failed(self) -> None:
        """A process did not start."""


class Replica:
    """One engine of a model, through all its processes.

    `feed` is that of the running process, None while there is none; `ready` is what the last
    process said of itself.
    """

    def __init__(
        self, name: Name, start: StartEngine, settings: EngineSettings, employer: Employer
    ) -> None:
        self.ready: Ready | None = None
        self._name = name
        self._start_process = start
        self._settings = settings
        self._employer = employer
        self._supervisor: asyncio.Task[None] | None = None
        self._pause_s = 0.0
        self._failed_starts = 0
        metrics.ENGINE_RESTARTS.labels(name.model, name.replica)
        self._show(None)

    @property
    def has_failed(self) -> bool:
        """Whether process after process did not start."""
        return self._failed_starts >= self._settings.max_attempts

    async def start(self) -> None:
        """Load the model; raises ModelCorrupt or EngineUnavailable when that fails."""
        feed = await self._start()
        self._supervisor = asyncio.create_task(self._supervise(feed))

    async def close(self) -> None:
        """End the process and start no other."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor

    async def _supervise(self, feed: Feed) -> None:
        while True:
            try:
                death = await feed.run()
            finally:
                self._show(None)
            if feed.has_worked:
                self._pause_s = 0.0
            model, replica = self._name.model, self._name.replica
            metrics.ENGINE_RESTARTS.labels(model, replica).inc()
            log.error(
                "engine_died",
                model=model,
                replica=replica,
                pid=feed.pid,
                reason=death.reason,
                windows_retried=death.n_retried,
            )
            feed = await self._start_again()

    async def _start_again(self) -> Feed:
        """At once after a process that worked, else after a pause that doubles."""
        while True:
            await asyncio.sleep(self._pause_s)
            longer_s = max(self._settings.restart_backoff_s, 2 * self._pause_s)
            self._pause_s = min(longer_s, _MAX_BACKOFF_S)
            try:
                feed = await self._start()
            except LwdError as error:
                model, replica = self._name.model, self._name.replica
                log.error("engine_start_failed", model=model, replica=replica, reason=str(error))
                self._failed_starts += 1
                self._employer.start_failed()
            else:
                self._failed_starts = 0
                return feed

    async def _start(self) -> Feed:
        engine, self.ready = await self._start_process()
        log.info(
            "engine_ready",
            model=self._name.model,
            replica=self._name.replica,
            load_s=round(self.ready.load_s, 2),
            pid=engine.pid,
        )
        feed = Feed(self._name, engine, self._settings, self._employer)
        self._show(feed)
        return feed

    def _show(self, feed: Feed | None) -> None:
        self.feed: Feed | None = feed
        metrics.ENGINE_READY.labels(self._name.model, self._name.replica).set(feed is not None)
