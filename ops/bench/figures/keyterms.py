"""What keyterms do: how many more of them are heard, and what errors and work come with them.

They are the rare words of the clips. Every other clip was used to find the engine's bonuses; the
figures are those of the rest.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from corpus import Clip, english, spread, with_rare_words
from lwd.asr.types import Keyterm
from lwd_engine import LwdEngine, Window, text
from report import Figure, Measured
from rival_models import MODELS
from scoring import WordErrors, spelling, word_errors
from session import Session

_MOST_TERMS = 100
"""As many as Deepgram takes."""

_GAIN_POINTS, _HARM_POINTS, _WORK = 10, 1, 1.25

_BETWEEN_WORDS = re.compile(r"[\s\-—]+")

_GIVEN: dict[str, Callable[[Clip, Sequence[str]], Sequence[str]]] = {
    "none": lambda _, __: (),
    "own": lambda clip, _: clip.rare_words or (),
    "all": lambda _, terms: terms,
    "others": lambda clip, terms: [t for t in terms if spelling(t) not in _words(clip.text)],
}
"""What a clip is heard with, of all terms: nothing, its own, all, or only what nobody says in it."""


@dataclass(slots=True)
class Tally:
    """Over some clips: rare words said and heard, terms heard that nobody said, errors, seconds."""

    said: int = 0
    heard: int = 0
    inserted: int = 0
    errors: WordErrors = field(default_factory=WordErrors)
    decoder_s: float = 0.0

    def add(self, clip: Clip, given: Sequence[str], heard_text: str, decoder_s: float) -> None:
        """Count what was heard of a clip with these terms."""
        reference, heard = _words(clip.text), _words(heard_text)
        for term in map(spelling, clip.rare_words or ()):
            self.said += reference.count(term)
            self.heard += min(reference.count(term), heard.count(term))
        extra = (heard.count(term) - reference.count(term) for term in map(spelling, given))
        self.inserted += sum(n for n in extra if n > 0)
        self.errors += word_errors(reference, heard)
        self.decoder_s += decoder_s

    @property
    def recall_percent(self) -> float:
        """Rare words heard, of those said."""
        return 100 * self.heard / max(1, self.said)

    def __str__(self) -> str:
        return (
            f"{self.heard} of {self.said} heard, {self.inserted} inserted,"
            f" word error rate {self.errors.percent:.2f} %, decoder {self.decoder_s:.1f} s"
        )


_Halves = tuple[Tally, Tally]
"""Of the clips that the bonuses were found with, and of the others."""


def measure(session: Session) -> Measured:
    """Transcribe the clips with each choice of terms."""
    found = {model: _tallies(session, model) for model in MODELS}
    return Measured(
        [figure for model, tallies in found.items() for figure in _figures(model, tallies)],
        remarks=[
            f"Rare words with {model}, as keyterms {name}: {tuned_on}; other clips: {rest}."
            for model, tallies in found.items()
            for name, (tuned_on, rest) in tallies.items()
        ],
    )


def _tallies(session: Session, model: str) -> dict[str, _Halves]:
    clips = with_rare_words(english(session.clips))
    every = sorted({term for clip in clips for term in clip.rare_words or ()})
    terms = random.Random(1).sample(every, min(_MOST_TERMS, len(every)))  # noqa: S311 - no secret
    half = {clip.clip_id: n % 2 for n, clip in enumerate(clips)}
    tallies = {name: (Tally(), Tally()) for name in _GIVEN}
    with session.lwd(model) as lwd:
        for clip in session.track(spread(clips, session.n_clips), f"keyterms, {model}"):
            for name, given in _GIVEN.items():
                _hear(lwd, clip, given(clip, terms), tallies[name][half[clip.clip_id]])
    return tallies


def _hear(lwd: LwdEngine, clip: Clip, given: Sequence[str], tally: Tally) -> None:
    keyterms = tuple(Keyterm(term) for term in given)
    done = lwd.transcribe(Window(clip.samples(), keyterms=keyterms))
    tally.add(clip, given, text(done.hypotheses[0]), done.seconds_by_stage["decoder"])


def _words(said: str) -> list[str]:
    return [word for word in map(spelling, _BETWEEN_WORDS.split(said)) if word]


def _figures(model: str, tallies: dict[str, _Halves]) -> list[Figure]:
    none, own, every, others = (tallies[name][1] for name in _GIVEN)
    return [
        Figure(
            f"keyterms_gain_points_{model}",
            f"{model}: rare words heard as a clip's keyterms, in points above those without",
            own.recall_percent - none.recall_percent,
            at_least=_GAIN_POINTS,
        ),
        Figure(
            f"keyterms_of_all_gain_points_{model}",
            "the same with those of all clips",
            every.recall_percent - none.recall_percent,
            at_least=_GAIN_POINTS,
        ),
        Figure(
            f"keyterms_harm_points_{model}",
            "word error rate with other clips' keyterms, in points above that without",
            others.errors.percent - none.errors.percent,
            at_most=_HARM_POINTS,
        ),
        Figure(
            f"keyterms_work_{model}",
            "decoder's seconds with other clips' keyterms, over those without",
            others.decoder_s / none.decoder_s,
            "x",
            at_most=_WORK,
        ),
    ]
