"""The product that MLX lacks is the product."""

import mlx.core as mx
import numpy as np
import pytest
from numpy.typing import NDArray

from lwd.asr.mlx import blas
from lwd.asr.mlx.engine import MlxEngine


def random(*shape: int) -> NDArray[np.float32]:
    """Random numbers."""
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (7, 3), (51_865, 64), (1000, 384)])
def test_it_agrees_with_numpy(shape: tuple[int, int]) -> None:
    """Tall, wide and of one element."""
    matrix, vector = random(*shape), random(shape[1])

    np.testing.assert_allclose(
        blas.matrix_vector(matrix, vector), matrix @ vector, rtol=1e-4, atol=1e-4
    )


def test_it_works_without_a_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none was loaded, numpy does it."""
    monkeypatch.setattr(blas, "_sgemv", lambda: None)
    matrix, vector = random(30, 20), random(20)

    np.testing.assert_allclose(blas.matrix_vector(matrix, vector), matrix @ vector, rtol=1e-5)


def test_one_row_has_the_scores_that_it_has_among_others(tiny_en: MlxEngine) -> None:
    """A stream alone and streams together decode alike."""
    hidden = mx.array(random(3, tiny_en.model.dims.n_text_state))

    together = tiny_en.model.logits(hidden)

    for row in range(3):
        alone = tiny_en.model.logits(hidden[row : row + 1])
        np.testing.assert_allclose(alone[0], together[row], atol=1e-3)
