"""Where speech begins and ends, from speech probabilities. Pure.

Time is counted in samples (16 kHz) of the stream. One probability stands for one frame of audio,
in order; how the audio arrived in bytes makes no difference.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lwd.asr.types import SAMPLE_RATE
from lwd.stream.window import Span, covered

UNENDED_PAUSE_MS = 1000
"""With endpointing off, the silence after which speech is transcribed all the same."""


@dataclass(frozen=True, slots=True)
class SegmenterSettings:
    """Thresholds; see the `vad` section of the configuration.

    `endpointing_ms` is the client's: silence that ends an utterance, or None for never. Less than
    `min_silence_ms` is no silence. In longer silence a result is due every `silent_window_s`.
    """

    endpointing_ms: int | None
    silent_window_s: float
    speech_threshold: float
    silence_threshold: float
    min_speech_ms: int
    min_silence_ms: int
    frame_samples: int


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began at `at`; it is known only some frames later."""

    at: int


@dataclass(frozen=True, slots=True)
class WindowEnded:
    """All audio before `end` should get its final: there is silence, or was for long.

    `is_endpoint` when that ends an utterance for the client.
    """

    end: int
    is_endpoint: bool


SegmentEvent = SpeechStarted | WindowEnded


class Segmenter:
    """Follows one channel."""

    def __init__(self, settings: SegmenterSettings) -> None:
        self._settings = settings
        self._now = 0
        self._last_end = 0
        self._candidate: int | None = None
        self._is_speaking = False
        self._spans: list[Span] = []
        self._min_speech = _samples(settings.min_speech_ms)
        self._min_silence = _samples(settings.min_silence_ms)
        pause_ms = settings.endpointing_ms
        # Speech ended somewhere in its last frame: silence is known to the nearest frame.
        pause = _samples(UNENDED_PAUSE_MS if pause_ms is None else pause_ms)
        self._pause = max(pause - settings.frame_samples // 2, self._min_silence)
        self._silent_window = int(settings.silent_window_s * SAMPLE_RATE)

    def feed(self, probabilities: Iterable[float]) -> Iterator[SegmentEvent]:
        """Take the next frames' speech probabilities; what they show."""
        for probability in probabilities:
            self._now += self._settings.frame_samples
            if self._is_speaking:
                yield from self._in_speech(probability)
            else:
                yield from self._in_silence(probability)

    @property
    def hesitation(self) -> int:
        """Samples since the last speech while it may still go on; 0 in speech and after its end."""
        return self._now - self._spans[-1][1] if self._is_speaking else 0

    @property
    def has_paused(self) -> bool:
        """Whether there is enough silence to expect the end of what is being said."""
        return self.hesitation >= self._min_silence

    def speech(self, start: int, end: int) -> list[Span]:
        """When somebody spoke in [start, end); silences shorter than `min_silence_ms` count too."""
        return covered(self._spans, (start, end))

    def forget_before(self, sample: int) -> None:
        """Drop what is known of audio that has its final."""
        self._spans = [
            span
            for n, span in enumerate(self._spans, 1)
            if span[1] > sample or (self._is_speaking and n == len(self._spans))
        ]

    def end_window(self, end: int) -> None:
        """Tell of a window that ended for another reason, such as Finalize."""
        self._last_end = max(self._last_end, end)

    def _in_silence(self, probability: float) -> Iterator[SegmentEvent]:
        if probability < self._settings.speech_threshold:
            self._candidate = None
        else:
            if self._candidate is None:
                self._candidate = self._now - self._settings.frame_samples
            if self._now - self._candidate >= self._min_speech:
                self._is_speaking = True
                self._spans.append((self._candidate, self._now))
                yield SpeechStarted(self._candidate)
                self._candidate = None
                return
        if self._now - self._last_end >= self._silent_window:
            yield self._window_ended()

    def _in_speech(self, probability: float) -> Iterator[SegmentEvent]:
        if probability >= self._settings.silence_threshold:
            if self.has_paused:
                self._spans.append((self._now - self._settings.frame_samples, self._now))
            self._spans[-1] = self._spans[-1][0], self._now
        elif self.hesitation >= self._pause:
            self._is_speaking = False
            yield self._window_ended()

    def _window_ended(self) -> WindowEnded:
        self._last_end = self._now
        return WindowEnded(self._now, is_endpoint=self._settings.endpointing_ms is not None)


def _samples(milliseconds: int) -> int:
    return milliseconds * SAMPLE_RATE // 1000
