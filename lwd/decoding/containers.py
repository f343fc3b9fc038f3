"""What FFmpeg's demuxers find in a stream that cannot be sought in, as frames of audio.

A demuxer is named by the stream's first bytes, and looks no further than it must before the first
audio. Damaged packets are left out, those around them are kept.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from lwd.decoding.chain import links
from lwd.decoding.starts import Input, Readable, prepare
from lwd.decoding.uniform import Uniform
from lwd.errors import UndecodableAudio

if TYPE_CHECKING:
    from av.packet import Packet  # which cannot be subscripted when it runs

CONTAINERS = {
    "ogg": "ogg",
    "webm": "matroska",
    "mp3": "mp3",
    "aac": "aac",
    "mp4": "mov",
    "amr": "amr",
    "amr-nb": "amrnb",
    "amr-wb": "amrwb",
    "g729": "g729",
}
"""FFmpeg's demuxers of what lwd calls it."""

_CODECS = frozenset(
    {
        *("opus", "vorbis", "flac", "speex", "aac", "mp3", "mp3float", "alac"),
        *("amrnb", "amrwb", "g729", "pcm_mulaw", "pcm_alaw", "pcm_u8", "pcm_s16le", "pcm_s16be"),
        *("pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f64le"),
    }
)
"""The decoders that a stream may use."""

_OPTIONS = {
    # Without a look ahead: what a frame needs is known by its header, or when it is decoded.
    "probesize": "32",
    "analyzeduration": "1",
    "codec_whitelist": ",".join(sorted(_CODECS)),
    "protocol_whitelist": "none",
}

_DELAYS = {"aac": 1024, "mp3": 1152, "mp3float": 1152}
"""Samples before the audio that an encoder makes, in whole frames; some containers tell of them."""

_BUFFER_BYTES = 1 << 20
"""FFmpeg goes back in what it has in its buffer, and nowhere else."""


class _Progress:
    """An input, and whether it gave anything of late."""

    def __init__(self, source: Readable) -> None:
        self.is_made = True
        self._source = source

    def read(self, n_bytes: int) -> bytes:
        data = self._source.read(n_bytes)
        self.is_made = bool(data)
        return data


def container_frames(name: str, source: Input) -> Iterator[AudioFrame]:
    """Audio of the first audio track of the container `name`, each frame as soon as it is there.

    Raises UndecodableAudio for what is no such container, or holds no audio that decodes.
    """
    prepare(name, source)
    uniform = Uniform()
    for link in links(source) if name == "ogg" else (source,):
        try:
            yield from _link_frames(name, link, uniform)
        except UndecodableAudio:
            # A later link that does not decode loses only itself.
            if name != "ogg" or not uniform.has_begun:
                raise


def _link_frames(name: str, source: Readable, uniform: Uniform) -> Iterator[AudioFrame]:
    progress = _Progress(source)
    try:
        with av.open(
            progress,
            "r",
            format=CONTAINERS[name],
            container_options=_OPTIONS,
            buffer_size=_BUFFER_BYTES,
        ) as container:
            yield from _track_frames(name, container, progress, uniform)
    except (av.FFmpegError, ValueError) as error:
        raise UndecodableAudio(
            f"The stream starts like {name}, but it is damaged or not sent from its start."
        ) from error


def _track_frames(
    name: str, container: InputContainer, progress: _Progress, uniform: Uniform
) -> Iterator[AudioFrame]:
    if not container.streams.audio:
        raise UndecodableAudio(f"The {name} stream has no audio track.")
    track = container.streams.audio[0]
    codec = track.codec_context
    # PyAV has none for a codec that FFmpeg does not know.
    if not codec or codec.name not in _CODECS:
        held = codec.name if codec else "audio of an unknown kind"
        raise UndecodableAudio(f"The {name} stream holds {held}, which lwd does not decode.")
    codec.thread_count = 1
    n_damaged = delay = 0
    for n, packet in enumerate(_packets(container, track, progress)):
        if n == 0 and not packet.has_sidedata("skip_samples"):
            delay = _DELAYS.get(codec.name, 0)
        frames = _decoded(packet)
        n_damaged += frames is None
        for frame in frames or ():
            if delay > 0:
                delay -= frame.samples
            else:
                yield from uniform.convert(frame)
    if n_damaged and not uniform.has_begun:
        raise UndecodableAudio(f"The {name} stream ended before its first intact frame.")


def _packets(
    container: InputContainer, track: AudioStream, progress: _Progress
) -> Iterator["Packet[AudioStream]"]:
    """The packets of a track; the demuxer is asked again after damage, while it goes on reading."""
    while True:
        try:
            yield from container.demux(track)
        except IndexError:
            # PyAV does not know a track that was not there from the start, and passed its packet.
            continue
        except av.FFmpegError:
            if not progress.is_made:
                return
            progress.is_made = False
        else:
            return


def _decoded(packet: "Packet[AudioStream]") -> list[AudioFrame] | None:
    """The frames of a packet, None when it is damaged."""
    try:
        return packet.decode()
    except av.EOFError:
        return []
    except av.FFmpegError:
        return None
