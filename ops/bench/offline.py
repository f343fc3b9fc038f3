"""What a form of audio costs in words.

Each recording is sent through lwd's own source and heard as a whole, like a final. So neither when
audio comes nor where a stream is cut plays a part: what was heard differs where the samples do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from whisper_normalizer.english import EnglishTextNormalizer

from cases import Case, Listener
from corpus import Clip
from lwd.asr.types import Samples
from lwd_engine import LwdEngine, Window, text
from scoring import Difference, WordErrors, word_errors, words_of

_PCM = "linear16"


@dataclass(frozen=True, slots=True)
class Words:
    """Word errors in a form.

    Both differences are of the same recordings: `above_original` to them as they are, and
    `above_pcm` to PCM of the form's rate, which leaves out what the rate alone loses.
    """

    errors: WordErrors
    above_original: Difference
    above_pcm: Difference


class Offline:
    """An engine that hears recordings in any form. Samples that are the same are heard once."""

    def __init__(self, engine: LwdEngine, clips: Sequence[Clip]) -> None:
        self._engine = engine
        self._clips = clips
        self._normalise = EnglishTextNormalizer()
        self._heard: dict[bytes, str] = {}
        self._pcm: dict[Case, list[WordErrors]] = {}
        self._original = [self._errors(clip, clip.samples()) for clip in clips]

    async def words(self, case: Case) -> Words:
        """What is heard of the recordings in a form."""
        errors = await self._through(case)
        pcm = replace(case, name=_PCM)
        if pcm not in self._pcm:
            self._pcm[pcm] = await self._through(pcm)
        return Words(
            sum(errors, WordErrors()),
            Difference.of(errors, self._original),
            Difference.of(errors, self._pcm[pcm]),
        )

    async def _through(self, case: Case) -> list[WordErrors]:
        listener, errors = Listener(), []
        for clip in self._clips:
            parts = case.pieces(case.sent(clip.samples()))
            errors.append(self._errors(clip, await listener.all_of(case, parts)))
        return errors

    def _errors(self, clip: Clip, samples: Samples) -> WordErrors:
        digest = sha256(samples.tobytes()).digest()
        if digest not in self._heard:
            [hypothesis] = self._engine.transcribe(Window(samples)).hypotheses
            self._heard[digest] = text(hypothesis)
        reference, heard = self._normalise(clip.text), self._normalise(self._heard[digest])
        return word_errors(words_of(reference), words_of(heard))
