"""Whisper's log-mel spectrogram in numpy.

Follows section 2.2 of https://arxiv.org/abs/2212.04356: 25 ms Hann windows every 10 ms, 80 or 128
mel bands, log10 clamped to 8 below the window's maximum, scaled to about [-1, 1].
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lwd.audio.assets import asset

HOP_LENGTH = 160
"""Samples between two mel frames."""

_N_FFT = 400
_FLOOR = 1e-10
_DYNAMIC_RANGE = 8.0


def log_mel(samples: NDArray[np.float32], *, n_mels: int, n_frames: int) -> NDArray[np.float32]:
    """Spectrogram of `samples` (16 kHz, shape (n,)) as (n_frames, n_mels).

    Frames past the end of the audio hold silence; audio past `n_frames` is left out.
    """
    audio = samples[: n_frames * HOP_LENGTH]
    frames = min(n_frames, len(audio) // HOP_LENGTH + 2)
    left = _N_FFT // 2
    padded = np.zeros(frames * HOP_LENGTH + _N_FFT, dtype=np.float32)
    padded[left : left + len(audio)] = audio[: len(padded) - left]
    head = audio[1 : left + 1][::-1]
    padded[left - len(head) : left] = head

    windows = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::HOP_LENGTH][:frames]
    power = np.abs(np.fft.rfft(windows * _hann(), axis=1)) ** 2
    mel = np.full((n_frames, n_mels), np.log10(_FLOOR), dtype=np.float32)
    mel[:frames] = np.log10(np.maximum(power @ _filters(n_mels).T, _FLOOR))
    np.maximum(mel, mel.max() - _DYNAMIC_RANGE, out=mel)
    mel += 4.0
    mel /= 4.0
    return mel


@cache
def _hann() -> NDArray[np.float32]:
    return np.hanning(_N_FFT + 1)[:-1].astype(np.float32)


@cache
def _filters(n_mels: int) -> NDArray[np.float32]:
    """The filterbank that Whisper was trained with, (n_mels, 201), from lightning-whisper-mlx."""
    with np.load(asset("lightning_whisper_mlx", "assets", "mel_filters.npz")) as filters:
        return np.asarray(filters[f"mel_{n_mels}"], dtype=np.float32)
