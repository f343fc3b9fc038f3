"""One engine process: started, spoken with over its socket, ended. Knows nothing of jobs."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from lwd.asr.host import make_kernel_directory
from lwd.asr.settings import EngineSettings
from lwd.asr.wire import (
    PREFIX,
    DaemonMessage,
    EngineMessage,
    EngineSpec,
    Ready,
    StartFailed,
    pack_request,
    unpack_message,
)
from lwd.errors import EngineUnavailable, ModelCorrupt

# -P: no module of the working directory is imported in place of an installed one.
ENGINE_COMMAND = (sys.executable, "-P", "-m", "lwd.asr.worker")
"""Starts an engine; the socket and the spec follow."""

_MAX_FRAME_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """A running engine and the two directions of its socket."""

    process: asyncio.subprocess.Process
    exited: asyncio.Task[int]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    async def receive(self) -> EngineMessage:
        """Next message; raises ConnectionError or IncompleteReadError when the engine is gone."""
        header_bytes, payload_bytes = PREFIX.unpack(await self.reader.readexactly(PREFIX.size))
        return unpack_message(await self.reader.readexactly(header_bytes + payload_bytes))

    def send(self, message: DaemonMessage) -> None:
        """Send without waiting; to an engine that is gone it means nothing."""
        self.writer.write(pack_request(message))

    def kill(self) -> None:
        """End the process, which `receive` then notices; harmless when it is gone."""
        if self.exited.done():
            return
        # Not process.kill(): that may reap the child, and asyncio then never hears of its status.
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> int:
        """Make sure that the process is gone; its exit status, also when it went by itself."""
        self.writer.close()
        self.kill()
        return await self.exited


async def start_engine(
    model: str, spec: EngineSpec, settings: EngineSettings, command: Sequence[str]
) -> tuple[EngineProcess, Ready]:
    """An engine that has loaded its model; raises ModelCorrupt or EngineUnavailable."""
    environment = _environment(settings)
    ours, theirs = socket.socketpair()
    # First of all, so that the socket has an owner if the start is cancelled.
    reader, writer = await asyncio.open_connection(sock=ours, limit=_MAX_FRAME_BYTES)
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *command,
                str(theirs.fileno()),
                spec.to_json(),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
    except BaseException:
        writer.close()
        raise
    engine = EngineProcess(process, asyncio.create_task(process.wait()), reader, writer)
    try:
        return engine, await _await_ready(model, engine, settings.start_timeout_s)
    except BaseException:
        await engine.end()
        raise


async def _await_ready(model: str, engine: EngineProcess, timeout_s: float) -> Ready:
    try:
        async with asyncio.timeout(timeout_s):
            message = await engine.receive()
    except TimeoutError as error:
        raise EngineUnavailable(
            f"model {model}: the engine was not ready within engine.start_timeout_s "
            f"({timeout_s:g} s)"
        ) from error
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        raise EngineUnavailable(
            f"model {model}: the engine process ended with status {await engine.end()}"
            " while loading"
        ) from error
    match message:
        case Ready():
            return message
        case StartFailed(reason, is_model_corrupt=True):
            raise ModelCorrupt(reason)
        case StartFailed(reason):
            raise EngineUnavailable(f"model {model}: {reason}")
        case _:
            raise EngineUnavailable(f"model {model}: the engine spoke out of turn")


def _environment(settings: EngineSettings) -> dict[str, str]:
    make_kernel_directory(settings.cache_directory)
    return {
        **os.environ,
        "OPENBLAS_NUM_THREADS": str(settings.cpu_threads),
        # MLX on a CPU keeps compiled kernels in the temporary directory and loads them from
        # there: in a shared one another user could plant them.
        "TMPDIR": str(settings.cache_directory),
    }
