"""Kills an engine that says nothing for too long, or that is at one batch for too long.

A timer that is late tells that the daemon itself was held up or stopped, or that the machine slept:
it heard nobody then, and begins to watch anew.
"""

import asyncio
import time
from collections.abc import Callable

from lwd.asr.settings import EngineSettings

_HELD_UP_S = 1.0


class Watchdog:
    """Watches one engine. `reason` says why it was killed, and when; None while it was not."""

    def __init__(self, settings: EngineSettings, kill: Callable[[], None]) -> None:
        self.reason: str | None = None
        self.killed_at_s: float | None = None
        self._settings = settings
        self._kill = kill
        self._silence: asyncio.TimerHandle | None = None
        self._batch: asyncio.TimerHandle | None = None

    def heard(self) -> None:
        """The engine said something."""
        _cancel(self._silence)
        timeout_s = self._settings.heartbeat_timeout_s
        reason = f"silent for engine.heartbeat_timeout_s ({timeout_s:g} s)"
        self._silence = self._kill_later(timeout_s, reason, self.heard)

    def batch_began(self) -> None:
        """The engine has turned to a batch."""
        self.batch_ended()
        deadline_s = self._settings.deadline_s
        reason = f"a batch took longer than engine.deadline_s ({deadline_s:g} s)"
        self._batch = self._kill_later(deadline_s, reason, self.batch_began)

    def batch_ended(self) -> None:
        """The engine is idle."""
        _cancel(self._batch)

    def stop(self) -> None:
        """Watch no longer."""
        _cancel(self._silence)
        _cancel(self._batch)

    def _kill_later(
        self, delay_s: float, reason: str, watch_anew: Callable[[], None]
    ) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + delay_s

        def give_up() -> None:
            if loop.time() > due_s + _HELD_UP_S:
                watch_anew()
                return
            self.reason = reason
            self.killed_at_s = time.monotonic()
            self._kill()

        return loop.call_at(due_s, give_up)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
