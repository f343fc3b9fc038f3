"""What one stream's results came to: how many of each type, and how late.

Goes into the metrics as it happens, and into the log at the end. Knows no clock, and nothing of
what the results say.
"""

import math
from collections import Counter, deque
from typing import Literal

from lwd import metrics
from lwd.stream.events import SpeechBegan, StreamEvent, Transcribed

ResultType = Literal["interim", "final", "speech_started", "utterance_end"]

_REMEMBERED = 1000
"""Latest finals of whose latency the log tells: a stream may go on for days."""


class Tally:
    """Counts what a client is told of its speech."""

    def __init__(self) -> None:
        self.first_result_s: float | None = None
        self._counts: Counter[ResultType] = Counter()
        self._first_audio_at_s: float | None = None
        self._latencies_s: deque[float] = deque(maxlen=_REMEMBERED)

    def audio_came(self, now_s: float) -> None:
        """Note when the first audio came."""
        if self._first_audio_at_s is None:
            self._first_audio_at_s = now_s

    def tell(self, event: StreamEvent, now_s: float) -> None:
        """Count an event that the client is told of."""
        kind = _type(event)
        self._counts[kind] += 1
        metrics.RESULTS.labels(kind).inc()
        if isinstance(event, Transcribed):
            self._time(event, now_s)

    def count(self, kind: ResultType) -> int:
        """How many results of a type there were."""
        return self._counts[kind]

    def final_latency_s(self, share: float) -> float | None:
        """What this share of the finals was no later than; None where none was waited for."""
        latencies_s = sorted(self._latencies_s)
        if not latencies_s:
            return None
        return round(latencies_s[math.ceil(share * len(latencies_s)) - 1], 3)

    def _time(self, event: Transcribed, now_s: float) -> None:
        if event.is_final and event.asked_at_s is not None:
            self._latencies_s.append(now_s - event.asked_at_s)
        if self.first_result_s is None and self._first_audio_at_s is not None:
            self.first_result_s = round(now_s - self._first_audio_at_s, 3)
            metrics.FIRST_RESULT.observe(self.first_result_s)


def _type(event: StreamEvent) -> ResultType:
    match event:
        case Transcribed(is_final=is_final):
            return "final" if is_final else "interim"
        case SpeechBegan():
            return "speech_started"
        case _:
            return "utterance_end"
