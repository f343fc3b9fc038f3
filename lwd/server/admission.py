"""The open streams, and whether one more is taken: of everybody, of one key, of one address.

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
from lwd.config import LimitsConfig
from lwd.errors import Overloaded, Unavailable
from lwd.server.address import holder
from lwd.server.stream import Stream


class Streams:
    """Counts streams; `has_served` once one has come to its end."""

    def __init__(self, limits: LimitsConfig) -> None:
        self.is_draining = False
        self.has_served = False
        self.open: set[Stream] = set()
        self._key_rate = HandshakeRate()
        self._address_rate = HandshakeRate()
        self._empty = asyncio.Event()
        self._empty.set()
        self.limit_to(limits)

    @property
    def limit(self) -> int:
        """Most streams at once."""
        return self._limits.streams

    @property
    def free(self) -> int:
        """How many more may be opened now; a limit that was lowered ends no stream."""
        return max(0, self.limit - len(self.open))

    def limit_to(self, limits: LimitsConfig) -> None:
        """Hold streams that come from now on to these limits."""
        self._limits = limits
        metrics.STREAMS_LIMIT.set(limits.streams)

    def knock(self, address: str | None) -> None:
        """Raise Overloaded when an address makes too many handshakes, whatever it has to show."""
        per_minute = self._limits.address_handshakes_per_minute
        if address is not None and per_minute is not None:
            _take(self._address_rate, holder(address), per_minute, "address_rate")

    def admit(self, key: Key | None, address: str | None) -> None:
        """Raise Unavailable or Overloaded when no stream may be added, or none for this client."""
        if self.is_draining:
            raise Unavailable("draining")
        if key is not None:
            self._admit_key(key)
        if address is not None:
            self._admit_address(holder(address))
        if not self.free:
            raise Overloaded("capacity")

    def _admit_key(self, key: Key) -> None:
        if key.handshakes_per_minute is not None:
            _take(self._key_rate, key.id, key.handshakes_per_minute, "key_rate")
        if key.streams is not None:
            its_streams = sum(stream.key_id == key.id for stream in self.open)
            if its_streams >= key.streams:
                raise Overloaded("key_streams")

    def _admit_address(self, client: str) -> None:
        most = self._limits.address_streams
        addresses = [stream.address for stream in self.open if stream.address]
        if most is not None and sum(holder(one) == client for one in addresses) >= most:
            raise Overloaded("address_streams")

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


def _take(rate: HandshakeRate, name: str, per_minute: int, reason: str) -> None:
    wait_s = rate.take(name, per_minute, time.monotonic())
    if wait_s > 0:
        raise Overloaded(reason, {"Retry-After": str(math.ceil(wait_s))})
