"""From windows of audio to what the decoder sees of them: log-mel, encoder, language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import mlx.core as mx
import numpy as np

from lwd.asr.mlx.decode import Decoder
from lwd.asr.mlx.model import AudioCache, WhisperModel
from lwd.asr.mlx.stopwatch import Stopwatch
from lwd.asr.types import IsWanted, Job
from lwd.audio.mel import log_mel


@dataclass(frozen=True, slots=True)
class Windows:
    """Jobs with what the decoder sees of their audio, row by row, and their languages.

    A language comes with its probability, 1 where it was given.
    """

    jobs: Sequence[Job]
    audio: AudioCache
    languages: Sequence[tuple[str, float]]


class Ear:
    """Hears windows with one model, which knows these languages."""

    def __init__(
        self,
        model: WhisperModel,
        decoder: Decoder,
        languages: Sequence[str],
        stopwatch: Stopwatch,
    ) -> None:
        self._model = model
        self._decoder = decoder
        self._languages = languages
        self._stopwatch = stopwatch
        # On a CPU the attention scores of several windows do not fit into the cache.
        self._at_once = 1 if mx.default_device() == mx.Device(mx.cpu) else None

    def hear(self, jobs: Sequence[tuple[int, Job]], is_wanted: IsWanted) -> Windows:
        """Encode each job on its context; those that are no longer wanted are left off."""
        heard: list[Job] = []
        parts: list[AudioCache] = []
        by_context = sorted(jobs, key=itemgetter(0))
        for context, group in groupby(by_context, key=itemgetter(0)):
            for some in self._portions([job for _, job in group]):
                if wanted := [job for job in some if is_wanted(job)]:
                    heard += wanted
                    parts.append(self._encode(wanted, context))
        if not parts:
            return Windows([], AudioCache([], [], []), [])
        audio = AudioCache.join(parts)
        return Windows(heard, audio, self._tell_languages(heard, audio))

    def _portions(self, jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
        size = self._at_once or len(jobs)
        return (jobs[i : i + size] for i in range(0, len(jobs), size))

    def _encode(self, jobs: Sequence[Job], context: int) -> AudioCache:
        n_mels = self._model.dims.n_mels
        with self._stopwatch.time("mel"):
            mels = [log_mel(job.samples, n_mels=n_mels, n_frames=2 * context) for job in jobs]
        with self._stopwatch.time("encoder"):
            audio = self._model.attend(self._model.encode(mx.array(np.stack(mels))))
            mx.eval(*audio.keys, *audio.values)
        return audio

    def _tell_languages(self, jobs: Sequence[Job], audio: AudioCache) -> list[tuple[str, float]]:
        if len(self._languages) == 1:
            return [(self._languages[0], 1.0)] * len(jobs)
        given = [
            job.hints.language if job.hints.language in self._languages else None for job in jobs
        ]
        if None not in given:
            return [(language, 1.0) for language in given if language]
        with self._stopwatch.time("decoder"):
            among = [job.hints.languages or self._languages for job in jobs]
            detected = self._decoder.detect_languages(audio, among)
        return [(a, 1.0) if a else d for a, d in zip(given, detected, strict=True)]
