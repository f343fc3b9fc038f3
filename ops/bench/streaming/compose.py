"""Calls: recordings joined with natural pauses, in which it is known when each speaker stops."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat

import numpy as np

from corpus import Clip, TimedWord
from lwd.asr.types import SAMPLE_RATE, Samples

_LEAD_IN_S = 0.5
_PAUSE_S = (0.8, 2.5)
"""Shortest and longest time from the end of an utterance to the start of the next."""

_HANG_UP_S = 0.1
"""From the last word to the end of the call: the hardest case of closing."""

_BEFORE_S, _AFTER_S = 0.15, 0.25
"""What is kept of a recording around its speech, so that soft edges are heard."""

_FADE_S = 0.01
_FLOOR = 10 ** (-66 / 20)
"""Noise under the whole call, as RMS: -66 dBFS, a quiet line. Digital silence would be a gift."""

_LEVEL_FRAME_S = 0.01
_SPEECH_LEVEL = 10 ** (-35 / 20)
"""Of the loudest frame. What is above it is taken for speech where no word times are known."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one recording contributes, in seconds of its call. `words` is empty where no times are known."""

    clip_id: str
    text: str
    start_s: float
    end_s: float
    words: tuple[TimedWord, ...]

    def shifted(self, by_s: float) -> "Utterance":
        """The same utterance, later."""
        words = tuple(
            TimedWord(word.text, word.start_s + by_s, word.end_s + by_s) for word in self.words
        )
        return replace(self, start_s=self.start_s + by_s, end_s=self.end_s + by_s, words=words)


@dataclass(frozen=True, slots=True)
class Call:
    """Audio, mono at 16 kHz, and what is said in it."""

    name: str
    samples: Samples
    utterances: tuple[Utterance, ...]

    @property
    def duration_s(self) -> float:
        """Length of the audio."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def text(self) -> str:
        """Everything that is said."""
        return " ".join(utterance.text for utterance in self.utterances)

    def of(self, utterance: Utterance) -> Samples:
        """The audio of one utterance, with a little around it."""
        start, end = utterance.start_s - _BEFORE_S, utterance.end_s + _AFTER_S
        return self.samples[max(0, _at(start)) : _at(end)]


def linear16(samples: Samples) -> bytes:
    """Samples as they go over the wire."""
    return (np.clip(samples, -1, 1) * (2**15 - 1)).astype("<i2").tobytes()


def compose(clips: Sequence[Clip], n: int, seconds: float, seed: int) -> list[Call]:
    """Make `n` calls of about so many seconds; the same seed makes the same calls.

    Clips with word times come first, and none comes twice before all have been heard.
    """
    chance = random.Random(seed)  # noqa: S311 - the same calls every time
    deck = list(clips)
    chance.shuffle(deck)
    deck.sort(key=lambda clip: clip.words_path is None)
    drawn = chain.from_iterable(repeat(deck))
    return [_call(f"call-{number}", drawn, seconds, chance) for number in range(n)]


def join(calls: Sequence[Call], name: str, pause_s: float = 0.0) -> Call:
    """Calls as one, each followed by a pause."""
    pause = np.zeros(_at(pause_s), dtype=np.float32)
    samples: list[Samples] = []
    utterances: list[Utterance] = []
    elapsed = 0
    for call in calls:
        utterances += [said.shifted(elapsed / SAMPLE_RATE) for said in call.utterances]
        samples += [call.samples, pause]
        elapsed += len(call.samples) + len(pause)
    return Call(name, np.concatenate(samples), tuple(utterances))


def spoken_span(samples: Samples, words: Sequence[TimedWord]) -> tuple[float, float]:
    """When speech begins and ends, in seconds: by the words, or else by the level."""
    if words:
        return words[0].start_s, min(words[-1].end_s, len(samples) / SAMPLE_RATE)
    length = _at(_LEVEL_FRAME_S)
    frames = samples[: len(samples) // length * length].reshape(-1, length)
    levels = np.sqrt(np.mean(np.square(frames), axis=1))
    (loud,) = np.nonzero(levels >= levels.max() * _SPEECH_LEVEL)
    return float(loud[0] * _LEVEL_FRAME_S), float((loud[-1] + 1) * _LEVEL_FRAME_S)


def _call(name: str, drawn: Iterator[Clip], seconds: float, chance: random.Random) -> Call:
    """Take clips until the call is long enough."""
    pieces: list[tuple[int, Samples]] = []
    utterances: list[Utterance] = []
    start_s = _LEAD_IN_S
    while not utterances or utterances[-1].end_s < seconds:
        clip = next(drawn)
        samples, words = clip.samples(), clip.words()
        begins_s, ends_s = spoken_span(samples, words)
        at_s = start_s - begins_s
        utterances.append(
            Utterance(clip.clip_id, clip.text, begins_s, ends_s, tuple(words)).shifted(at_s)
        )
        first = max(0, _at(begins_s - _BEFORE_S))
        pieces.append((_at(at_s) + first, _faded(samples[first : _at(ends_s + _AFTER_S)])))
        start_s = utterances[-1].end_s + chance.uniform(*_PAUSE_S)
    length = _at(utterances[-1].end_s + _HANG_UP_S)
    return Call(name, _mixed(pieces, length, chance.randrange(2**32)), tuple(utterances))


def _mixed(pieces: Sequence[tuple[int, Samples]], length: int, seed: int) -> Samples:
    """Pieces at their offsets, over the noise of a quiet line."""
    mixed = np.random.default_rng(seed).normal(0, _FLOOR, length).astype(np.float32)
    for offset, piece in pieces:
        fitting = piece[: max(0, length - offset)]
        mixed[offset : offset + len(fitting)] += fitting
    return mixed


def _faded(samples: Samples) -> Samples:
    """Without a click at either end."""
    ramp = np.linspace(0, 1, min(_at(_FADE_S), len(samples)), dtype=np.float32)
    faded = samples.copy()
    faded[: len(ramp)] *= ramp
    faded[len(faded) - len(ramp) :] *= ramp[::-1]
    return faded


def _at(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
