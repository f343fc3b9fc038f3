"""Decoder processes for streams: one for each that needs it, and one that waits warm."""

import asyncio
import contextlib

from lwd import metrics
from lwd.audio.decode import Decoder
from lwd.audio.format import Coding
from lwd.decoding.process import DecoderProcess, DecoderSettings


class Decoders:
    """Gives each stream a process of its own, which ends with the stream's `close`."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._settings = settings
        self._spare: asyncio.Task[DecoderProcess] | None = None

    def start(self) -> None:
        """Keep a process ready from now on, so that no stream waits for its start."""
        self._spare = self._starting()

    async def close(self) -> None:
        """End the process that waits."""
        if self._spare is None:
            return
        spare, self._spare = self._spare, None
        with contextlib.suppress(OSError):
            await (await spare).close()

    async def open(self, coding: Coding) -> Decoder:
        """A decoder. Raises UndecodableAudio, or OSError where there can be no process."""
        process = await self._take()
        try:
            await process.begin(coding)
        except BaseException:
            await process.close()
            raise
        metrics.DECODERS_STARTED.labels(coding.name).inc()
        return process

    async def _take(self) -> DecoderProcess:
        if self._spare is not None:
            waiting, self._spare = self._spare, self._starting()
            with contextlib.suppress(OSError):
                process = await waiting
                if process.is_running:
                    return process
                await process.close()
        return await DecoderProcess.start(self._settings)

    def _starting(self) -> asyncio.Task[DecoderProcess]:
        return asyncio.create_task(DecoderProcess.start(self._settings))
