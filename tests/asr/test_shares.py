"""How many engines a machine gets when nobody says."""

import pytest

from lwd.asr.shares import Share, cores, share_out


@pytest.mark.parametrize(
    ("n_models", "replicas", "cpu_threads", "n_cores", "expected"),
    [
        (1, None, None, 1, Share(1, 1)),
        (1, None, None, 2, Share(2, 1)),
        (1, None, None, 16, Share(4, 4)),
        (2, None, None, 4, Share(2, 1)),
        (3, None, None, 2, Share(1, 1)),
        (1, 1, None, 2, Share(1, 2)),
        (1, 3, None, 2, Share(3, 1)),
        (1, None, 2, 4, Share(2, 2)),
        (1, None, 8, 4, Share(1, 8)),
        (1, 2, 3, 4, Share(2, 3)),
    ],
)
def test_engines_fit_the_cores(
    n_models: int, replicas: int | None, cpu_threads: int | None, n_cores: int, expected: Share
) -> None:
    """On a CPU all engines together have as many threads as there are cores, unless told."""
    found = share_out(n_models, replicas, cpu_threads, cores=n_cores, has_gpu=False)

    assert found == expected


def test_a_gpu_gets_one_engine() -> None:
    """Batches fill it, and each engine holds the weights."""
    assert share_out(1, None, None, cores=8, has_gpu=True).replicas == 1
    assert share_out(1, 2, None, cores=8, has_gpu=True).replicas == 2


def test_there_is_a_core() -> None:
    """On whatever machine this runs."""
    assert cores() >= 1
