"""How much of the encoder a window takes: Whisper's thirty seconds, or as little as is safe. Pure.

The figures are in docs/design.md; one position is 20 ms of audio.
"""

from lwd.asr.types import JobKind

SAMPLES_PER_POSITION = 320
"""Samples (16 kHz) that one encoder position stands for."""

CONTEXTS = (384, 448, 512, 576, 640, 768, 896, 1024, 1280, 1500)
"""Encoder lengths in use, in positions: few shapes keep MLX's caches small.

Matrix products are fastest over multiples of 64; 1500 is Whisper's own and its longest.
"""

FULL_CONTEXT = CONTEXTS[-1]

_SLACK_POSITIONS = 128
_FLOOR_POSITIONS = {
    JobKind.FINAL: 512,
    JobKind.CUT: 512,
    JobKind.PAUSE: 512,
    JobKind.INTERIM: 384,
    JobKind.BATCH: FULL_CONTEXT,
}


def context_for(kind: JobKind, n_samples: int, *, is_hurried: bool = False) -> int:
    """The encoder length for a window: its own and some slack, rounded up to one in use.

    What is hurried takes no more than an interim.
    """
    least = _FLOOR_POSITIONS[JobKind.INTERIM if is_hurried else kind]
    needed = max(n_samples // SAMPLES_PER_POSITION + _SLACK_POSITIONS, least)
    return next((context for context in CONTEXTS if context >= needed), FULL_CONTEXT)


def roomier(context: int) -> int:
    """The encoder length to try when a text on this one is not believed: half as long again.

    Whisper's own is no better, and takes an engine on one core 0.4 s longer.
    """
    return next((longer for longer in CONTEXTS if 2 * longer >= 3 * context), FULL_CONTEXT)
