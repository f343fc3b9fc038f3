"""Recordings without speech: a recogniser that hears words in them is believed too much."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from corpus import Clip, spread
from report import Figure, Measured
from streaming.bench import Bench
from streaming.client import Result
from streaming.compose import Call

_KINDS = ("noise", "music", "silence", "tones", "human-nonspeech", "dtmf")
_STREAMS = 4
_SILENT_PERCENT = 95


@dataclass(frozen=True, slots=True)
class Shown:
    """How many words a clip without any was given: by its finals, and at most by one interim."""

    final_words: int
    interim_words: int


def measure(bench: Bench) -> Measured:
    """Stream every clip in real time, some at once."""
    clips = {clip.clip_id: clip for clip in spread(without_speech(bench.clips), bench.plan.n_clips)}
    if not clips:
        return Measured(remarks=["The corpus has no recording without speech."])
    bench.say(f"{len(clips)} clips over {_STREAMS} streams, in real time")
    calls = [Call(clip_id, clip.samples(), ()) for clip_id, clip in clips.items()]
    run = bench.run([calls[n::_STREAMS] for n in range(_STREAMS)])
    shown = {
        heard.call.name: _shown(bench.client.results(heard.recording)) for heard in run.admitted
    }
    failed = {clip_id: words for clip_id, words in shown.items() if words != Shown(0, 0)}
    # A stream that broke off has proved nothing.
    n_silent = len(clips) - len(failed) - len(run.errors)
    return Measured(
        [
            Figure(
                "nonspeech_silent_percent",
                "recordings without speech in which no word was ever shown",
                100 * n_silent / len(clips),
                " %",
                at_least=_SILENT_PERCENT,
            )
        ],
        {
            "nonspeech_clips": len(clips),
            "nonspeech_errors": run.errors,
            "nonspeech_words": [
                {"clip": clip_id, "kind": clips[clip_id].kind} | asdict(words)
                for clip_id, words in failed.items()
            ],
        },
        [
            f"{clip_id} ({clips[clip_id].kind}): {words.final_words} words in finals,"
            f" up to {words.interim_words} in an interim."
            for clip_id, words in failed.items()
        ],
    )


def without_speech(clips: Sequence[Clip]) -> list[Clip]:
    """Noise, music, silence, tones, and sounds that people make without words."""
    return [clip for clip in clips if clip.kind.startswith(_KINDS)]


def _shown(results: Sequence[Result]) -> Shown:
    finals = sum(len(result.words) for result in results if result.is_final)
    interims = (len(result.words) for result in results if not result.is_final)
    return Shown(finals, max(interims, default=0))
