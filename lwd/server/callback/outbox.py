"""Messages that wait for their delivery: in order, so many and no more, each for so long.

Knows nothing of how they are delivered.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from lwd.server.callback.ledger import Fate, Ledger


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and until when it is worth delivering, by the monotonic clock."""

    text: str
    expires_s: float

    @property
    def left_s(self) -> float:
        """How long is left to deliver it."""
        return self.expires_s - time.monotonic()


class Outbox:
    """The messages of one stream, taken by iterating, which ends once it is closed and empty."""

    def __init__(self, ledger: Ledger, limit: int, keep_s: float) -> None:
        self._ledger = ledger
        self._limit = limit
        self._keep_s = keep_s
        self._letters: asyncio.Queue[Letter | None] = asyncio.Queue()

    def put(self, text: str, *, is_interim: bool) -> None:
        """Add a message, or drop it where too many wait.

        Interims, which the next result replaces, leave half of the room to the others.
        """
        limit = self._limit // 2 if is_interim else self._limit
        if self._letters.qsize() >= limit:
            self._ledger.record(Fate.DROPPED)
        else:
            self._letters.put_nowait(Letter(text, time.monotonic() + self._keep_s))

    def close(self) -> None:
        """Say that no more will come."""
        self._letters.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Letter]:
        """Each message when there is one."""
        while (letter := await self._letters.get()) is not None:
            yield letter
