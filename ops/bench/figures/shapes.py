"""How much faster than real time a model of some shape is, by the size of its batches.

For machines with a GPU, and models whose weights are not at hand: the weights are random.
"""

from collections.abc import Sequence
from statistics import median

from rich.table import Table

from lwd.models.catalogue import find
from lwd.models.dimensions import Dimensions
from remote import Remote
from session import Session

_MELS, _MELS_V3 = 80, 128
_VOCABULARY, _VOCABULARY_V3 = 51865, 51866
_TURBO_LAYERS = 4

SHAPES = {
    "tiny": (_MELS, 384, 6, 4, 4, _VOCABULARY),
    "base": (_MELS, 512, 8, 6, 6, _VOCABULARY),
    "small": (_MELS, 768, 12, 12, 12, _VOCABULARY),
    "medium": (_MELS, 1024, 16, 24, 24, _VOCABULARY),
    "large-v3": (_MELS_V3, 1280, 20, 32, 32, _VOCABULARY_V3),
    "large-v3-turbo": (_MELS_V3, 1280, 20, 32, _TURBO_LAYERS, _VOCABULARY_V3),
}
"""Mels, width, heads, layers of the encoder, layers of the decoder, vocabulary."""

_WINDOW_S, _N_TOKENS = 5.0, 24
"""Two and a half words a second, and their marks."""


def measure(session: Session, shape: str, batches: Sequence[int]) -> list[dict[str, float]]:
    """Seconds of a batch by stage, for each size, and `real_time_factor`: seconds for each of audio."""
    rows = []
    heads = find(shape).family.alignment_heads
    directory = session.scratch / shape
    directory.mkdir()
    arguments = (_dimensions(shape), heads, _N_TOKENS, str(directory))
    with Remote("random_whisper", *arguments, blas=True) as whisper:
        session.console.print(f"{shape} on {whisper.call('device')}")
        for size in session.track(batches, shape):
            taken = [
                whisper.call("transcribe", size, _WINDOW_S) for _ in range(session.rounds + 1)
            ][1:]
            row = {stage: median(seconds[stage] for seconds in taken) for stage in taken[0]}
            rows.append({"batch": size, "real_time_factor": row["whole"] / size / _WINDOW_S} | row)
    return rows


def table(shape: str, rows: Sequence[dict[str, float]]) -> Table:
    """A line for each size of batch."""
    stages = [name for name in rows[0] if name not in {"batch", "real_time_factor"}]
    drawn = Table("batch", "real-time factor", *stages)
    drawn.title = f"{shape}: windows of {_WINDOW_S:g} s, {_N_TOKENS} tokens each; stages in ms"
    drawn.caption = "A real-time factor below 1 is faster than real time."
    for row in rows:
        milliseconds = (f"{1000 * row[stage]:.1f}" for stage in stages)
        drawn.add_row(f"{row['batch']:.0f}", f"{row['real_time_factor']:.2g}", *milliseconds)
    return drawn


def _dimensions(shape: str) -> Dimensions:
    n_mels, width, heads, encoder, decoder, vocabulary = SHAPES[shape]
    return Dimensions(
        n_mels=n_mels,
        n_audio_ctx=1500,
        n_audio_state=width,
        n_audio_head=heads,
        n_audio_layer=encoder,
        n_vocab=vocabulary,
        n_text_ctx=448,
        n_text_state=width,
        n_text_head=heads,
        n_text_layer=decoder,
    )
