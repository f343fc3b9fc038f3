"""Tells the log when connections begin to be refused, and when no more are. Refuses none itself."""

import asyncio

import structlog

from lwd import metrics

_QUIET_S = 60.0
"""How long none may be refused until it is over; so there are two lines a minute at most."""

log = structlog.get_logger()


class Refusals:
    """Counts the connections that one port refuses."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._count = 0
        self._seen = 0

    def note(self, limit: int) -> None:
        """One was refused, since there were as many as `limit`."""
        metrics.CONNECTIONS_REFUSED.inc()
        self._count += 1
        if self._count == 1:
            log.warning("connections_full", port=self._port, limit=limit)
            self._look_later()

    def _look_later(self) -> None:
        self._seen = self._count
        asyncio.get_running_loop().call_later(_QUIET_S, self._look)

    def _look(self) -> None:
        if self._count > self._seen:
            self._look_later()
            return
        log.warning("connections_free", port=self._port, refused=self._count)
        self._count = 0
