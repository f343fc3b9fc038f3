"""The spectrogram that Whisper was trained on."""

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.mlx.lightning import submodule
from lwd.audio.mel import log_mel


def sweep(seconds: float) -> np.ndarray:
    """A tone that rises through the speech band, with a little noise."""
    at = np.arange(round(seconds * 16_000)) / 16_000
    noise = np.random.default_rng(5).normal(0, 0.01, len(at))
    return np.asarray(0.3 * np.sin(2 * np.pi * (200 + 400 * at) * at) + noise, dtype=np.float32)


@pytest.mark.parametrize("n_mels", [80, 128])
def test_it_is_the_reference_implementations(n_mels: int) -> None:
    """lightning-whisper-mlx, which pads with silence to the full length, gives the same."""
    audio = sweep(3.0)
    reference = submodule("audio")
    expected = reference.log_mel_spectrogram(
        reference.pad_or_trim(mx.array(audio), 10 * 16_000), n_mels=n_mels
    )

    mel = log_mel(audio, n_mels=n_mels, n_frames=1000)

    np.testing.assert_allclose(mel, np.asarray(expected), atol=2e-3)


@given(st.integers(0, 5_000), st.integers(1, 40))
def test_any_length_gives_the_frames_asked_for(n_samples: int, n_frames: int) -> None:
    """Audio is cut or filled with silence, and nothing is infinite."""
    mel = log_mel(np.zeros(n_samples, dtype=np.float32), n_mels=80, n_frames=n_frames)

    assert mel.shape == (n_frames, 80)
    assert np.isfinite(mel).all()
