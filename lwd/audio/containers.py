"""What a stream is, by its first bytes.

A container says better what it holds than the request that it came with, so it wins.
"""

import re

from lwd.audio.decode import Decoder
from lwd.audio.flac import FlacDecoder
from lwd.audio.wav import WavDecoder
from lwd.errors import UndecodableAudio

SNIFF_BYTES = 12
"""The longest signature: RIFF, a size, WAVE."""

_REFUSED = (
    ("Ogg", 0, b"OggS"),
    ("WebM or Matroska", 0, b"\x1a\x45\xdf\xa3"),
    ("MP3", 0, b"ID3"),
    ("MP4", 4, b"ftyp"),
)

_MP3_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]")
"""Sync, any version, layer III, a valid bit rate."""


def container_decoder(head: bytes) -> Decoder | None:
    """Return the decoder of the container that starts with `head`, None if it starts none.

    `head` has SNIFF_BYTES, or all there is. Raises UndecodableAudio for a container that is
    recognised but not decoded.
    """
    if head.startswith(b"RIFF") and head[8:] == b"WAVE":
        return WavDecoder()
    if head.startswith(b"fLaC"):
        return FlacDecoder()
    for name, offset, signature in _REFUSED:
        if head.startswith(signature, offset):
            raise refusal(name)
    return None


def starts_mp3_frame(head: bytes) -> bool:
    """Whether `head` starts with an MPEG audio layer III header, as MP3 without a tag does.

    Linear16 may start so by chance: ask only about streams that nothing else is known of.
    """
    return _MP3_FRAME.match(head) is not None


def refusal(name: str) -> UndecodableAudio:
    """Return the error for a stream of the container or encoding `name`."""
    return UndecodableAudio(
        f"The stream is {name}; this release takes linear16, WAV and FLAC. "
        "Convert it first, for example with: ffmpeg -i INPUT -f wav -",
    )
