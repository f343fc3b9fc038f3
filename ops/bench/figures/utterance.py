"""One short utterance, as fast as each contestant is: what a caller waits for.

Also what lwd waits for when it has heard the same utterance half a second earlier, as it has in a
live stream: then it brings that hypothesis as a draft.
"""

from collections.abc import Callable
from contextlib import ExitStack

from corpus import read_samples
from lwd.asr.types import SAMPLE_RATE, JobKind, Samples
from lwd.audio.assets import asset
from lwd_engine import LwdEngine, Window
from remote import Remote
from report import Figure, Measured
from session import Contest, Session, medians, speedup

MODEL = "tiny.en"

_EARLIER = SAMPLE_RATE // 2
_LWD, _DRAFT = "lwd", "lwd after an interim"
_INT8, _FLOAT32 = "faster-whisper int8", "faster-whisper float32"
_SHIPPED, _SINGLE = "lightning-whisper-mlx", "lightning-whisper-mlx float32"


def utterance() -> Samples:
    """6.7 s of LibriSpeech, which lightning-whisper-mlx ships."""
    return read_samples(asset("lightning_whisper_mlx", "assets", "ls_test.flac"))


def measure(session: Session) -> Measured:
    """Run all contestants by turns."""
    samples = utterance()
    with ExitStack() as stack:
        lwd = stack.enter_context(session.lwd(MODEL))
        rivals = {
            _INT8: stack.enter_context(session.faster_whisper(MODEL, "int8")),
            _FLOAT32: stack.enter_context(session.faster_whisper(MODEL, "float32")),
            _SHIPPED: stack.enter_context(session.lightning(MODEL, half=True)),
            _SINGLE: stack.enter_context(session.lightning(MODEL, half=False)),
        }
        contest = _lwd_contest(lwd, samples) | {
            name: _turn(rival, samples) for name, rival in rivals.items()
        }
        seconds = session.alternate(contest, "utterance")
    figures = [
        Figure(key, title, speedup(seconds[slower], seconds[faster]), "x", at_least=target)
        for key, title, slower, faster, target in _COMPARISONS
    ]
    return Measured(figures, {"utterance_seconds": medians(seconds)}, [_remark(seconds, lwd.blas)])


_COMPARISONS = (
    (
        "speedup_vs_faster_whisper_int8",
        "utterance: faster than faster-whisper int8",
        _INT8,
        _LWD,
        2.5,
    ),
    ("speedup_vs_faster_whisper_float32", "the same: faster-whisper float32", _FLOAT32, _LWD, None),
    ("speedup_vs_lightning", "the same: lightning-whisper-mlx as shipped", _SHIPPED, _LWD, 8.0),
    ("speedup_vs_lightning_float32", "the same: made to use float32 alone", _SINGLE, _LWD, None),
    (
        "final_after_interim_speedup",
        "with a draft of 0.5 s earlier: faster than faster-whisper int8",
        _INT8,
        _DRAFT,
        None,
    ),
)


def _lwd_contest(lwd: LwdEngine, samples: Samples) -> Contest:
    interim = Window(samples[:-_EARLIER], JobKind.INTERIM)
    (earlier,) = lwd.transcribe(interim).hypotheses
    return {
        _LWD: lambda: lwd.transcribe(Window(samples)).elapsed_s,
        _DRAFT: lambda: lwd.transcribe(Window(samples, draft=earlier.tokens)).elapsed_s,
    }


def _turn(rival: Remote, samples: Samples) -> Callable[[], float]:
    return lambda: float(rival.call("transcribe", samples)[0])


def _remark(seconds: dict[str, list[float]], blas: str | None) -> str:
    taken = ", ".join(f"{name} {sorted(s)[len(s) // 2]:.3f} s" for name, s in seconds.items())
    return f"Utterance: {taken}. MLX multiplies with {blas or 'its own slow BLAS'}."
