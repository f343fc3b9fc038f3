"""The engine on MLX: from windows of audio to hypotheses."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from lwd.asr.mlx.align import token_starts
from lwd.asr.mlx.decode import Decoded, GreedyDecoder, detect_languages
from lwd.asr.mlx.model import SAMPLES_PER_POSITION, CrossAttention, WhisperModel, load_model
from lwd.asr.mlx.vocabulary import Vocabulary
from lwd.asr.types import SAMPLE_RATE, Hypothesis, Job, JobKind, Samples, Word
from lwd.audio.mel import log_mel

POSITION_S = SAMPLES_PER_POSITION / SAMPLE_RATE
"""Seconds of audio for one encoder position."""

CONTEXTS = (500, 750, 1000, 1500)
"""Encoder lengths in use, in positions: few shapes keep MLX's caches small."""

_SLACK_POSITIONS = 128
_FINAL_FLOOR_POSITIONS = 750
_FULL_CONTEXT = CONTEXTS[-1]
_MAX_TOKENS = 220
_TOKENS_PER_S = 12
_SPARE_TOKENS = 16
_MAX_COMPRESSION_RATIO = 2.4
_NO_SPEECH_PROBABILITY = 0.6
_NO_SPEECH_LOG_PROBABILITY = -1.0
_CACHE_LIMIT_BYTES = 512 << 20


class MlxEngine:
    """Transcribes with one Whisper model."""

    def __init__(
        self,
        weights_file: Path,
        *,
        alignment_heads: Sequence[tuple[int, int]] | None,
        word_timestamps: bool,
    ) -> None:
        mx.set_cache_limit(_CACHE_LIMIT_BYTES)
        self.model: WhisperModel = load_model(weights_file, alignment_heads)
        self._vocabulary = Vocabulary(
            is_multilingual=self.model.is_multilingual, n_languages=self.model.n_languages
        )
        self._decoder = GreedyDecoder(self.model, self._vocabulary)
        self._word_timestamps = word_timestamps

    @property
    def languages(self) -> tuple[str, ...]:
        """Whisper codes of the languages that the model knows."""
        return self._vocabulary.languages

    def warm_up(self) -> None:
        """Run each context once on silence."""
        for context in CONTEXTS:
            seconds = (context - _SLACK_POSITIONS) * POSITION_S
            silence = np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32)
            list(self._run([Job(0, None, JobKind.INTERIM, silence, "en")], context, limit=2))

    def transcribe(self, batch: Sequence[Job]) -> Iterator[tuple[Job, Hypothesis]]:
        """Yield each job as soon as it is done; a runaway final is decoded again, in full context."""
        context = max(_context(job) for job in batch)
        runaway = []
        for job, decoded, language in self._run(batch, context):
            if job.kind is JobKind.FINAL and context < _FULL_CONTEXT and self._runs_away(decoded):
                runaway.append(job)
            else:
                yield job, self._hypothesis(job, decoded, language)
        if runaway:
            for job, decoded, language in self._run(runaway, _FULL_CONTEXT):
                yield job, self._hypothesis(job, decoded, language)

    def memory_bytes(self) -> dict[str, int]:
        """MLX's active, cached and peak memory."""
        return {
            "active": mx.get_active_memory(),
            "cache": mx.get_cache_memory(),
            "peak": mx.get_peak_memory(),
        }

    def _run(
        self, batch: Sequence[Job], context: int, limit: int = _MAX_TOKENS
    ) -> Iterator[tuple[Job, Decoded, str]]:
        n_mels = self.model.dims.n_mels
        mel = np.stack([log_mel(job.samples, n_mels=n_mels, n_frames=2 * context) for job in batch])
        audio = self.model.attend(self.model.encode(mx.array(mel)))
        languages = self._languages(batch, audio)
        limits = [min(limit, _SPARE_TOKENS + int(job.duration_s * _TOKENS_PER_S)) for job in batch]
        for decoded in self._decoder.decode(audio, languages, limits):
            yield batch[decoded.row], decoded, languages[decoded.row]

    def _languages(self, batch: Sequence[Job], audio: CrossAttention) -> list[str]:
        known = self._vocabulary.languages
        asked = [job.language if job.language in known else None for job in batch]
        if len(known) == 1:
            return [known[0]] * len(batch)
        if None not in asked:
            return [language for language in asked if language]
        detected = detect_languages(self.model, self._vocabulary, audio)
        return [a or d for a, d in zip(asked, detected, strict=True)]

    def _runs_away(self, decoded: Decoded) -> bool:
        text = self._vocabulary.text(decoded.tokens).encode()
        ratio = len(text) / len(zlib.compress(text)) if text else 0.0
        return decoded.is_cut_short or ratio > _MAX_COMPRESSION_RATIO

    def _hypothesis(self, job: Job, decoded: Decoded, language: str) -> Hypothesis:
        heard_nothing = (
            decoded.no_speech_probability > _NO_SPEECH_PROBABILITY
            and decoded.average_log_probability < _NO_SPEECH_LOG_PROBABILITY
        )
        return Hypothesis(
            words=() if heard_nothing else tuple(self._words(job.samples, decoded, language)),
            language=language,
            no_speech_probability=decoded.no_speech_probability,
            average_log_probability=decoded.average_log_probability,
        )

    def _words(self, samples: Samples, decoded: Decoded, language: str) -> Iterator[Word]:
        if not decoded.tokens:
            return
        duration_s = len(samples) / SAMPLE_RATE
        starts = self._token_times_s(decoded, duration_s)
        probabilities = np.exp(decoded.log_probabilities)
        for word in self._vocabulary.split_words(decoded.tokens, language):
            yield Word(
                word.text,
                float(starts[word.first]),
                float(starts[word.end]),
                float(probabilities[word.first : word.end].mean()),
            )

    def _token_times_s(self, decoded: Decoded, duration_s: float) -> NDArray[np.float64]:
        """Start of each token and end of the last, in seconds from the window's start."""
        n = len(decoded.tokens)
        if not self._word_timestamps:
            return np.linspace(0.0, duration_s, n + 1)
        positions = max(1, round(duration_s / POSITION_S))
        attention = np.stack(decoded.attention)[:, :, :positions]
        if len(attention) == n:
            # Cut short: the end token was never reached, so the audio's end stands for it.
            starts = np.append(token_starts(attention), positions)
        else:
            starts = token_starts(attention)
        return np.minimum(starts * POSITION_S, duration_s)


def _context(job: Job) -> int:
    """The encoder length for a window: its own with slack, rounded up; longer for finals.

    A cut window often ends inside a word, and there a short context costs the most accuracy.
    """
    if job.kind is JobKind.CUT:
        return _FULL_CONTEXT
    needed = len(job.samples) // SAMPLES_PER_POSITION + _SLACK_POSITIONS
    if job.kind is JobKind.FINAL:
        needed = max(needed, _FINAL_FLOOR_POSITIONS)
    return next((context for context in CONTEXTS if context >= needed), _FULL_CONTEXT)
