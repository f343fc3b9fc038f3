"""Packets that come one to a message, without a container, as frames of audio."""

from collections.abc import Iterable, Iterator
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from lwd.audio.format import Coding
from lwd.decoding.uniform import Uniform
from lwd.errors import UndecodableAudio

PACKETS = {"opus": "opus", "speex": "speex"}
"""FFmpeg's decoders of what lwd calls it."""

_MAX_DAMAGED = 50
"""Packets, a second of speech or so, after which a stream without a frame is something else."""

_MAX_CHANNELS = 2
_OPUS_RATE = 48_000


def packet_frames(coding: Coding, packets: Iterable[bytes]) -> Iterator[AudioFrame]:
    """Audio of each packet at once; damaged packets are left out.

    Raises UndecodableAudio when the first ones are no such packets, or have too many channels.
    """
    codec = _codec(coding)
    uniform = Uniform()
    n_damaged = 0
    for packet in packets:
        try:
            frames = codec.decode(av.Packet(packet))
        except av.FFmpegError:
            n_damaged += 1
            if n_damaged >= _MAX_DAMAGED and not uniform.has_begun:
                break
            continue
        for frame in frames:
            yield from uniform.convert(frame)
    if n_damaged and not uniform.has_begun:
        raise UndecodableAudio(
            f"encoding={coding.name}, but no message holds a packet of it:"
            " send one packet in each message, or a container without `encoding`."
        )


def _codec(coding: Coding) -> AudioCodecContext:
    if coding.channels > _MAX_CHANNELS:
        raise UndecodableAudio(f"{coding.name} with {coding.channels} channels: send 1 or 2.")
    codec = cast("AudioCodecContext", av.CodecContext.create(PACKETS[coding.name], "r"))
    codec.sample_rate = _OPUS_RATE if coding.name == "opus" else coding.sample_rate
    codec.layout = "mono" if coding.channels == 1 else "stereo"
    codec.thread_count = 1
    return codec
