"""WebSocket frames as bytes, for clients that a library does not let one be."""

import struct

_MASK = bytes(4)


def text_frame(text: str) -> bytes:
    """A client's text frame (RFC 6455, 5.2), of less than 64 KiB."""
    data = text.encode()
    return struct.pack("!BBH", 0x81, 0x80 | 126, len(data)) + _MASK + data
