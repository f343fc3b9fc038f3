"""Supervises one engine process and feeds it batches.

When the engine dies or hangs, the pool starts another and gives it the windows that were in
flight: callers notice a pause, not an error. A window that costs an engine its life too often is
given up.
"""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from lwd import metrics
from lwd.asr.batcher import Batcher
from lwd.asr.types import Hypothesis, Job, JobKind, Samples
from lwd.asr.wire import (
    PREFIX,
    Answer,
    BatchDone,
    BatchFailed,
    EngineMessage,
    EngineSpec,
    Ready,
    StartFailed,
    pack_batch,
    unpack_message,
)
from lwd.errors import EngineFailed, EngineUnavailable, LwdError, ModelCorrupt

_MAX_FRAME_BYTES = 16 << 20
_MAX_BACKOFF_S = 30.0
# -P: no module of the working directory is imported in place of an installed one.
_ENGINE_COMMAND = (sys.executable, "-P", "-m", "lwd.asr.worker")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How an engine is run; see the `engine` section of the configuration."""

    batch_size: int
    cpu_threads: int | None
    deadline_s: float
    start_timeout_s: float
    restart_backoff_s: float
    max_attempts: int
    cache_directory: Path


@dataclass(slots=True)
class _Pending:
    """A job, who waits for it, and how often it was tried."""

    job: Job
    answer: asyncio.Future[Hypothesis | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    attempts: int = 0


@dataclass(slots=True)
class _Process:
    """A running engine and the two directions of its socket."""

    process: asyncio.subprocess.Process
    exited: asyncio.Task[int]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def receive(self) -> EngineMessage:
        """Next message; raises IncompleteReadError when the engine is gone."""
        header_bytes, payload_bytes = PREFIX.unpack(await self.reader.readexactly(PREFIX.size))
        return unpack_message(await self.reader.readexactly(header_bytes + payload_bytes))

    async def stop(self) -> None:
        """Make sure that the process is gone."""
        self.writer.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.exited


class EnginePool:
    """One model's engine. Start it, submit windows, close it.

    `languages` are the Whisper codes that the model knows, `is_ready` whether the engine answers
    now, and `pid` its process or that of the last one; the pool alone sets them.
    """

    def __init__(
        self,
        model: str,
        spec: EngineSpec,
        settings: EngineSettings,
        *,
        command: Sequence[str] = _ENGINE_COMMAND,
    ) -> None:
        self.model = model
        self.languages: tuple[str, ...] = ()
        self.is_ready = False
        self.pid: int | None = None
        self._spec = spec
        self._settings = settings
        self._command = command
        self._batcher = Batcher(batch_size=settings.batch_size)
        self._pending: dict[int, _Pending] = {}
        self._next_job_id = 0
        self._work = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._pause_s = 0.0
        self._failed_starts = 0
        self._blas: str | None = None
        metrics.ENGINE_RESTARTS.labels(model)

    @property
    def has_failed(self) -> bool:
        """Whether engine after engine did not start, so that nothing is transcribed for now."""
        return self._failed_starts >= self._settings.max_attempts

    @property
    def queued(self) -> int:
        """Windows that wait for the engine."""
        return len(self._batcher)

    async def start(self) -> None:
        """Load the model; raises ModelCorrupt or EngineUnavailable when that fails."""
        engine = await self._spawn()
        if self._blas is None:
            log.warning(
                "slow_blas",
                cost="MLX multiplies matrices about 40 times slower than it could",
                remedy="run: make setup (or install OpenBLAS, libopenblas.so.0)",
            )
        self._supervisor = asyncio.create_task(self._supervise(engine))

    async def close(self) -> None:
        """Stop the engine; whoever still waits for a window gets CancelledError."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        for pending in self._pending.values():
            pending.answer.cancel()

    async def transcribe(
        self, owner: Hashable, kind: JobKind, samples: Samples, language: str | None
    ) -> Hypothesis | None:
        """What was said in a window, or None when a newer window of its owner took its place.

        Raises EngineFailed when the window was tried and given up. Cancelling forgets the window.
        """
        self._next_job_id += 1
        pending = _Pending(Job(self._next_job_id, owner, kind, samples, language))
        self._pending[pending.job.job_id] = pending
        self._enqueue(pending.job)
        try:
            return await pending.answer
        finally:
            del self._pending[pending.job.job_id]
            self._batcher.drop(pending.job)
            self._count_queued()

    def _enqueue(self, job: Job) -> None:
        superseded = self._batcher.put(job)
        if superseded is not None:
            metrics.INTERIMS_SUPERSEDED.inc()
            self._settle(superseded.job_id, None)
        self._count_queued()
        self._work.set()

    def _settle(self, job_id: int, hypothesis: Hypothesis | None) -> None:
        pending = self._pending.get(job_id)
        if pending is not None and not pending.answer.done():
            pending.answer.set_result(hypothesis)

    def _count_queued(self) -> None:
        metrics.QUEUED_JOBS.labels(self.model).set(len(self._batcher))

    # Supervision

    async def _supervise(self, engine: _Process) -> None:
        while True:
            self._set_ready(ready=True)
            reason = await self._serve(engine)
            self._set_ready(ready=False)
            metrics.ENGINE_RESTARTS.labels(self.model).inc()
            log.error("engine_died", model=self.model, reason=reason)
            engine = await self._start_again()

    async def _start_again(self) -> _Process:
        """Another engine: at once after one that worked, else after a pause that doubles."""
        while True:
            await asyncio.sleep(self._pause_s)
            longer_s = max(self._settings.restart_backoff_s, 2 * self._pause_s)
            self._pause_s = min(longer_s, _MAX_BACKOFF_S)
            try:
                engine = await self._spawn()
            except LwdError as error:
                log.error("engine_start_failed", model=self.model, reason=str(error))
                self._failed_starts += 1
                if self.has_failed:
                    self._give_up(list(self._pending.values()), "the engine does not start")
            else:
                self._failed_starts = 0
                return engine

    def _set_ready(self, *, ready: bool) -> None:
        self.is_ready = ready
        metrics.ENGINE_READY.labels(self.model).set(ready)

    async def _serve(self, engine: _Process) -> str:
        """Feed the engine until it dies; why it did."""
        in_flight: list[Job] = []
        try:
            while True:
                in_flight = await self._next_batch(engine)
                await self._run_batch(engine, in_flight)
                in_flight = []
        except TimeoutError:
            return f"a batch took longer than engine.deadline_s ({self._settings.deadline_s:g} s)"
        except (ConnectionError, asyncio.IncompleteReadError):
            return f"exit status {await engine.exited}"
        finally:
            await engine.stop()
            self._retry(in_flight)

    async def _next_batch(self, engine: _Process) -> list[Job]:
        while not engine.exited.done():
            jobs = self._batcher.next_batch()
            self._count_queued()
            if jobs:
                metrics.BATCH_SIZE.labels(self.model).observe(len(jobs))
                return jobs
            self._work.clear()
            await self._work.wait()
        raise ConnectionResetError

    async def _run_batch(self, engine: _Process, jobs: Sequence[Job]) -> None:
        async with asyncio.timeout(self._settings.deadline_s):
            engine.writer.write(pack_batch(jobs))
            await engine.writer.drain()
            failed = False
            while True:
                match await engine.receive():
                    case Answer(job_id, hypothesis):
                        self._settle(job_id, hypothesis)
                    case BatchFailed(reason):
                        log.error("batch_failed", model=self.model, reason=reason)
                        failed = True
                    case BatchDone(elapsed_s, memory_bytes):
                        self._observe(elapsed_s, memory_bytes)
                        break
        if failed:
            self._retry(jobs)
        else:
            self._pause_s = 0.0

    def _observe(self, elapsed_s: float, memory_bytes: Mapping[str, int]) -> None:
        metrics.ENGINE_BUSY.labels(self.model).inc(elapsed_s)
        for kind, n_bytes in memory_bytes.items():
            metrics.ENGINE_MEMORY.labels(self.model, kind).set(n_bytes)

    def _retry(self, jobs: Sequence[Job]) -> None:
        """Queue again what was not answered, or give it up."""
        again = []
        for job in jobs:
            pending = self._pending.get(job.job_id)
            if pending is None or pending.answer.done():
                continue
            pending.attempts += 1
            if pending.attempts < self._settings.max_attempts:
                again.append(job)
            else:
                self._give_up([pending], f"given up after {pending.attempts} attempts")
        for job in self._batcher.put_back(again):
            self._settle(job.job_id, None)
        self._work.set()

    def _give_up(self, windows: Sequence[_Pending], reason: str) -> None:
        for pending in windows:
            if not pending.answer.done():
                metrics.WINDOWS_FAILED.inc()
                pending.answer.set_exception(EngineFailed(reason))

    # The process

    async def _spawn(self) -> _Process:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(theirs.fileno()),
                self._spec.to_json(),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                env=self._environment(),
                start_new_session=True,
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=_MAX_FRAME_BYTES)
        exited = asyncio.create_task(process.wait())
        exited.add_done_callback(lambda _: self._work.set())
        engine = _Process(process, exited, reader, writer)
        self.pid = process.pid
        try:
            await self._await_ready(engine)
        except BaseException:
            await engine.stop()
            raise
        return engine

    async def _await_ready(self, engine: _Process) -> None:
        try:
            async with asyncio.timeout(self._settings.start_timeout_s):
                message = await engine.receive()
        except TimeoutError as error:
            raise EngineUnavailable(
                f"model {self.model}: the engine was not ready within engine.start_timeout_s "
                f"({self._settings.start_timeout_s:g} s)"
            ) from error
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            status = await engine.exited
            raise EngineUnavailable(
                f"model {self.model}: the engine process ended with status {status} while loading"
            ) from error
        match message:
            case Ready(languages, blas, load_s):
                self.languages = languages
                self._blas = blas
                pid = engine.process.pid
                log.info("engine_ready", model=self.model, load_s=round(load_s, 2), pid=pid)
            case StartFailed(reason, is_model_corrupt):
                raise (ModelCorrupt if is_model_corrupt else EngineUnavailable)(
                    reason if is_model_corrupt else f"model {self.model}: {reason}"
                )
            case _:
                raise EngineUnavailable(f"model {self.model}: the engine spoke out of turn")

    def _environment(self) -> dict[str, str]:
        cache = self._settings.cache_directory
        try:
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EngineUnavailable(
                f"{cache}: {error.strerror}; give the user that lwd runs as a home directory (HOME)"
            ) from error
        # BLAS threads spin while they wait for each other: on a machine with no core to spare for
        # everybody else, each stalls the other and a window takes five times as long.
        threads = self._settings.cpu_threads or max(1, (os.cpu_count() or 1) - 1)
        return {
            **os.environ,
            "OPENBLAS_NUM_THREADS": str(threads),
            # MLX on a CPU keeps compiled kernels in the temporary directory and loads them from
            # there: in a shared one another user could plant them.
            "TMPDIR": str(cache),
        }
