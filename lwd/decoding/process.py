"""One decoder process, as the daemon has it: started, given one stream's bytes, ended."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from lwd import metrics
from lwd.audio.decode import F32, F64, S16, S32, U8, Frames
from lwd.audio.format import AudioFormat, Coding
from lwd.decoding.wire import ANSWER, LENGTH, Answer, Block, pack_coding, unpack_blocks
from lwd.errors import UndecodableAudio

# -P: no module of the working directory is imported in place of an installed one.
DECODER_COMMAND = (sys.executable, "-P", "-m", "lwd.decoding.worker")
"""Starts a decoder; its socket and its limit of memory follow."""

_START_TIMEOUT_S = 60.0
_BUFFER_BYTES = 1 << 20
_MAX_ANSWER_BYTES = 64 << 20
_LAST_BREATH_S = 1.0
_SAMPLE_FORMATS = {"u8": U8, "s16": S16, "s32": S32, "flt": F32, "dbl": F64}

# Keys of the daemon's may be in its environment: they are not for a process that may be taken over.
_INHERITED = ("PATH", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """What a decoder process may use: memory, and time for each message of at most 64 KiB."""

    memory_limit_bytes: int
    timeout_s: float
    command: Sequence[str] = DECODER_COMMAND


class DecoderProcess:
    """A running process; a Decoder once it is told what to decode."""

    def __init__(
        self,
        process: Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        settings: DecoderSettings,
    ) -> None:
        self.format: AudioFormat | None = None
        self._process = process
        self._reader = reader
        self._writer = writer
        self._settings = settings
        self._exited = asyncio.create_task(process.wait())
        self._name = ""

    @classmethod
    async def start(cls, settings: DecoderSettings) -> Self:
        """A process that is ready. Raises OSError where there can be none."""
        ours, theirs = socket.socketpair()
        # First of all, so that the socket has an owner if the start is cancelled.
        reader, writer = await asyncio.open_connection(sock=ours, limit=_BUFFER_BYTES)
        try:
            with theirs:
                process = await _spawn(settings, theirs.fileno())
        except BaseException:
            writer.close()
            raise
        started = cls(process, reader, writer, settings)
        try:
            await started._answer(_START_TIMEOUT_S)
        except UndecodableAudio as error:
            await started.close()
            raise ChildProcessError("The decoder process does not start.") from error
        except BaseException:
            await started.close()
            raise
        return started

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return not self._exited.done()

    async def begin(self, coding: Coding) -> None:
        """Say what to decode, once."""
        self._name = coding.name
        async for _ in self._exchange(pack_coding(coding)):
            pass

    async def feed(self, data: bytes) -> AsyncIterator[Frames]:
        """See Decoder."""
        # An empty message would end the stream.
        if data:
            async for frames in self._exchange(data):
                yield frames

    async def flush(self) -> AsyncIterator[Frames]:
        """See Decoder."""
        async for frames in self._exchange(b""):
            yield frames

    async def close(self) -> None:
        """End the process."""
        if self.is_running:
            # Not process.kill(): that may reap the child, and asyncio then never hears of it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._writer.close()
        await self._exited
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _exchange(self, message: bytes) -> AsyncIterator[Frames]:
        """Send a message, and give all audio that comes out of it."""
        self._writer.write(LENGTH.pack(len(message)) + message)
        while audio := await self._answer(self._settings.timeout_s):
            for block in unpack_blocks(audio):
                yield self._frames(block)

    async def _answer(self, timeout_s: float) -> bytes:
        """The next audio, empty when there is none until the next message."""
        try:
            async with asyncio.timeout(timeout_s):
                kind, body = await self._receive()
        except TimeoutError as error:
            metrics.DECODER_FAILURES.labels("timeout").inc()
            raise UndecodableAudio(
                f"The decoder of {self._name} did not answer within {timeout_s:g} s."
            ) from error
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            metrics.DECODER_FAILURES.labels("died").inc()
            raise UndecodableAudio(
                f"The decoder of {self._name} ended with status {await self._status()}."
            ) from error
        if kind == Answer.FAILED:
            raise UndecodableAudio(body.decode())
        return body

    async def _receive(self) -> tuple[int, bytes]:
        kind, n_bytes = ANSWER.unpack(await self._reader.readexactly(ANSWER.size))
        if n_bytes > _MAX_ANSWER_BYTES:
            raise ConnectionError
        return kind, await self._reader.readexactly(n_bytes)

    async def _status(self) -> int:
        """How a process ended that speaks no more; it is not trusted to end by itself."""
        await asyncio.wait([self._exited], timeout=_LAST_BREATH_S)
        await self.close()
        return self._exited.result()

    def _frames(self, block: Block) -> Frames:
        if self.format is None:
            self.format = AudioFormat(self._name, block.sample_rate, block.channels)
        samples = _SAMPLE_FORMATS[block.sample_format.removesuffix("p")].to_float(block.samples)
        if block.sample_format.endswith("p"):
            return np.ascontiguousarray(samples.reshape(block.channels, -1).T)
        return samples.reshape(-1, block.channels)


async def _spawn(settings: DecoderSettings, fd: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *settings.command,
        str(fd),
        str(settings.memory_limit_bytes),
        pass_fds=[fd],
        stdin=DEVNULL,
        stdout=DEVNULL,
        # FFmpeg quotes what it is fed.
        stderr=DEVNULL,
        env={name: os.environ[name] for name in _INHERITED if name in os.environ},
        start_new_session=True,
    )
