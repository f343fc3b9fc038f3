"""Ogg's chains: streams one after the other, as radio sends them, each with headers of its own.

FFmpeg follows a chain only while all its links are alike, so each is given to a demuxer of its
own. Pages are those of RFC 3533; their checksums are FFmpeg's business.
"""

import struct
from collections.abc import Iterator

from lwd.decoding.starts import Readable

_CAPTURE = b"OggS"
_HEADER = struct.Struct("<4sxB8xI8xB")
_FIRST_PAGE = 0x02
_READ_BYTES = 1 << 20


def links(source: Readable) -> Iterator[Readable]:
    """The links of a chain, each of which ends where the next begins.

    What was not read of one is passed over.
    """
    chain = _Chain(source)
    while True:
        yield chain
        while chain.read(_READ_BYTES):
            pass
        if not chain.begin_link():
            return


class _Chain:
    """Reads one link, and then the next."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._ahead = b""
        self._part_bytes = 0
        self._serials: set[int] = set()
        self._has_content = False

    def read(self, n_bytes: int) -> bytes:
        """See Readable; empty at the end of the link."""
        if not self._part_bytes:
            self._part_bytes = self._next_part_bytes()
        if self._part_bytes and not self._ahead:
            self._ahead = self._source.read(_READ_BYTES)
        size = min(n_bytes, self._part_bytes)
        part, self._ahead = self._ahead[:size], self._ahead[size:]
        self._part_bytes -= len(part)
        return part

    def begin_link(self) -> bool:
        """Whether another link follows the one that is read to its end; it is read from now on."""
        self._serials.clear()
        self._has_content = False
        return bool(self._ahead)

    def _next_part_bytes(self) -> int:
        """The size of the next page, or of what is before it; 0 at the end of the link."""
        if not self._look(_HEADER.size):
            return len(self._ahead)
        capture, flags, serial, n_segments = _HEADER.unpack_from(self._ahead)
        if capture != _CAPTURE:
            found = self._ahead.find(_CAPTURE)
            # The last bytes may be the first of a page.
            return found if found >= 0 else len(self._ahead) - len(_CAPTURE) + 1
        if flags & _FIRST_PAGE and serial not in self._serials and self._has_content:
            return 0
        self._serials.add(serial)
        self._has_content |= not flags & _FIRST_PAGE
        end = _HEADER.size + n_segments
        return end + sum(self._ahead[_HEADER.size : end]) if self._look(end) else len(self._ahead)

    def _look(self, n_bytes: int) -> bool:
        """Read ahead; False when the stream ends before."""
        while len(self._ahead) < n_bytes:
            part = self._source.read(_READ_BYTES)
            if not part:
                return False
            self._ahead += part
        return True
