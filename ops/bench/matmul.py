"""MLX's matrix product, and lwd's encoder, in the child process that measures them."""

import time
from collections.abc import Sequence
from pathlib import Path

import mlx.core as mx

from lwd.asr.mlx.model import WhisperModel
from lwd.asr.mlx.weights import load_whisper


class Matmul:
    """Seconds of one piece of work, nothing else."""

    def __init__(self, weights_file: str, heads: Sequence[tuple[int, int]] | None) -> None:
        self._model = WhisperModel(load_whisper(Path(weights_file)), heads)

    def multiply(self, size: int) -> float:
        """The product of two squares."""
        a, b = mx.random.normal((size, size)), mx.random.normal((size, size))
        mx.eval(a, b)
        started_s = time.perf_counter()
        mx.eval(a @ b)
        return time.perf_counter() - started_s

    def encode(self, positions: int) -> float:
        """One window, and what the decoder attends to."""
        mel = mx.random.normal((1, 2 * positions, self._model.dims.n_mels))
        mx.eval(mel)
        started_s = time.perf_counter()
        audio = self._model.attend(self._model.encode(mel))
        mx.eval(*audio.keys, *audio.values)
        return time.perf_counter() - started_s


load = Matmul
