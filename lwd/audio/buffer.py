"""The part of a channel's audio that still waits for its final, addressed by stream position."""

from collections import deque

import numpy as np
from numpy.typing import NDArray


class SampleBuffer:
    """Samples [start, end) of one channel; positions count from the stream's first sample."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self._blocks: deque[NDArray[np.float32]] = deque()

    def append(self, samples: NDArray[np.float32]) -> None:
        """Add the next samples."""
        self._blocks.append(samples)
        self.end += len(samples)

    def read(self, start: int, end: int) -> NDArray[np.float32]:
        """Samples [start, end), which must be in the buffer."""
        if len(self._blocks) > 1:
            self._blocks = deque([np.concatenate(self._blocks)])
        if not self._blocks:
            return np.zeros(0, dtype=np.float32)
        return self._blocks[0][start - self.start : end - self.start]

    def drop_before(self, position: int) -> None:
        """Forget samples before `position`."""
        while self._blocks and self.start < position:
            block = self._blocks.popleft()
            dropped = min(len(block), position - self.start)
            self.start += dropped
            if dropped < len(block):
                # A copy, so that the dropped part's memory is freed.
                self._blocks.appendleft(block[dropped:].copy())
