"""How long an engine takes to start, from its process to ready, with its kernels compiled."""

from statistics import median

from figures.utterance import MODEL
from report import Figure, Measured
from session import Session

_STARTS = 3


def measure(session: Session) -> Measured:
    """Start some engines, one after the other; the first only compiles kernels."""
    ready_s = []
    for _ in session.track(range(_STARTS + 1), "start"):
        with session.lwd(MODEL) as lwd:
            ready_s.append(lwd.ready_s)
    figure = Figure("ready_s", "engine start to ready", median(ready_s[1:]), " s", at_most=3)
    return Measured([figure], {"ready_seconds": ready_s})
