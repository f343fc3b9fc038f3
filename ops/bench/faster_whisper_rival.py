"""faster-whisper, in the child process that measures it."""

import time

from faster_whisper import WhisperModel

from lwd.asr.types import Samples


class FasterWhisper:
    """One model on the CPU: beam 1, everything else as faster-whisper has it."""

    def __init__(self, directory: str, compute_type: str, threads: int) -> None:
        self._model = WhisperModel(
            directory, device="cpu", compute_type=compute_type, cpu_threads=threads
        )

    def transcribe(self, samples: Samples) -> tuple[float, str]:
        """Seconds and text of English."""
        started_s = time.perf_counter()
        segments, _ = self._model.transcribe(samples, language="en", beam_size=1)
        text = "".join(segment.text for segment in segments)
        return time.perf_counter() - started_s, text


load = FasterWhisper
