"""Starts of streams that FFmpeg must be helped over, since it cannot go back in them."""

import struct
from typing import Protocol

from lwd.errors import UndecodableAudio

_MAX_INDEX_BYTES = 16 * 2**20
_MP3_START_BYTES = 512
"""What holds the first header and all that may be behind it in place of audio."""

_BOX = struct.Struct(">I4s")
_ID3 = struct.Struct(">3s2xB4B")
_ID3_FOOTER = 0x10


class Readable(Protocol):
    """The bytes of a stream, which wait where there are none yet."""

    def read(self, n_bytes: int) -> bytes:
        """At most `n_bytes`, empty at the end."""


class Input(Readable, Protocol):
    """Bytes that may be looked at before they are read."""

    def unread(self, data: bytes) -> None:
        """Have `data` read again."""


def prepare(name: str, source: Input) -> None:
    """Make the start of a `name` stream fit to be read; what was read of it is read again.

    Raises UndecodableAudio where that cannot be.
    """
    if name == "mp4":
        _hold_index(source)
    elif name == "mp3":
        _pass_tags(source)


def _hold_index(source: Input) -> None:
    """Wait for the whole index of an MP4, which must come before the audio."""
    head, at = bytearray(), 0
    while _fill(source, head, at + _BOX.size):
        size, kind = _BOX.unpack_from(head, at)
        if kind in (b"mdat", b"moof"):
            raise UndecodableAudio(
                "The MP4 stream has its index (moov) behind its audio, so that only a whole file"
                " can be decoded: write it with `ffmpeg -movflags +faststart`, or fragmented."
            )
        at += size
        if size < _BOX.size or at > _MAX_INDEX_BYTES:
            break
        if kind == b"moov":
            _fill(source, head, at)
            break
    source.unread(bytes(head))


def _pass_tags(source: Input) -> None:
    """Drop the ID3v2 tags before MP3 frames, which may hold pictures."""
    head = bytearray()
    while _fill(source, head, _ID3.size) and head.startswith(b"ID3"):
        _, flags, *sizes = _ID3.unpack_from(head)
        tag_bytes = _ID3.size * (2 if flags & _ID3_FOOTER else 1)
        tag_bytes += sum(size << shift for size, shift in zip(sizes, (21, 14, 7, 0), strict=True))
        while 0 < len(head) <= tag_bytes:
            tag_bytes -= len(head)
            head[:] = source.read(_MAX_INDEX_BYTES)
        del head[:tag_bytes]
    _fill(source, head, _MP3_START_BYTES)
    source.unread(bytes(head))


def _fill(source: Input, head: bytearray, n_bytes: int) -> bool:
    """Read until `head` has `n_bytes`; False when the stream ends before."""
    while len(head) < n_bytes:
        part = source.read(_MAX_INDEX_BYTES)
        if not part:
            return False
        head += part
    return True
