"""Bytes to samples: what a decoder is, and the decoder of plain PCM.

Knows sample layouts; knows nothing of containers, of 16 kHz or of channels wanted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lwd.errors import UndecodableAudio

Frames = NDArray[np.float32]
"""Samples of shape (n_frames, n_channels), scaled to [-1, 1]."""

MAX_CHANNELS = 20
MIN_SAMPLE_RATE = 8_000
MAX_SAMPLE_RATE = 192_000


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What a stream turned out to be: `name` is its container, or its encoding when it has none.

    `contradicts_encoding` tells that the client named an encoding and sent a container of another.
    Raises UndecodableAudio outside the limits of this module.
    """

    name: str
    sample_rate: int
    channels: int
    contradicts_encoding: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise UndecodableAudio(
                f"{self.name} with {self.channels} channels: send 1 to {MAX_CHANNELS}.",
            )
        if not MIN_SAMPLE_RATE <= self.sample_rate <= MAX_SAMPLE_RATE:
            raise UndecodableAudio(
                f"{self.name} at {self.sample_rate} Hz: "
                f"send {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz.",
            )


class Decoder(Protocol):
    """Turns the bytes of one stream, split anywhere, into frames; carries what is incomplete."""

    @property
    def format(self) -> AudioFormat | None:
        """None until the stream has said what it is."""

    def feed(self, data: bytes) -> Frames:
        """Frames completed by `data`; shape (0, 0) as long as `format` is None.

        Raises UndecodableAudio; the decoder is of no use after that.
        """

    def flush(self) -> Frames:
        """Frames that only the end of the stream completes; the last call."""


NO_FRAMES: Frames = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """How one PCM sample lies in the bytes, and how whole samples become float32."""

    width_bytes: int
    to_float: Callable[[bytes], NDArray[np.float32]]


def _from_u8(data: bytes) -> NDArray[np.float32]:
    return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)


def _from_s16(data: bytes) -> NDArray[np.float32]:
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(2**15)


def _from_s24(data: bytes) -> NDArray[np.float32]:
    widened = np.zeros((len(data) // 3, 4), dtype=np.uint8)
    widened[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return _from_s32(widened.tobytes())


def _from_s32(data: bytes) -> NDArray[np.float32]:
    return np.frombuffer(data, "<i4").astype(np.float32) / np.float32(2**31)


def _from_float(data: bytes, dtype: str) -> NDArray[np.float32]:
    # One NaN would stay in the resampler and in the speech detector until the stream ends.
    finite = np.nan_to_num(np.frombuffer(data, dtype), nan=0.0)
    clipped: NDArray[np.floating] = np.clip(finite, -1.0, 1.0)
    return clipped.astype(np.float32)


U8 = SampleFormat(1, _from_u8)
S16 = SampleFormat(2, _from_s16)
S24 = SampleFormat(3, _from_s24)
S32 = SampleFormat(4, _from_s32)
F32 = SampleFormat(4, lambda data: _from_float(data, "<f4"))
F64 = SampleFormat(8, lambda data: _from_float(data, "<f8"))


class PcmDecoder:
    """Interleaved little-endian PCM; a frame cut by the end of a call waits for the next one."""

    def __init__(self, audio_format: AudioFormat, sample_format: SampleFormat) -> None:
        self.format = audio_format
        self._to_float = sample_format.to_float
        self._frame_bytes = sample_format.width_bytes * audio_format.channels
        self._carry = b""

    def feed(self, data: bytes) -> Frames:
        """Frames completed by `data`."""
        data = self._carry + data
        whole = len(data) - len(data) % self._frame_bytes
        self._carry = data[whole:]
        return self._to_float(data[:whole]).reshape(-1, self.format.channels)

    def flush(self) -> Frames:
        """No frames: a partial one is no audio."""
        return self.feed(b"")
