"""Word error rate beside faster-whisper in float32, which is Whisper as published."""

from corpus import english, spread
from lwd_engine import text
from report import Figure, Measured
from rival_models import MODELS
from scoring import WordErrors, word_errors, words_of
from session import Session

_LWD, _RIVAL = "lwd", "faster-whisper float32"

Errors = dict[str, dict[str, WordErrors]]
"""By contestant and clip."""


def measure(session: Session) -> Measured:
    """Transcribe every English clip with both, for each model."""
    found = {model: _errors(session, model) for model in MODELS}
    rates = {
        model: {name: _sum(errors).percent for name, errors in by_name.items()}
        for model, by_name in found.items()
    }
    deltas = {model: rate[_LWD] - rate[_RIVAL] for model, rate in rates.items()}
    runaways = {
        name: sum(_sum(by_name[name]).runaways for by_name in found.values())
        for name in (_LWD, _RIVAL)
    }
    return Measured(
        [
            Figure(
                "wer_delta_points",
                "word error rate: points above faster-whisper float32, the worse model",
                max(deltas.values()),
                at_most=0.3,
            ),
            Figure("runaways", "runaways", runaways[_LWD], at_most=0),
            Figure("runaways_faster_whisper", "the same: faster-whisper", runaways[_RIVAL]),
        ],
        {
            "wer_delta_points_by_model": deltas,
            "wer_percent": rates,
            "errors_by_clip": {model: _by_clip(by_name) for model, by_name in found.items()},
        },
        [_remark(model, by_name) for model, by_name in found.items()],
    )


def _errors(session: Session, model: str) -> Errors:
    from whisper_normalizer.english import EnglishTextNormalizer  # noqa: PLC0415 - may be missing

    normalise = EnglishTextNormalizer()
    clips = spread(english(session.clips), session.n_clips)
    errors: Errors = {_LWD: {}, _RIVAL: {}}
    with session.lwd(model) as lwd, session.faster_whisper(model, "float32") as rival:
        for clip in session.track(clips, f"word errors, {model}"):
            reference = words_of(normalise(clip.text))
            heard = {
                _LWD: text(session.hear(model, lwd, clip)),
                _RIVAL: rival.call("transcribe", clip.samples())[1],
            }
            for name, said in heard.items():
                errors[name][clip.clip_id] = word_errors(reference, words_of(normalise(said)))
    return errors


def _sum(errors: dict[str, WordErrors]) -> WordErrors:
    return sum(errors.values(), start=WordErrors())


def _by_clip(errors: Errors) -> dict[str, dict[str, int]]:
    return {
        clip_id: {"words": counted.words} | {name: errors[name][clip_id].errors for name in errors}
        for clip_id, counted in errors[_LWD].items()
    }


def _remark(model: str, errors: Errors) -> str:
    rates = ", ".join(f"{name} {_sum(found).percent:.2f} %" for name, found in errors.items())
    clips, words = len(errors[_LWD]), _sum(errors[_LWD]).words
    return f"Word error rate of {model} over {clips} clips, {words} words: {rates}."
