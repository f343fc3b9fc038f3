"""Where speech begins, ends, and must be cut, from speech probabilities. Pure.

Time is counted in samples (16 kHz) of the stream. One probability stands for one frame of audio,
in order; how the audio arrived in bytes makes no difference.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lwd.asr.types import SAMPLE_RATE

UNENDED_PAUSE_S = 1.0
"""With endpointing off, the silence after which speech is transcribed all the same."""


@dataclass(frozen=True, slots=True)
class SegmenterSettings:
    """Thresholds; see the `vad` section of the configuration.

    `endpointing_ms` is the client's: silence that ends an utterance, or None for never.
    `chunk_s` is the longest stretch without a cut.
    """

    endpointing_ms: int | None
    chunk_s: float
    speech_threshold: float
    silence_threshold: float
    min_speech_ms: int
    hangover_ms: int
    pre_roll_ms: int
    frame_samples: int


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began at `at`; it is known only some frames later."""

    at: int


@dataclass(frozen=True, slots=True)
class WindowEnded:
    """All audio before `end` should get its final.

    `is_endpoint` when the silence before `end` ends an utterance for the client. `is_cut` when
    the speaker goes on and the stretch is just long enough: its last words may wait.
    """

    end: int
    is_endpoint: bool
    is_cut: bool


SegmentEvent = SpeechStarted | WindowEnded


class Segmenter:
    """Follows one channel."""

    def __init__(self, settings: SegmenterSettings) -> None:
        self._settings = settings
        self._now = 0
        self._last_end = 0
        self._candidate: int | None = None
        self._speech_start: int | None = None
        self._speech_end = 0
        self._spans: list[tuple[int, int]] = []
        pause_s = (
            UNENDED_PAUSE_S if settings.endpointing_ms is None else settings.endpointing_ms / 1000
        )
        self._pause = int((pause_s + settings.hangover_ms / 1000) * SAMPLE_RATE)
        self._min_speech = settings.min_speech_ms * SAMPLE_RATE // 1000
        self._pre_roll = settings.pre_roll_ms * SAMPLE_RATE // 1000
        self._chunk = int(settings.chunk_s * SAMPLE_RATE)

    def feed(self, probabilities: Iterable[float]) -> Iterator[SegmentEvent]:
        """Take the next frames' speech probabilities; what they show."""
        for probability in probabilities:
            self._now += self._settings.frame_samples
            if self._speech_start is None:
                yield from self._in_silence(probability)
            else:
                yield from self._in_speech(probability)
            if self._now - self._last_end >= self._chunk:
                yield self._end_window(is_cut=self._speech_start is not None)

    def speech_between(self, start: int, end: int) -> tuple[int, int] | None:
        """The part of [start, end) from the first to the last speech in it, with some margin.

        None when nobody spoke there.
        """
        spans = [*self._spans]
        if self._speech_start is not None:
            spans.append((self._speech_start, self._speech_end))
        heard = [(a, b) for a, b in spans if b > start and a < end]
        if not heard:
            return None
        # As much after as before: a word's last sound is as soft as its first.
        return (
            max(start, heard[0][0] - self._pre_roll),
            min(end, heard[-1][1] + self._pre_roll),
        )

    def forget_before(self, sample: int) -> None:
        """Drop what is known of audio that has its final."""
        self._spans = [span for span in self._spans if span[1] > sample]

    def end_window(self, end: int) -> None:
        """Tell of a window that ended for another reason, such as Finalize."""
        self._last_end = end

    def _in_silence(self, probability: float) -> Iterator[SegmentEvent]:
        if probability < self._settings.speech_threshold:
            self._candidate = None
            return
        if self._candidate is None:
            self._candidate = self._now - self._settings.frame_samples
        if self._now - self._candidate >= self._min_speech:
            self._speech_start, self._candidate = self._candidate, None
            self._speech_end = self._now
            yield SpeechStarted(self._speech_start)

    def _in_speech(self, probability: float) -> Iterator[SegmentEvent]:
        if probability >= self._settings.silence_threshold:
            self._speech_end = self._now
        elif self._now - self._speech_end >= self._pause and self._speech_start is not None:
            self._spans.append((self._speech_start, self._speech_end))
            self._speech_start = None
            yield self._end_window(is_cut=False)

    def _end_window(self, *, is_cut: bool) -> WindowEnded:
        self._last_end = self._now
        is_endpoint = not is_cut and self._settings.endpointing_ms is not None
        return WindowEnded(self._now, is_endpoint, is_cut)
