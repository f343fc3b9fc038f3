"""Where a recording is cut: at its pauses, from speech probabilities. Pure.

Time is counted in samples (16 kHz) of the recording. One probability stands for one frame.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SAMPLE_RATE = 16_000

Span = tuple[int, int]
"""Samples [start, end) of the recording."""


@dataclass(frozen=True, slots=True)
class CutSettings:
    """A piece ends at a pause of `pause_s`, and has at most `longest_s`, several seconds.

    Up to half a pause of silence before and after its speech belongs to it: Whisper hears better
    what it hears begin and end. Speech shorter than `shortest_s` in all makes no piece.
    """

    frame_samples: int
    longest_s: float = 28.0
    pause_s: float = 2.0
    shortest_s: float = 0.1
    speech_threshold: float = 0.5
    silence_threshold: float = 0.35


class Cutter:
    """Follows one recording. Pieces come in order, never overlap, and hold all speech."""

    def __init__(self, settings: CutSettings) -> None:
        self._settings = settings
        self._longest = self._frames(settings.longest_s)
        self._pause = self._frames(settings.pause_s)
        self._margin = self._frames(settings.pause_s / 2)
        self._open: list[float] = []
        self._start = 0
        self._earliest = 0
        self._now = 0

    def feed(self, probabilities: Iterable[float]) -> Iterator[Span]:
        """Take the next frames' speech probabilities; the pieces that they complete."""
        for probability in probabilities:
            self._now += 1
            if self._open or probability >= self._settings.speech_threshold:
                self._take(probability)
                yield from self._cut()

    def finish(self) -> Iterator[Span]:
        """No audio will follow: the last piece, if there is one."""
        if self._open:
            yield from self._close(self._speech_end())

    @property
    def needed_from(self) -> int:
        """Audio before this sample belongs to no piece to come."""
        first = self._start if self._open else max(self._earliest, self._now - self._margin)
        return first * self._settings.frame_samples

    def _take(self, probability: float) -> None:
        if not self._open:
            self._start = max(self._earliest, self._now - 1 - self._margin)
            self._open = [0.0] * (self._now - 1 - self._start)
        self._open.append(probability)

    def _cut(self) -> Iterator[Span]:
        end = self._speech_end()
        if len(self._open) - end >= self._pause:
            yield from self._close(end)
        elif len(self._open) >= self._longest:
            cut = self._best_cut()
            rest = self._open[cut:]
            yield from self._close(cut)
            self._now -= len(rest)
            yield from self.feed(rest)

    def _close(self, end: int) -> Iterator[Span]:
        """End the open piece about `end` of its frames, with a margin where there is silence."""
        n_speech = sum(p >= self._settings.speech_threshold for p in self._open[:end])
        last = self._start + min(end + self._margin, len(self._open))
        if end < self._speech_end():
            last = self._start + end
        frame = self._settings.frame_samples
        if n_speech >= self._frames(self._settings.shortest_s):
            yield self._start * frame, last * frame
        self._earliest = last
        self._open = []

    def _speech_end(self) -> int:
        """How many frames there are up to the last of speech."""
        for n in range(len(self._open), 0, -1):
            if self._open[n - 1] >= self._settings.silence_threshold:
                return n
        return 0

    def _best_cut(self) -> int:
        """The middle of the longest pause in the latter half, else the frame least like speech."""
        best, run = (0, 0), 0
        first = len(self._open) // 2
        for n in range(first, len(self._open)):
            run = run + 1 if self._open[n] < self._settings.silence_threshold else 0
            best = max(best, (run, n + 1 - run // 2))
        if best[0]:
            return best[1]
        return min(range(first, len(self._open)), key=self._open.__getitem__)

    def _frames(self, seconds: float) -> int:
        return max(1, round(seconds * SAMPLE_RATE / self._settings.frame_samples))
