"""The KV cache shows each row its own tokens, and no others."""

import mlx.core as mx
import numpy as np
import pytest

from lwd.asr.mlx.cache import TokenCache

HEADS, WIDTH = 2, 4


def seen(mask: mx.array | None) -> list[list[list[int]]]:
    """For each row and fed token the slots that it sees."""
    assert mask is not None
    return [[np.flatnonzero(token == 0).tolist() for token in row[0]] for row in np.asarray(mask)]


def block_of(rows: int, n: int, value: float) -> mx.array:
    """Keys or values that can be told apart."""
    return mx.full((rows, HEADS, n, WIDTH), value)


def test_a_first_block_is_causal_and_hides_its_padding() -> None:
    """Rows that feed fewer tokens than others do not see what stands in for the rest."""
    positions, mask = TokenCache(1, 2).block([3, 1])

    assert np.asarray(positions).tolist() == [[0, 1, 2], [0, 1, 2]]
    rows = seen(mask)
    assert rows[0] == [[0], [0, 1], [0, 1, 2]]
    assert rows[1][0] == [0]


def test_a_refused_draft_leaves_slots_that_are_never_seen_again() -> None:
    """The tokens after it stand where it stood, and do not look at it."""
    cache = TokenCache(1, 2)
    cache.keep(4, [4, 2])
    positions, mask = cache.block([1, 2])

    assert np.asarray(positions)[0, 0] == 4
    assert np.asarray(positions)[1].tolist() == [2, 3]
    rows = seen(mask)
    assert rows[0][0] == [0, 1, 2, 3, 4]
    assert rows[1] == [[0, 1, 4], [0, 1, 4, 5]]


def test_rows_in_step_need_no_mask() -> None:
    """Batches without drafts take the fast way."""
    cache = TokenCache(1, 2)
    cache.keep(3, [3, 3])

    positions, mask = cache.block([1, 1])

    assert mask is None
    assert np.asarray(positions).tolist() == [[3], [3]]


@pytest.mark.parametrize("sizes", [[1] * 200, [100, 1, 70], [64, 64, 1], [63, 2], [5, 300]])
def test_nothing_is_lost_when_the_cache_grows(sizes: list[int]) -> None:
    """However many tokens come, one by one or a long draft at once."""
    cache = TokenCache(2, 1)
    for n, size in enumerate(sizes):
        cache.block([size])
        for layer in range(2):
            k, v = cache.append(
                layer, block_of(1, size, n + layer / 2), block_of(1, size, -n - layer / 2)
            )
        cache.keep(size, [size])

    expected = np.repeat(np.arange(len(sizes)), sizes) + 0.5
    assert k.shape == v.shape == (1, HEADS, sum(sizes), WIDTH)
    np.testing.assert_array_equal(k[0, 0, :, 0], expected)
    np.testing.assert_array_equal(v[0, -1, :, -1], -expected)
    assert cache.lengths.tolist() == [sum(sizes)]


def test_what_a_row_sees_survives_growth() -> None:
    """A refused draft stays refused when the cache has grown past it."""
    cache = TokenCache(1, 2)
    cache.keep(60, [60, 10])
    cache.keep(60, [0, 60])
    cache.keep(100, [100, 1])

    _, mask = cache.block([1, 1])

    first, second = (row[0] for row in seen(mask))
    assert first == [*range(60), *range(120, 221)]
    assert second == [*range(10), *range(60, 121), 220]


def test_rows_that_leave_take_their_slots_with_them() -> None:
    """Those that stay keep their tokens and their order."""
    cache = TokenCache(1, 3)
    cache.block([2, 2, 2])
    rows = mx.arange(3, dtype=mx.float32)[:, None, None, None]
    cache.append(0, mx.broadcast_to(rows, (3, HEADS, 2, WIDTH)), block_of(3, 2, 0.0))
    cache.keep(2, [1, 2, 2])

    cache.keep_rows([0, 2])

    assert cache.lengths.tolist() == [1, 2]
    positions, mask = cache.block([1, 1])
    assert np.asarray(positions).tolist() == [[1], [2]]
    assert seen(mask) == [[[0, 2]], [[0, 1, 2]]]
    k, _ = cache.append(0, block_of(2, 1, 9.0), block_of(2, 1, 9.0))
    assert np.asarray(k)[:, 0, :, 0].tolist() == [[0, 0, 9], [2, 2, 9]]


def test_a_row_that_goes_back_sees_only_what_it_kept() -> None:
    """Its next token stands where the first of those stood that were taken back."""
    cache = TokenCache(1, 2)
    cache.keep(4, [4, 2])
    cache.keep(1, [1, 1])
    cache.keep(1, [-2, 1])
    positions, mask = cache.block([1, 1])

    assert np.asarray(positions).tolist() == [[3], [4]]
    assert seen(mask) == [[[0, 1, 2, 6]], [[0, 1, 4, 5, 6]]]
