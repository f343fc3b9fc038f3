"""Any sample rate to 16 kHz, as a stream.

soxr compensates its filter's delay: output sample n lies at n / 16000 s of the input.
"""

import numpy as np
import soxr

from lwd.audio.decode import Frames

SAMPLE_RATE = 16_000
"""What Whisper, the speech detector and everything after this package work at."""


class Resampler:
    """One stream at `sample_rate` in, the same at 16 kHz out; however the input is split.

    Over the whole stream n frames become n * 16000 / sample_rate, rounded half up. soxr works in
    blocks: until the next one is full it holds back up to 40 ms of 44.1 kHz, 115 ms of 8 kHz.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._stream = (
            None
            if sample_rate == SAMPLE_RATE
            else soxr.ResampleStream(sample_rate, SAMPLE_RATE, channels, dtype="float32")
        )
        self._end: Frames = np.zeros((0, channels), dtype=np.float32)

    def feed(self, frames: Frames) -> Frames:
        """What `frames`, shape (n, channels), completes."""
        return self._convert(frames, last=False)

    def flush(self) -> Frames:
        """What soxr held back; the last call."""
        return self._convert(self._end, last=True)

    def _convert(self, frames: Frames, *, last: bool) -> Frames:
        if self._stream is None:
            return frames
        converted: Frames = self._stream.resample_chunk(np.ascontiguousarray(frames), last=last)
        # The filter overshoots at full scale.
        return np.clip(converted, -1.0, 1.0, out=converted)
