"""Audio files and pipes of any kind, for the commands that send them to a server.

The daemon reads no files: what its clients send goes through `lwd.audio.source`.
"""

from collections.abc import Iterator
from os import PathLike, fspath
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from lwd.errors import InputUnreadable


def read_audio(
    source: str | PathLike[str] | BinaryIO,
    sample_rate: int = 16_000,
) -> Iterator[NDArray[np.int16]]:
    """Yield the first audio stream of `source`, a path or standard input, as mono blocks (n,).

    Standard input may be a pipe. Damaged packets are left out. Raises InputUnreadable before
    the first block when there is no audio, later when the container breaks off.
    """
    path = fspath(source) if isinstance(source, str | PathLike) else None
    name = path or "standard input"
    try:
        with av.open(path or source, "r") as container:
            if not container.streams.audio:
                raise InputUnreadable(f"{name} has no audio stream.")
            yield from _blocks(container, sample_rate)
    except (av.InvalidDataError, av.EOFError) as error:
        raise InputUnreadable(
            f"{name} holds no audio that can be read: it is of an unknown format, damaged or cut "
            "off, or an MP4 that comes through a pipe.",
        ) from error
    except av.FFmpegError as error:
        raise InputUnreadable(f"{name} cannot be read: {error.strerror}.") from error


def _blocks(container: InputContainer, sample_rate: int) -> Iterator[NDArray[np.int16]]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate)
    for frame in _frames(container):
        for block in resampler.resample(frame):
            yield block.to_ndarray()[0]


def _frames(container: InputContainer) -> Iterator[AudioFrame | None]:
    """Every frame that decodes, then the None that flushes a resampler."""
    damage: av.InvalidDataError | None = None
    n_frames = 0
    for packet in container.demux(audio=0):
        try:
            frames = packet.decode()
        except av.InvalidDataError as error:
            damage = error
        else:
            n_frames += len(frames)
            yield from frames
    if damage and not n_frames:
        raise damage
    yield None
