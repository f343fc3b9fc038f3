"""Streams that come in messages, and what is decoded of them without a process."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from lwd.audio.format import Coding
from lwd.decoding.containers import container_frames
from lwd.decoding.flac import flac_frames
from lwd.decoding.packets import PACKETS, packet_frames


class Messages:
    """An Input of messages that are all there."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._rest = b""

    def read(self, n_bytes: int) -> bytes:
        """See Input."""
        while not self._rest and (part := next(self._parts, None)) is not None:
            self._rest = part
        read, self._rest = self._rest[:n_bytes], self._rest[n_bytes:]
        return read

    def unread(self, data: bytes) -> None:
        """See Input."""
        self._rest = data + self._rest


def frames(name: str, parts: Iterable[bytes]) -> Iterator[AudioFrame]:
    """What is decoded of a stream that a client sends in `parts`."""
    if name == "flac":
        return flac_frames(parts)
    if name in PACKETS:
        return packet_frames(Coding(name, 16_000, 1), parts)
    return container_frames(name, Messages(parts))


def samples(decoded: Iterable[AudioFrame]) -> NDArray[np.float32]:
    """Frames as one array of shape (n, channels), scaled to [-1, 1]."""
    blocks = [_block(frame) for frame in decoded]
    return np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)


def _block(frame: AudioFrame) -> NDArray[np.float32]:
    array: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, frame.layout.nb_channels).T
    scale = 1 if array.dtype.kind == "f" else -np.float32(np.iinfo(array.dtype).min)
    return (array.astype(np.float32) / scale).T
