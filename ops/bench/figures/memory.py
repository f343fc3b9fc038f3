"""Whether an engine's memory stays flat over many windows of random length."""

import random
from collections.abc import Iterator, Sequence

from corpus import english
from figures.utterance import MODEL
from lwd.asr.types import SAMPLE_RATE, JobKind, Samples
from lwd_engine import LwdEngine, Window
from report import Figure, Measured
from session import Session

_LENGTHS_S = (0.5, 10.0)
_MAX_BATCH = 8
_SETTLING_WINDOWS = 1000
"""Windows after which memory should have its size; half of them where there are fewer."""

_SEED = 20


def measure(session: Session) -> Measured:
    """Give one engine batches of random windows, interims with drafts and finals."""
    recordings = [clip.samples() for clip in english(session.clips)]
    with session.lwd(MODEL) as lwd:
        resident, mlx = _resident_bytes(session, lwd, recordings)
    settled = min(_SETTLING_WINDOWS, session.n_windows // 2)
    before, after = max(resident[:settled]), max(resident[settled:])
    growth = 100 * (after / before - 1)
    title = f"memory after {session.n_windows} windows, above its peak in the first {settled}"
    return Measured(
        [Figure("memory_growth_percent", title, growth, " %", at_most=5)],
        {
            "memory_peak_bytes": {"settling": before, "later": after},
            "memory_last_bytes": resident[-1],
            "memory_mlx_bytes": mlx,
            "memory_windows": session.n_windows,
        },
    )


def _resident_bytes(
    session: Session, lwd: LwdEngine, recordings: Sequence[Samples]
) -> tuple[list[int], dict[str, int]]:
    """The process's memory after each window, and MLX's own at the end."""
    resident: list[int] = []
    draft: tuple[int, ...] = ()
    batches = _batches(recordings, session.n_windows)
    for batch in session.track(batches, "memory", total=session.n_windows, step=len):
        kind = JobKind.FINAL if len(batch) % 2 else JobKind.INTERIM
        done = lwd.transcribe(*(Window(samples, kind, draft) for samples in batch))
        draft = done.hypotheses[-1].tokens
        resident += [lwd.resident_bytes()] * len(batch)
    return resident, done.memory_bytes


def _batches(recordings: Sequence[Samples], n_windows: int) -> Iterator[list[Samples]]:
    """So many windows, in batches of random size."""
    chance = random.Random(_SEED)  # noqa: S311 - the same windows every time
    while n_windows > 0:
        size = min(n_windows, chance.randint(1, _MAX_BATCH))
        yield [_piece(chance, chance.choice(recordings)) for _ in range(size)]
        n_windows -= size


def _piece(chance: random.Random, recording: Samples) -> Samples:
    """A random piece of random length, or all of a shorter recording."""
    length = int(chance.uniform(*_LENGTHS_S) * SAMPLE_RATE)
    start = chance.randrange(max(1, len(recording) - length))
    return recording[start : start + length]
