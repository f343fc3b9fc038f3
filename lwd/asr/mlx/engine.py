"""The engine on MLX: from windows of audio to hypotheses.

A window is first decoded greedily on a short audio context. An interim is told as it comes. What
closes speech is decoded again when a guard or the text itself raises an alarm: greedily on a longer
context, then at several temperatures at once (section 4.5 of the Whisper paper).
"""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import mlx.core as mx
import numpy as np

from lwd.asr.mlx import memory
from lwd.asr.mlx.context import CONTEXTS, FULL_CONTEXT, context_for, roomier
from lwd.asr.mlx.decode import Decoder
from lwd.asr.mlx.guards import Alarm, is_silence, is_surely_silence, judge, max_tokens
from lwd.asr.mlx.hear import Ear, Windows
from lwd.asr.mlx.model import WhisperModel
from lwd.asr.mlx.row import Decoded, Request
from lwd.asr.mlx.shortlist import Shortlist, commonest
from lwd.asr.mlx.stopwatch import Stopwatch
from lwd.asr.mlx.vocabulary import Vocabulary
from lwd.asr.mlx.weights import load_whisper
from lwd.asr.mlx.words import Alignment, words
from lwd.asr.types import SAMPLE_RATE, Hints, Hypothesis, IsWanted, Job, JobKind

_TEMPERATURES = (0.2, 0.6, 1.0)
_WAITED_FOR = (JobKind.FINAL,)
"""A caller is better off with a doubtful text now than with a little less doubtful one later."""

_LIVE = (JobKind.FINAL, JobKind.CUT, JobKind.PAUSE)
"""What is merely doubtful is heard twice at most, and sampled only in recordings."""

_PATIENCE_S = 0.35
"""Where it takes longer to encode a window, a caller would wait too long for it to be done again."""

_WARM_UP_DRAFT = tuple(range(40))


