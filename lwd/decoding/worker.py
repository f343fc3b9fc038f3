"""A decoder process: one stream's bytes in, its audio out.

FFmpeg is fed whatever a client sends. A fault in it takes this process down, and with it one
stream. It has one thread: FFmpeg asks for bytes when it can do no more without, so that is when
the daemon is told that all before is decoded. The process ends when its socket closes, which it
also does when the daemon dies.
"""

import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from typing import NoReturn

import av
import av.logging

# PyAV imports it with the first container, when no file can be opened any more.
import av.subtitles.stream
from av.audio.frame import AudioFrame

from lwd.audio.format import Coding
from lwd.decoding.containers import CONTAINERS, container_frames
from lwd.decoding.flac import flac_frames
from lwd.decoding.packets import PACKETS, packet_frames
from lwd.decoding.wire import ANSWER, LENGTH, Answer, Block, unpack_coding
from lwd.errors import UndecodableAudio

MAX_SILENT_BYTES = 32 * 2**20
"""What may pass without audio: cover pictures and indexes of long films stay below."""

_ANSWER_BYTES = 1 << 17
"""Audio that is held back to be sent together."""


def main() -> None:
    """Run as `python -m lwd.decoding.worker FD MEMORY_LIMIT_BYTES`, with FD a connected socket."""
    # The terminal's Ctrl-C reaches the whole process group; only the daemon acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    av.logging.set_level(None)
    _confine(int(sys.argv[2]))
    link = Link(socket.socket(fileno=int(sys.argv[1])))
    coding = unpack_coding(link.next_message())
    try:
        for frame in _frames(coding, link):
            link.send(frame)
        link.finish()
    except UndecodableAudio as error:
        link.fail(str(error))
    except MemoryError:
        link.fail(f"The {coding.name} stream needs more memory than decoder.memory_limit_mb.")
    except av.FFmpegError as error:
        link.fail(f"The {coding.name} stream cannot be decoded: {error.strerror}.")


class Link:
    """The socket to the daemon; to FFmpeg it is a file that can only be read."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._message = b""
        self._is_over = False
        self._audio = bytearray()
        self._silent_bytes = 0

    def read(self, n_bytes: int) -> bytes:
        """At most `n_bytes` of what comes next, empty at the end of the stream."""
        if not self._message and not self._is_over:
            self._message = self.next_message()
        part, self._message = self._message[:n_bytes], self._message[n_bytes:]
        return part

    def unread(self, data: bytes) -> None:
        """Have `data` read again, before anything else."""
        self._message = data + self._message

    def messages(self) -> Iterator[bytes]:
        """What comes, as it was sent."""
        while message := self.next_message():
            yield message

    def next_message(self) -> bytes:
        """Say that all is done, and wait for more; empty at the end of the stream."""
        self._send_audio()
        self._send(ANSWER.pack(Answer.DONE, 0))
        message = self._receive(*LENGTH.unpack(self._receive(LENGTH.size)))
        self._is_over = not message
        self._silent_bytes += len(message)
        if self._silent_bytes > MAX_SILENT_BYTES:
            raise UndecodableAudio(f"The stream has {MAX_SILENT_BYTES} bytes without audio.")
        return message

    def send(self, frame: AudioFrame) -> None:
        """Send decoded audio, soon."""
        self._silent_bytes = 0
        self._audio += _block(frame).pack()
        if len(self._audio) >= _ANSWER_BYTES:
            self._send_audio()

    def finish(self) -> None:
        """Say that the audio is over; what still comes is passed over."""
        while not self._is_over:
            self.next_message()
        self._send_audio()
        self._send(ANSWER.pack(Answer.DONE, 0))

    def fail(self, reason: str) -> None:
        """Say why there is no more audio."""
        text = reason.encode()
        self._send(ANSWER.pack(Answer.FAILED, len(text)) + text)

    def _send_audio(self) -> None:
        if self._audio:
            self._send(ANSWER.pack(Answer.AUDIO, len(self._audio)) + self._audio)
            self._audio = bytearray()

    def _send(self, data: bytes | bytearray) -> None:
        try:
            self._connection.sendall(data)
        except ConnectionError:
            _exit()

    def _receive(self, n_bytes: int) -> bytes:
        data = bytearray()
        while len(data) < n_bytes:
            part = self._connection.recv(n_bytes - len(data))
            if not part:
                _exit()
            data += part
        return bytes(data)


def _frames(coding: Coding, link: Link) -> Iterator[AudioFrame]:
    if coding.name == "flac":
        return flac_frames(link.messages())
    if coding.name in PACKETS:
        return packet_frames(coding, link.messages())
    if coding.name in CONTAINERS:
        return container_frames(coding.name, link)
    raise UndecodableAudio(f"{coding.name} is not decoded by this release.")


def _block(frame: AudioFrame) -> Block:
    channels, width = frame.layout.nb_channels, frame.format.bytes
    plane_bytes = frame.samples * width * (1 if frame.format.is_planar else channels)
    # FFmpeg's planes are padded.
    samples = b"".join(bytes(plane)[:plane_bytes] for plane in frame.planes)
    return Block(frame.sample_rate, channels, frame.format.name, samples)


def _confine(memory_limit_bytes: int) -> None:
    """Leave little to whoever takes FFmpeg over: no files, no core with somebody's audio in it."""
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
        resource.setrlimit(limit, (0, 0))
    # macOS holds no process to this limit.
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory_limit_bytes, memory_limit_bytes))


def _exit() -> NoReturn:
    # Not by an exception: FFmpeg may stand between this and `main`.
    os._exit(0)


if __name__ == "__main__":
    main()
