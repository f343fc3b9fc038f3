"""FLAC as a stream: frames come out as soon as their bytes are in.

FFmpeg decodes the frames but is not left to find them: its parser holds back ten of them, seconds
of speech, before it returns the first.
"""

import re
from collections.abc import Iterable, Iterator

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from lwd.decoding.flac_header import FRAME_HEADER_BYTES, START_BYTES, StreamInfo, crc_16
from lwd.errors import UndecodableAudio

MAX_LOST_BYTES = 4 * 2**20
"""What may pass without a frame that decodes; the largest possible frame has half of it."""

_MARKER_BYTES = 4
_BLOCK_HEADER_BYTES = 4
_SYNC = re.compile(rb"\xff[\xf8\xf9]")


def flac_frames(messages: Iterable[bytes]) -> Iterator[AudioFrame]:
    """The frames of a stream that comes in `messages`. Raises UndecodableAudio."""
    decoder = FlacDecoder()
    for message in messages:
        yield from decoder.feed(message)
    yield from decoder.flush()


class FlacDecoder:
    """Frames of a native FLAC stream. A damaged frame is left out, those around it are kept."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._info: StreamInfo | None = None
        self._channels = 0
        self._skip_bytes = _MARKER_BYTES
        self._is_last_block = False
        self._codec = AudioCodecContext.create("flac", "r")
        self._codec.thread_count = 1
        self._codec.options = {"err_detect": "crccheck+explode"}
        self._has_decoded = False
        self._lost_bytes = 0
        self._search_from = 1
        self._crc = 0
        self._summed_bytes = 0
        self._was_tried = False

    def feed(self, data: bytes) -> Iterator[AudioFrame]:
        """Frames completed by `data`. Raises UndecodableAudio for what is not FLAC."""
        self._buffer += data
        if self._info is None:
            self._read_info()
        if self._info is None or not self._skip_metadata():
            return
        yield from self._complete_frames(self._info)
        if self._lost_bytes + len(self._buffer) > MAX_LOST_BYTES:
            raise UndecodableAudio(f"The FLAC stream has {MAX_LOST_BYTES} bytes without a frame.")

    def flush(self) -> Iterator[AudioFrame]:
        """The last frame. Raises UndecodableAudio for a stream without one intact frame."""
        if self._info is None:
            raise UndecodableAudio("The FLAC stream ended inside its header.")
        yield from self._cut(len(self._buffer))
        if self._lost_bytes and not self._has_decoded:
            raise UndecodableAudio("The FLAC stream ended before its first intact frame.")

    def _read_info(self) -> None:
        if len(self._buffer) >= START_BYTES:
            self._info = StreamInfo.parse(bytes(self._buffer[:START_BYTES]))
            self._channels = self._info.format.channels
            self._codec.extradata = self._info.block

    def _skip_metadata(self) -> bool:
        """Drop the blocks before the frames; whether the frames are reached."""
        while True:
            skipped = min(self._skip_bytes, len(self._buffer))
            del self._buffer[:skipped]
            self._skip_bytes -= skipped
            if self._is_last_block or len(self._buffer) < _BLOCK_HEADER_BYTES:
                return self._is_last_block and self._skip_bytes == 0
            header = int.from_bytes(self._buffer[:_BLOCK_HEADER_BYTES])
            self._is_last_block = header >> 31 == 1
            self._skip_bytes = _BLOCK_HEADER_BYTES + (header & 0xFFFFFF)

    def _complete_frames(self, info: StreamInfo) -> Iterator[AudioFrame]:
        while end := self._next_header(info):
            yield from self._cut(end)
        if self._may_be_whole():
            yield from self._cut_if_whole()

    def _next_header(self, info: StreamInfo) -> int | None:
        """Where the frame after the one at the buffer's start begins. Nothing is searched twice."""
        while match := _SYNC.search(self._buffer, self._search_from):
            self._search_from = match.start()
            header = bytes(self._buffer[match.start() : match.start() + FRAME_HEADER_BYTES])
            if len(header) < FRAME_HEADER_BYTES:
                return None
            if info.heads_frame(header):
                return match.start()
            self._search_from += 1
        self._search_from = max(self._search_from, len(self._buffer) - 1)
        return None

    def _may_be_whole(self) -> bool:
        """Whether the checksum allows that the buffer ends with the frame it starts with.

        Without it a live stream would get each frame one frame late. Asked once for each frame:
        bytes that keep the checksum at 0 must not buy an attempt to decode each.
        """
        self._crc = crc_16(self._buffer[self._summed_bytes :], self._crc)
        self._summed_bytes = len(self._buffer)
        if self._crc or self._was_tried or not self._buffer:
            return False
        self._was_tried = True
        return True

    def _cut_if_whole(self) -> list[AudioFrame]:
        frames = self._decode(len(self._buffer))
        if frames:
            self._drop(len(self._buffer))
        return frames

    def _cut(self, size: int) -> list[AudioFrame]:
        """Decode the first `size` bytes of the buffer and drop them, damaged or not."""
        frames = self._decode(size)
        if not frames:
            self._lost_bytes += size
        self._drop(size)
        return frames

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._search_from = 1
        self._crc = 0
        self._summed_bytes = 0
        self._was_tried = False

    def _decode(self, size: int) -> list[AudioFrame]:
        """Decode one frame, or what is left of several when a header among them is damaged."""
        if not size:
            return []
        try:
            decoded = self._codec.decode(av.Packet(bytes(self._buffer[:size])))
        except av.InvalidDataError:
            return []
        self._has_decoded = True
        self._lost_bytes = 0
        return [frame for frame in decoded if frame.layout.nb_channels == self._channels]