class MlxEngine:
    """Transcribes with one Whisper model."""

    def __init__(
        self,
        weights_file: Path,
        *,
        alignment: Alignment,
        memory_limit_bytes: int | None,
        cache_limit_bytes: int | None,
    ) -> None:
        memory.set_up(limit_bytes=memory_limit_bytes, cache_limit_bytes=cache_limit_bytes)
        self.model: WhisperModel = WhisperModel(load_whisper(weights_file), alignment.heads)
        self._vocabulary = Vocabulary(
            is_multilingual=self.model.is_multilingual, n_languages=self.model.n_languages
        )
        self._decoder = Decoder(self.model, self._vocabulary, self._shortlist())
        self._alignment = alignment
        self._stopwatch = Stopwatch("mel", "encoder", "decoder", "words")
        self._ear = Ear(self.model, self._decoder, self.languages, self._stopwatch)

    @property
    def languages(self) -> tuple[str, ...]:
        """Whisper codes of the languages that the model knows."""
        return self._vocabulary.languages

    def warm_up(self) -> None:
        """Run what compiles kernels: alone and in a batch, with and without a draft."""
        is_cpu = mx.default_device() == mx.Device(mx.cpu)
        silence = np.zeros(SAMPLE_RATE // 10, dtype=np.float32)
        jobs = [
            Job(0, None, JobKind.INTERIM, silence, hints)
            for hints in (Hints("en"), Hints("en", draft=_WARM_UP_DRAFT))
        ]
        # A CPU's kernels are the same for every length.
        for context in CONTEXTS[:1] if is_cpu else CONTEXTS:
            for batch in (jobs[:1], jobs):
                windows = self._ear.hear([(context, job) for job in batch], _always)
                for decoded in self._decode(windows, _always):
                    self._hypothesis(windows, decoded)

    def transcribe(
        self, batch: Sequence[Job], is_wanted: IsWanted
    ) -> Iterator[tuple[Job, Hypothesis]]:
        """Yield each job as soon as it is done."""
        started_s = time.monotonic()
        windows = self._ear.hear([(_context_for(job), job) for job in batch], is_wanted)
        is_slow = time.monotonic() - started_s > _PATIENCE_S * len(windows.jobs)
        lenient = _LIVE if is_slow else _WAITED_FOR
        again = []
        for decoded in self._decode(windows, is_wanted):
            job = windows.jobs[decoded.row]
            if (longer := self._longer_context(job, decoded, lenient)) is None:
                yield job, self._hypothesis(windows, decoded)
            else:
                draft = tuple(decoded.tokens)
                again.append((longer, replace(job, hints=replace(job.hints, draft=draft))))
        yield from self._transcribe_again(again, is_wanted)

    def rest(self) -> None:
        """Give memory that is only kept for later back to the system."""
        memory.give_back()

    def memory_bytes(self) -> dict[str, int]:
        """MLX's active, cached and peak memory."""
        return memory.held_bytes()

    def seconds_by_stage(self) -> dict[str, float]:
        """Seconds spent on log-mel, encoder, decoder and words."""
        return dict(self._stopwatch.seconds)

    def _shortlist(self) -> Shortlist | None:
        """Where reading the whole embedding for each token would take longer than the rest."""
        if mx.default_device() != mx.Device(mx.cpu):
            return None
        tokens = commonest(self._vocabulary.suppressed)
        return Shortlist(self.model.embedding, tokens, self._vocabulary.end)

    def _transcribe_again(
        self, jobs: Sequence[tuple[int, Job]], is_wanted: IsWanted
    ) -> Iterator[tuple[Job, Hypothesis]]:
        """With more room, where a loop must go on for longer to be taken for one."""
        windows = self._ear.hear(jobs, is_wanted)
        doubtful = []
        for decoded in self._decode(windows, is_wanted, copies=3):
            job = windows.jobs[decoded.row]
            if self._will_do(job, decoded, _LIVE):
                yield job, self._hypothesis(windows, decoded)
            else:
                doubtful.append(decoded)
        for decoded in doubtful:
            if is_wanted(job := windows.jobs[decoded.row]):
                yield job, self._hypothesis(windows, self._sample(windows, decoded, is_wanted))

    def _longer_context(
        self, job: Job, decoded: Decoded, lenient: Collection[JobKind]
    ) -> int | None:
        """The context on which to hear a window again, or None where its first text will do."""
        if job.kind is JobKind.INTERIM:
            return None
        context = _context_for(job)
        is_first = context < FULL_CONTEXT
        if is_first and decoded.tokens and _is_silence(decoded):
            return None if is_surely_silence(decoded.no_speech_probability) else FULL_CONTEXT
        if job.hints.is_hurried:
            lenient = _LIVE
        will_do = self._will_do(job, decoded, lenient, is_first=is_first)
        return None if will_do else roomier(context)

    def _will_do(
        self, job: Job, decoded: Decoded, lenient: Collection[JobKind], *, is_first: bool = False
    ) -> bool:
        """Whether a text is told as it is: it raises no alarm, or is merely doubtful where that will do."""
        alarm = self._alarm(decoded, is_first=is_first)
        return alarm is None or (alarm is Alarm.UNLIKELY and job.kind in lenient)

    def _decode(
        self, windows: Windows, is_wanted: IsWanted, *, copies: int = 2
    ) -> Iterator[Decoded]:
        requests = [
            self._request(job, language, is_wanted, copies=copies)
            for job, (language, _) in zip(windows.jobs, windows.languages, strict=True)
        ]
        return self._stopwatch.each("decoder", self._decoder.decode(windows.audio, requests))

    def _sample(self, windows: Windows, greedy: Decoded, is_wanted: IsWanted) -> Decoded:
        """The likeliest plausible text at any temperature; all are drawn in one batch."""
        row = greedy.row
        job, (language, _) = windows.jobs[row], windows.languages[row]
        request = self._request(job, language, is_wanted, copies=3)
        requests = [replace(request, draft=(), temperature=t) for t in _TEMPERATURES]
        audio = windows.audio.rows([row] * len(requests))
        # The same window shall get the same text every time.
        mx.random.seed(len(job.samples))
        drawn = self._stopwatch.each("decoder", self._decoder.decode(audio, requests))
        return max([greedy, *(replace(d, row=row) for d in drawn)], key=self._plausibility)

    def _plausibility(self, decoded: Decoded) -> tuple[int, float]:
        alarm = self._alarm(decoded)
        rank = 2 if alarm is None else 1 if alarm is Alarm.UNLIKELY else 0
        return rank, decoded.average_log_probability

    def _alarm(self, decoded: Decoded, *, is_first: bool = False) -> Alarm | None:
        if decoded.alarm is not None or _is_silence(decoded):
            return decoded.alarm
        text = self._vocabulary.text(decoded.tokens)
        return judge(text, decoded.average_log_probability, is_first=is_first)

    def _request(self, job: Job, language: str, is_wanted: IsWanted, *, copies: int) -> Request:
        return Request(
            prefix=self._vocabulary.prefix(language),
            max_tokens=max_tokens(job.duration_s),
            spoken=job.hints.spoken,
            draft=job.hints.draft,
            copies=copies,
            bias=self._vocabulary.bias(job.hints.keyterms, language),
            is_wanted=lambda: is_wanted(job),
        )

    def _hypothesis(self, windows: Windows, decoded: Decoded) -> Hypothesis:
        job, (language, probability) = windows.jobs[decoded.row], windows.languages[decoded.row]
        with self._stopwatch.time("words"):
            said = words(decoded, language, job.samples, self._vocabulary, self._alignment)
            heard = () if _is_silence(decoded) else tuple(said)
        return Hypothesis(
            words=heard,
            language=language,
            language_probability=probability,
            no_speech_probability=decoded.no_speech_probability,
            average_log_probability=decoded.average_log_probability,
            temperature=decoded.temperature,
            tokens=tuple(decoded.tokens),
        )


def _context_for(job: Job) -> int:
    return context_for(job.kind, len(job.samples), is_hurried=job.hints.is_hurried)


def _is_silence(decoded: Decoded) -> bool:
    return is_silence(decoded.no_speech_probability, decoded.average_log_probability)


def _always(_: Job) -> bool:
    return True
