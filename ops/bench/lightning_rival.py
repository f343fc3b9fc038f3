"""lightning-whisper-mlx's own transcriber, in the child process that measures it."""

import time

from lightning_whisper_mlx.transcribe import transcribe_audio

from lwd.asr.types import Samples

_BATCH_SIZE = 12
"""The default of LightningWhisperMLX; `transcribe_audio` has none. One window takes no part in it."""


class Lightning:
    """`transcribe_audio` as shipped, in half precision unless told otherwise."""

    def __init__(self, directory: str, half: bool) -> None:
        self._directory, self._half = directory, half

    def transcribe(self, samples: Samples) -> tuple[float, str]:
        """Seconds and text of English."""
        started_s = time.perf_counter()
        text = transcribe_audio(
            samples,
            path_or_hf_repo=self._directory,
            language="en",
            batch_size=_BATCH_SIZE,
            fp16=self._half,
        )["text"]
        return time.perf_counter() - started_s, str(text)


load = Lightning
