"""The open streams, and whether one more is taken: of everybody, and of one key.

Knows nothing of who holds a key; that is asked before.
"""

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lwd import metrics
from lwd.auth.keys import Key
from lwd.auth.rate import HandshakeRate
from lwd.errors import Overloaded, Unavailable
from lwd.server.stream import Stream


class Streams:
    """Counts streams; `has_served` once one has come to its end."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.is_draining = False
        self.has_served = False
        self.open: set[Stream] = set()
        self._rate = HandshakeRate()
        self._empty = asyncio.Event()
        self._empty.set()

    def admit(self, key: Key | None) -> None:
        """Raise Unavailable or Overloaded when no stream may be added, or none for this key."""
        if self.is_draining:
            raise Unavailable("draining")
        if key is not None:
            self._admit_key(key)
        if len(self.open) >= self.limit:
            raise Overloaded("capacity")

    def _admit_key(self, key: Key) -> None:
        if key.handshakes_per_minute is not None:
            wait_s = self._rate.take(key.id, key.handshakes_per_minute, time.monotonic())
            if wait_s > 0:
                raise Overloaded("key_rate", {"Retry-After": str(math.ceil(wait_s))})
        if key.streams is not None:
            its_streams = sum(stream.key_id == key.id for stream in self.open)
            if its_streams >= key.streams:
                raise Overloaded("key_streams")

    @contextmanager
    def hold(self, stream: Stream) -> Iterator[None]:
        """Count a stream as open."""
        self.open.add(stream)
        self._empty.clear()
        metrics.STREAMS_ACTIVE.set(len(self.open))
        try:
            yield
        finally:
            self.has_served = True
            self.open.discard(stream)
            metrics.STREAMS_ACTIVE.set(len(self.open))
            if not self.open:
                self._empty.set()

    async def wait_empty(self) -> None:
        """Return once no stream is open."""
        await self._empty.wait()
