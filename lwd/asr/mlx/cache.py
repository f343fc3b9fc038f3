"""The decoder's KV cache for rows that do not go in step.

All rows write into the same slots, so that a pass of the decoder appends one block to each layer.
Which of the slots a row may see, and how many tokens it has, is kept here for each row: a refused
draft leaves slots behind that its row never sees again.
"""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

_GROWTH_SLOTS = 64
_HIDDEN = -1e9


class TokenCache:
    """Keys and values of the tokens decoded so far, preallocated and grown in blocks."""

    def __init__(self, n_layers: int, n_rows: int) -> None:
        self._layers: list[tuple[mx.array, mx.array] | None] = [None] * n_layers
        self._used = 0
        self._visible = np.zeros((n_rows, _GROWTH_SLOTS), dtype=bool)
        self.lengths = np.zeros(n_rows, dtype=np.int64)
        """Tokens of each row that the cache holds."""

    def block(self, sizes: Sequence[int]) -> tuple[mx.array, mx.array | None]:
        """Positions and mask for a pass in which each row adds so many tokens, padded to the most.

        Returns positions (rows, n), and the mask (rows, 1, n, cached + n) or None when every row
        sees everything.
        """
        n = max(sizes)
        positions = mx.array(self.lengths[:, None] + np.arange(n)[None])
        past = self._visible[:, None, : self._used]
        if n == 1 and past.all():
            return positions, None
        new = np.tri(n, dtype=bool)[None] & (np.arange(n) < np.asarray(sizes)[:, None])[:, None]
        seen = np.concatenate([np.broadcast_to(past, (len(sizes), n, self._used)), new], axis=2)
        return positions, mx.array(np.where(seen, 0.0, _HIDDEN).astype(np.float32))[:, None]

    def append(self, layer: int, k: mx.array, v: mx.array) -> tuple[mx.array, mx.array]:
        """Write a layer's keys and values (rows, heads, n, width) behind those that are kept.

        Returns the layer's keys and values with the new ones.
        """
        end = self._used + k.shape[2]
        keys, values = (self._grown(pair, like=k, slots=end) for pair in self._pair(layer))
        keys[:, :, self._used : end] = k
        values[:, :, self._used : end] = v
        self._layers[layer] = (keys, values)
        return keys[:, :, :end], values[:, :, :end]

    def keep(self, size: int, kept: Sequence[int]) -> None:
        """After a pass of `size` slots: how many of its tokens each row keeps, from the first.

        A row that goes back keeps fewer than none, and loses so many of those before.
        """
        end = self._used + size
        if end > self._visible.shape[1]:
            self._visible = np.pad(self._visible, [(0, 0), (0, _capacity(end))])
        for row, n in enumerate(kept):
            self._visible[row, self._used : self._used + max(0, n)] = True
            if n < 0:
                self._visible[row, np.flatnonzero(self._visible[row])[n:]] = False
        self.lengths += np.asarray(kept)
        self._used = end

    def keep_rows(self, index: Sequence[int]) -> None:
        """Drop every row but the given ones."""
        at = mx.array(list(index))
        self._layers = [pair and (pair[0][at], pair[1][at]) for pair in self._layers]
        self._visible = self._visible[list(index)]
        self.lengths = self.lengths[list(index)]

    def _pair(self, layer: int) -> tuple[mx.array | None, mx.array | None]:
        return self._layers[layer] or (None, None)

    def _grown(self, array: mx.array | None, *, like: mx.array, slots: int) -> mx.array:
        rows, heads, _, width = like.shape
        if array is None:
            return mx.zeros((rows, heads, _capacity(slots), width), dtype=like.dtype)
        if slots <= array.shape[2]:
            return array
        more = _capacity(slots) - array.shape[2]
        return mx.pad(array, [(0, 0), (0, 0), (0, more), (0, 0)])


def _capacity(slots: int) -> int:
    return -(-slots // _GROWTH_SLOTS) * _GROWTH_SLOTS
