"""Ends the daemon when it does nothing any more, so that whoever keeps it starts it anew.

A thread asks the event loop for a sign of life every second. Seconds are counted, not measured: a
process that was stopped as a whole, or a machine that slept, has missed none.
"""

import asyncio
import faulthandler
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

import structlog

from lwd import metrics
from lwd.errors import EngineUnavailable

_TICK_S = 1.0
_LAST_WORDS_S = 1.0

log = structlog.get_logger()


class StallWatch:
    """Watches one event loop, and what else may have come to a standstill."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout_s: float) -> None:
        self._loop = loop
        self._timeout_s = timeout_s
        self._answered = True
        self._stopped = threading.Event()

    @contextmanager
    def watching(self, is_stuck: Callable[[], bool]) -> Iterator[None]:
        """Watch until the block is left; `is_stuck` is asked in the thread, and must be quick."""
        thread = threading.Thread(target=self._watch, args=(is_stuck,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()

    def _watch(self, is_stuck: Callable[[], bool]) -> None:
        silent_s = 0.0
        while not self._stopped.wait(_TICK_S):
            silent_s = 0.0 if self._answered else silent_s + _TICK_S
            if silent_s >= self._timeout_s:
                give_up("the event loop")
            if is_stuck():
                give_up("an engine that was killed")
            if self._answered:
                self._ask()

    def _ask(self) -> None:
        self._answered = False
        with suppress(RuntimeError):  # the loop is closed: the daemon ends
            self._loop.call_soon_threadsafe(self._answer, monotonic())

    def _answer(self, asked_at_s: float) -> None:
        metrics.LOOP_LAG.observe(monotonic() - asked_at_s)
        self._answered = True


def give_up(what: str) -> None:
    """End this process, telling where each of its threads is."""
    with suppress(OSError, ValueError):
        faulthandler.dump_traceback(all_threads=True)
    # What is stuck may hold the lock of the log.
    telling = threading.Thread(target=lambda: log.error("stalled", what=what), daemon=True)
    telling.start()
    telling.join(_LAST_WORDS_S)
    os._exit(EngineUnavailable.exit_code)
