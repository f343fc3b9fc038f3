"""WAV as a stream: the header in any split, then PCM or G.711.

Follows Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" and the
WAVEFORMATEXTENSIBLE documentation. A size that cannot be true means "until the stream ends", as
live encoders write it; so does RF64, whose true size is not needed.
"""

import struct

from lwd.audio.decode import (
    ALAW,
    F32,
    F64,
    MULAW,
    NO_FRAMES,
    S16,
    S24,
    S32,
    U8,
    Frames,
    PcmDecoder,
    SampleFormat,
)
from lwd.audio.format import AudioFormat
from lwd.errors import UndecodableAudio

MAX_HEADER_BYTES = 2**20
"""What may come before the samples: cover pictures and broadcast data stay well below."""

_RIFF_HEADER_BYTES = 12
_CHUNK_HEADER = struct.Struct("<4sI")
_FMT = struct.Struct("<HHIIHH")
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)

_PCM, _IEEE_FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 0x0001, 0x0003, 0x0006, 0x0007, 0xFFFE
_EXTENSION = struct.Struct("<HHIH14s")
_SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")

_SAMPLE_FORMATS: dict[tuple[int, int], SampleFormat] = {
    (_PCM, 8): U8,
    (_PCM, 16): S16,
    (_PCM, 24): S24,
    (_PCM, 32): S32,
    (_IEEE_FLOAT, 32): F32,
    (_IEEE_FLOAT, 64): F64,
    (_ALAW, 8): ALAW,
    (_MULAW, 8): MULAW,
}

_CODEC_NAMES = {
    _PCM: "PCM",
    0x0002: "MS ADPCM",
    _IEEE_FLOAT: "IEEE float",
    _ALAW: "A-law",
    _MULAW: "mu-law",
    0x0011: "IMA ADPCM",
    0x0031: "GSM 6.10",
    0x0055: "MP3",
    0x00FF: "AAC",
}


class WavDecoder:
    """Frames of a RIFF/WAVE stream; chunks other than `fmt ` and `data` are passed over."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._next_chunk = _RIFF_HEADER_BYTES
        self._pcm: PcmDecoder | None = None
        self._fmt: tuple[AudioFormat, SampleFormat] | None = None
        self._remaining_bytes: int | None = None

    @property
    def format(self) -> AudioFormat | None:
        """Known when the header is read."""
        return self._pcm.format if self._pcm else None

    def feed(self, data: bytes) -> Frames:
        """Frames completed by `data`. Raises UndecodableAudio for what is not PCM."""
        if self._pcm is None:
            self._header += data
            data = self._read_header()
        if self._pcm is None:
            return NO_FRAMES
        if self._remaining_bytes is not None:
            data = data[: self._remaining_bytes]
            self._remaining_bytes -= len(data)
        return self._pcm.feed(data)

    def flush(self) -> Frames:
        """No frames. Raises UndecodableAudio when the stream ended inside its header."""
        if self._pcm is None:
            raise UndecodableAudio("The WAV stream ended before its 'data' chunk.")
        return self._pcm.flush()

    def _read_header(self) -> bytes:
        """Walk the complete chunks; return the samples that follow the header, if it is over."""
        header = self._header
        while len(header) >= self._next_chunk + _CHUNK_HEADER.size:
            chunk_id, size = _CHUNK_HEADER.unpack_from(header, self._next_chunk)
            body = self._next_chunk + _CHUNK_HEADER.size
            if chunk_id == b"data":
                self._begin_samples(size)
                self._header = bytearray()
                return bytes(header[body:])
            end = body + size + size % 2
            if end > MAX_HEADER_BYTES:
                raise UndecodableAudio(
                    f"The WAV stream has no 'data' chunk in its first {MAX_HEADER_BYTES} bytes.",
                )
            if chunk_id == b"fmt ":
                if len(header) < end:
                    break
                self._fmt = _parse_fmt(bytes(header[body : body + size]))
            self._next_chunk = end
        return b""

    def _begin_samples(self, size: int) -> None:
        if self._fmt is None:
            raise UndecodableAudio("The WAV stream has no 'fmt ' chunk before its 'data' chunk.")
        self._pcm = PcmDecoder(*self._fmt)
        self._remaining_bytes = None if size in _UNKNOWN_SIZES else size


def _parse_fmt(body: bytes) -> tuple[AudioFormat, SampleFormat]:
    if len(body) < _FMT.size:
        raise UndecodableAudio(f"The WAV 'fmt ' chunk has {len(body)} bytes: it needs {_FMT.size}.")
    tag, channels, sample_rate, _, frame_bytes, bits = _FMT.unpack_from(body)
    if tag == _EXTENSIBLE and len(body) >= _FMT.size + _EXTENSION.size:
        *_, subformat, tail = _EXTENSION.unpack_from(body, _FMT.size)
        tag = subformat if tail == _SUBFORMAT_TAIL else tag
    taken_bits = 8 * frame_bytes // max(channels, 1)
    # 20 bits lie in 24, and 24 may lie in 32. Otherwise a size of the frame that differs is wrong.
    is_padded = bits % 8 != 0 or (bits, taken_bits) == (24, 32)
    sample_format = _SAMPLE_FORMATS.get((tag, taken_bits if is_padded else bits))
    if sample_format is None:
        raise UndecodableAudio(
            f"WAV of {_CODEC_NAMES.get(tag, f'codec 0x{tag:04x}')}, {bits} bit, {channels} channels "
            f"in {frame_bytes} bytes: send PCM of 8, 16, 24 or 32 bit, IEEE float of 32 or 64, "
            "A-law or mu-law.",
        )
    return AudioFormat("wav", sample_rate, channels), sample_format
