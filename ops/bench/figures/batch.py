"""Eight windows of 5 s together, and one by one: what batching gains."""

import numpy as np

from corpus import Clip, english
from figures.utterance import MODEL
from lwd.asr.types import SAMPLE_RATE, Samples
from lwd_engine import Window
from report import Figure, Measured
from session import Session, medians, speedup

_WINDOWS, _WINDOW_S = 8, 5


def measure(session: Session) -> Measured:
    """Transcribe the same windows both ways by turns."""
    nearest = sorted(english(session.clips), key=lambda clip: abs(clip.duration_s - _WINDOW_S))
    windows = [Window(_of_length(clip)) for clip in nearest[:_WINDOWS]]
    with session.lwd(MODEL) as lwd:
        contest = {
            "one by one": lambda: sum(lwd.transcribe(window).elapsed_s for window in windows),
            "together": lambda: lwd.transcribe(*windows).elapsed_s,
        }
        seconds = session.alternate(contest, "batch")
    gain = speedup(seconds["one by one"], seconds["together"])
    figure = Figure(
        "batch8_gain",
        "8 windows of 5 s: time one by one, over that together",
        gain,
        "x",
        at_least=3,
    )
    return Measured([figure], {"batch_seconds": medians(seconds)})


def _of_length(clip: Clip) -> Samples:
    """A whole utterance of about the length, cut or followed by silence to be exactly of it."""
    window = np.zeros(_WINDOW_S * SAMPLE_RATE, dtype=np.float32)
    samples = clip.samples()[: len(window)]
    window[: len(samples)] = samples
    return window
