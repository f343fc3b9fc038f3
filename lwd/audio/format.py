"""What a stream of audio is said to be and turns out to be, and what lwd takes.

Imports no array library: decoder processes do without one.
"""

from dataclasses import dataclass

from lwd.errors import UndecodableAudio

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


@dataclass(frozen=True, slots=True)
class Coding:
    """What a decoder is for: a container, or an encoding without one.

    `sample_rate` and `channels` are those that the client named, for an encoding that needs them.
    """

    name: str
    sample_rate: int
    channels: int
