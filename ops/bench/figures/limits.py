"""The machine's limit: how fast it multiplies matrices, and how near the encoder comes to that."""

from statistics import median

from figures.utterance import MODEL
from lwd.models.dimensions import Dimensions
from report import Figure, Measured
from session import Session

_SIZE = 2048
_POSITIONS = 750
"""Encoder length of a short final: 15 s."""


def measure(session: Session) -> Measured:
    """Multiply large squares and encode by turns, with as many threads as lwd has."""
    dims = Dimensions.from_json(session.files(MODEL).config.read_bytes())
    with session.matmul(MODEL) as mlx:
        contest = {
            "sgemm": lambda: float(mlx.call("multiply", _SIZE)),
            "encoder": lambda: float(mlx.call("encode", _POSITIONS)),
        }
        seconds = session.alternate(contest, "limits")
    sgemm = 2 * _SIZE**3 / median(seconds["sgemm"]) / 1e9
    encoder = encoder_operations(dims, _POSITIONS) / median(seconds["encoder"]) / 1e9
    return Measured(
        [
            Figure("sgemm_gflops", "matrix product of the machine", sgemm, " GFLOP/s"),
            Figure("encoder_gflops", "encoder", encoder, " GFLOP/s"),
            Figure("encoder_share_of_sgemm_percent", "share of it", 100 * encoder / sgemm, " %"),
        ],
    )


def encoder_operations(dims: Dimensions, n: int) -> int:
    """Floating-point operations of the encoder's matrix products for `n` positions.

    With the keys and values that the decoder attends to, which are computed once for a window.
    """
    d = dims.n_audio_state
    stem = 2 * (2 * n) * (3 * dims.n_mels * d) + 2 * n * (3 * d * d)
    # Four projections and an MLP of four times the width; scores and their weighted values.
    block = 2 * n * (4 * d * d + 8 * d * d) + 4 * n * n * d
    cross = 2 * n * 2 * d * dims.n_text_state
    return stem + dims.n_audio_layer * block + dims.n_text_layer * cross
