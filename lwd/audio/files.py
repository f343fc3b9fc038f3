"""Audio files and pipes of any kind, for the commands that read them, and FLAC for what is kept.

The daemon reads no files: what its clients send goes through `lwd.audio.source`.
"""

from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from lwd.errors import InputUnreadable, OutputUnwritable


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
        raise InputUnreadable(f"{name} holds no audio that can be read: {_why(path)}.") from error
    except av.FFmpegError as error:
        raise InputUnreadable(f"{name} cannot be read: {error.strerror}.") from error


def _why(path: str | None) -> str:
    """What may be wrong with the file, or with standard input."""
    if path and not Path(path).stat().st_size:
        return "it is empty"
    known = "it is of an unknown format, damaged or cut off"
    return known if path else f"{known}, or an MP4 that comes through a pipe"


def audio_duration_s(path: str | PathLike[str]) -> float | None:
    """How long a file says that it is, in seconds; None where it does not, or cannot be read."""
    try:
        with av.open(fspath(path), "r") as container:
            duration = container.duration
    except (av.FFmpegError, OSError):
        return None
    return None if duration is None else duration / av.time_base


def write_flac(path: PathLike[str], samples: NDArray[np.int16], sample_rate: int = 16_000) -> None:
    """Write mono samples, shape (n,); raises OutputUnwritable."""
    try:
        with av.open(fspath(path), "w", format="flac") as container:
            stream = container.add_stream("flac", rate=sample_rate, layout="mono")
            frame = AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
            frame.sample_rate = sample_rate
            for part in (frame, None):
                container.mux(stream.encode(part))
    except (av.FFmpegError, OSError) as error:
        raise OutputUnwritable(f"{fspath(path)} cannot be written: {error.strerror}") from error


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
