"""Audio files and pipes of any kind, for the commands that read them, and FLAC for what is kept.

The daemon reads no files: what its clients send goes through `lwd.audio.source`. Files are opened
here, and FFmpeg opens none by itself: a playlist leads to no other file, and a URL to no server.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
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
        with _opened(source) as container:
            if not container.streams.audio:
                raise InputUnreadable(f"{name} has no audio stream.")
            yield from _blocks(container, sample_rate)
    except av.FFmpegError as error:
        raise InputUnreadable(f"{name} holds no audio that can be read: {_why(path)}.") from error
    except OSError as error:
        raise InputUnreadable(f"{name} cannot be read: {error.strerror}.") from error


@contextmanager
def _opened(source: str | PathLike[str] | BinaryIO) -> Iterator[InputContainer]:
    """`source` as FFmpeg reads it; a path's file has no buffer, so that a pipe is read at once."""
    if isinstance(source, str | PathLike):
        with FileIO(fspath(source)) as file, _opened(file) as container:
            yield container
    else:
        with av.open(source, "r", container_options={"protocol_whitelist": "none"}) as container:
            yield container


def _why(path: str | None) -> str:
    """What may be wrong with the file, or with standard input."""
    if path and not Path(path).stat().st_size:
        return "it is empty"
    known = "it is of an unknown format, damaged or cut off"
    return known if path else f"{known}, or an MP4 that comes through a pipe"


def audio_duration_s(path: str | PathLike[str]) -> float | None:
    """How long a file says that it is, in seconds; None where it does not, or cannot be read.

    A pipe is left alone, since what is read of it is gone.
    """
    if not Path(path).is_file():
        return None
    try:
        with _opened(path) as container:
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
