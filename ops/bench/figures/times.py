"""How far the times of words are from those of a forced alignment."""

from dataclasses import asdict

from corpus import Clip, english, spread, timed
from lwd.asr.types import Hypothesis
from report import Figure, Measured
from rival_models import MODELS
from scoring import Spread, equal_pairs, spelling
from session import Session

_MEDIAN_MS, _P90_MS = 60, 200


def measure(session: Session) -> Measured:
    """Transcribe every clip with word times, for each model; words heard as said count."""
    found = {model: _spreads(session, model) for model in MODELS}
    figures = [
        Figure(
            f"word_{edge}_{name}_ms",
            f"word {edge}s: {name} error, the worse model",
            max(getattr(spreads[edge], f"{name}_ms") for spreads in found.values()),
            " ms",
            at_most=target,
        )
        for name, target in (("median", _MEDIAN_MS), ("p90", _P90_MS))
        for edge in ("start", "end")
    ]
    return Measured(
        figures,
        {
            "word_times_by_model": {
                model: {edge: asdict(spread) for edge, spread in spreads.items()}
                for model, spreads in found.items()
            }
        },
        [
            f"Word {edge}s of {model}: {spread.bias_ms:+.0f} ms in the median"
            for model, spreads in found.items()
            for edge, spread in spreads.items()
        ],
    )


def _spreads(session: Session, model: str) -> dict[str, Spread]:
    clips = spread(timed(english(session.clips)), session.n_clips)
    starts_s: list[float] = []
    ends_s: list[float] = []
    with session.lwd(model) as lwd:
        for clip in session.track(clips, f"word times, {model}"):
            for start_s, end_s in _errors(clip, session.hear(model, lwd, clip)):
                starts_s.append(start_s)
                ends_s.append(end_s)
    return {"start": Spread.of(starts_s), "end": Spread.of(ends_s)}


def _errors(clip: Clip, heard: Hypothesis) -> list[tuple[float, float]]:
    """How much later each word that was heard as said starts and ends, in seconds."""
    said = clip.words()
    spoken = [word for word in heard.words if spelling(word.text)]
    pairs = equal_pairs(
        [spelling(word.text) for word in said], [spelling(word.text) for word in spoken]
    )
    return [
        (spoken[j].start_s - said[i].start_s, spoken[j].end_s - said[i].end_s) for i, j in pairs
    ]
