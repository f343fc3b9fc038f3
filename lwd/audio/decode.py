"""Bytes to samples: what a decoder is, and the decoder of plain PCM and G.711.

Knows sample layouts; knows nothing of containers, of 16 kHz or of channels wanted.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lwd.audio.format import AudioFormat

Frames = NDArray[np.float32]
"""Samples of shape (n_frames, n_channels), scaled to [-1, 1]."""


class Decoder(Protocol):
    """Turns the bytes of one stream, split anywhere, into frames; carries what is incomplete."""

    @property
    def format(self) -> AudioFormat | None:
        """None until the stream has said what it is, and set before its first frames come."""

    def feed(self, data: bytes) -> AsyncIterator[Frames]:
        """Frames completed by `data`, in parts as they are decoded.

        Raises UndecodableAudio; the decoder is of no use after that.
        """

    def flush(self) -> AsyncIterator[Frames]:
        """Frames that only the end of the stream completes; nothing is fed after it."""

    async def close(self) -> None:
        """Give up what decodes; at any time, and more than once."""


class PlainDecoder(Protocol):
    """A decoder that needs neither time nor another process: see Decoder."""

    @property
    def format(self) -> AudioFormat | None:
        """See Decoder."""

    def feed(self, data: bytes) -> Frames:
        """All frames completed by `data`; shape (0, 0) as long as `format` is None."""

    def flush(self) -> Frames:
        """See Decoder."""


class InPlace:
    """A plain decoder as a Decoder."""

    def __init__(self, plain: PlainDecoder) -> None:
        self._plain = plain

    @property
    def format(self) -> AudioFormat | None:
        """See Decoder."""
        return self._plain.format

    async def feed(self, data: bytes) -> AsyncIterator[Frames]:
        """See Decoder."""
        yield self._plain.feed(data)

    async def flush(self) -> AsyncIterator[Frames]:
        """See Decoder."""
        yield self._plain.flush()

    async def close(self) -> None:
        """See Decoder."""


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


def _mulaw_table() -> NDArray[np.float32]:
    """ITU-T G.711: sign, exponent of 3 bits and mantissa of 4, all inverted; 14 bits of range."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = code >> 4 & 7, (code & 15).astype(np.float32)
    magnitude = (mantissa * 2 + 33) * 2.0**exponent - 33
    return _signed(magnitude, code & 0x80 == 0, 2**13)


def _alaw_table() -> NDArray[np.float32]:
    """ITU-T G.711: the even bits inverted, exponent 0 without the leading one; 13 bits of range."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = code >> 4 & 7, (code & 15).astype(np.float32)
    leading = np.where(exponent, 33, 1)
    magnitude = (mantissa * 2 + leading) * 2.0 ** np.maximum(exponent - 1.0, 0)
    return _signed(magnitude, code & 0x80 != 0, 2**12)


def _signed(
    magnitude: NDArray[np.floating], is_positive: NDArray[np.bool_], full_scale: int
) -> NDArray[np.float32]:
    return (np.where(is_positive, magnitude, -magnitude) / full_scale).astype(np.float32)


_MULAW_TABLE = _mulaw_table()
_ALAW_TABLE = _alaw_table()

U8 = SampleFormat(1, _from_u8)
S16 = SampleFormat(2, _from_s16)
S24 = SampleFormat(3, _from_s24)
S32 = SampleFormat(4, _from_s32)
F32 = SampleFormat(4, lambda data: _from_float(data, "<f4"))
F64 = SampleFormat(8, lambda data: _from_float(data, "<f8"))
MULAW = SampleFormat(1, lambda data: _MULAW_TABLE[np.frombuffer(data, np.uint8)])
ALAW = SampleFormat(1, lambda data: _ALAW_TABLE[np.frombuffer(data, np.uint8)])


class PcmDecoder:
    """Interleaved little-endian samples; a frame cut by the end of a call waits for the next one."""

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
