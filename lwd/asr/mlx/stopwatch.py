"""Where the engine's time goes."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Seconds by stage since the start."""

    def __init__(self, *stages: str) -> None:
        self.seconds = dict.fromkeys(stages, 0.0)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add what the block takes."""
        started_s = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - started_s

    def each(self, stage: str, items: Iterable[T]) -> Iterator[T]:
        """Add what it takes to get each item, and not what is done with it."""
        iterator = iter(items)
        while True:
            with self.time(stage):
                item = next(iterator, None)
            if item is None:
                return
            yield item
