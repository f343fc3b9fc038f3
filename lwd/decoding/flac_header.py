"""What the headers of a FLAC stream say, and its checksums; decodes no samples.

Sections are those of RFC 9639.
"""

from dataclasses import dataclass
from typing import Self

from lwd.audio.format import AudioFormat
from lwd.errors import UndecodableAudio

START_BYTES = 42
"""The marker `fLaC`, one block header and the STREAMINFO block, which always come first."""

FRAME_HEADER_BYTES = 16
"""The longest frame header, checksum included."""

_SAMPLE_RATES = (0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
_SAMPLE_BITS = (0, 8, 12, -1, 16, 20, 24, 32)
_BLOCK_SIZE_BYTES = {6: 1, 7: 2}
_SAMPLE_RATE_BYTES = {12: 1, 13: 2, 14: 2}


def _crc_table(polynomial: int, bits: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = crc << 1 ^ (polynomial if crc >> bits - 1 else 0)
        table.append(crc)
    return tuple(table)


_CRC_8 = _crc_table(0x107, 8)
_CRC_16 = _crc_table(0x18005, 16)


def _crc_8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _CRC_8[crc ^ byte]
    return crc


def crc_16(data: bytes | bytearray, crc: int = 0) -> int:
    """Go on with the checksum `crc` over `data`; 0 at the end of an intact frame (section 9.3)."""
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ _CRC_16[crc >> 8 ^ byte]
    return crc


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """STREAMINFO (section 8.2); `block` holds its bytes."""

    block: bytes
    format: AudioFormat
    sample_bits: int

    @classmethod
    def parse(cls, start: bytes) -> Self:
        """Read the first START_BYTES of a stream. Raises UndecodableAudio."""
        # All but the bit that marks the last block: type 0, and the length.
        if int.from_bytes(start[4:8]) & 0x7FFFFFFF != START_BYTES - 8:
            raise UndecodableAudio(
                "The stream starts with 'fLaC', but no STREAMINFO block follows.",
            )
        block = start[8:]
        fields = int.from_bytes(block[10:18])
        audio_format = AudioFormat("flac", fields >> 44, (fields >> 41 & 7) + 1)
        return cls(block, audio_format, (fields >> 36 & 31) + 1)

    def heads_frame(self, data: bytes) -> bool:
        """Whether `data` (FRAME_HEADER_BYTES) starts with a frame header of this stream.

        Section 9.1. By the sync code alone, every 32 KiB of samples would hold a header.
        """
        block_size, sample_rate = data[2] >> 4, data[2] & 15
        channels, sample_bits = data[3] >> 4, _SAMPLE_BITS[data[3] >> 1 & 7]
        if block_size == 0 or sample_rate == 15 or data[3] & 1 or data[4] == 0xFF:  # noqa: PLR2004 - reserved
            return False
        number_bytes = max(1, 8 - (data[4] ^ 0xFF).bit_length())
        end = 4 + number_bytes + _BLOCK_SIZE_BYTES.get(block_size, 0)
        end += _SAMPLE_RATE_BYTES.get(sample_rate, 0)
        return (
            self._has_channels(channels)
            and sample_bits in (0, self.sample_bits)
            and (sample_rate in _SAMPLE_RATE_BYTES or self._has_rate(sample_rate))
            and _crc_8(data[:end]) == data[end]
        )

    def _has_channels(self, code: int) -> bool:
        joint_stereo = code in (8, 9, 10)
        return self.format.channels == (2 if joint_stereo else code + 1)

    def _has_rate(self, code: int) -> bool:
        return _SAMPLE_RATES[code] in (0, self.format.sample_rate)
