"""Where the time of one utterance goes, from the daemon's request to the engine's answer."""

from statistics import median

from figures.utterance import MODEL, utterance
from lwd_engine import Done, Window
from report import Measured
from session import Session

_MIN_RUNS = 15


def measure(session: Session) -> Measured:
    """Transcribe the utterance some times, one after the other."""
    window = Window(utterance())
    with session.lwd(MODEL) as lwd:
        lwd.transcribe(window)
        runs = session.track(range(max(_MIN_RUNS, session.rounds)), "profile")
        parts = [_parts(lwd.transcribe(window)) for _ in runs]
    taken = {name: median(part[name] for part in parts) for name in parts[0]}
    whole_s = sum(taken.values())
    shares = {name: seconds / whole_s for name, seconds in taken.items()}
    listed = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    return Measured(
        details={"profile": shares, "profile_seconds": taken | {"whole": whole_s}},
        remarks=[f"Profile of one utterance ({1000 * whole_s:.0f} ms): {listed}."],
    )


def _parts(done: Done) -> dict[str, float]:
    """Seconds by stage; `other` is what the engine did besides, `ipc` the way there and back."""
    stages = done.seconds_by_stage
    return stages | {"other": done.elapsed_s - sum(stages.values()), "ipc": done.ipc_s}
