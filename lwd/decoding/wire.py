"""What the daemon and a decoder process say to each other over a socket.

Both ends are the same release of lwd. The daemon sends what to decode, as JSON, and then messages
of the stream; an empty one ends it. The process answers each with blocks of audio and DONE, which
means that nothing more comes out of what it was given, or with FAILED and the reason. It says DONE
before all, when it is ready. Imports no array library: the process does without one.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import IntEnum

from lwd.audio.format import Coding

LENGTH = struct.Struct(">I")
"""Before each message to the process: its length."""

ANSWER = struct.Struct(">BI")
"""Before each answer: its kind and its length."""

_BLOCK = struct.Struct(">IHHI")

_SAMPLE_FORMATS = ("u8", "s16", "s32", "flt", "dbl", "u8p", "s16p", "s32p", "fltp", "dblp")
"""FFmpeg's names of the forms that samples come in; `p` stands for planar."""


class Answer(IntEnum):
    """What an answer is."""

    AUDIO = 1
    DONE = 2
    FAILED = 3


def pack_coding(coding: Coding) -> bytes:
    """The first message."""
    return json.dumps(asdict(coding)).encode()


def unpack_coding(message: bytes) -> Coding:
    """Undo `pack_coding`."""
    return Coding(**json.loads(message))


@dataclass(frozen=True, slots=True)
class Block:
    """Decoded audio as FFmpeg has it: `sample_format` is FFmpeg's name."""

    sample_rate: int
    channels: int
    sample_format: str
    samples: bytes

    def pack(self) -> bytes:
        """For an AUDIO answer, which holds any number of blocks."""
        code = _SAMPLE_FORMATS.index(self.sample_format)
        head = _BLOCK.pack(self.sample_rate, self.channels, code, len(self.samples))
        return head + self.samples


def unpack_blocks(audio: bytes) -> Iterator[Block]:
    """The blocks of an AUDIO answer."""
    at = 0
    while at < len(audio):
        sample_rate, channels, code, n_bytes = _BLOCK.unpack_from(audio, at)
        at += _BLOCK.size + n_bytes
        yield Block(sample_rate, channels, _SAMPLE_FORMATS[code], audio[at - n_bytes : at])
