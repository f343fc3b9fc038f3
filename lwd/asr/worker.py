"""The engine process: one model, one socket to the daemon.

The main thread alone touches MLX; one beside it receives, so that a cancellation is heard while
tokens are made, and one sends heartbeats. The process ends when its socket closes, which it also
does when the daemon dies, so no engine outlives its daemon. A fault in MLX takes this process down
and nothing else.
"""

import faulthandler
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import NoReturn

from lwd.asr.types import Engine, Job
from lwd.asr.wire import (
    PREFIX,
    Answer,
    Batch,
    BatchDone,
    BatchFailed,
    Cancellation,
    EngineMessage,
    EngineSpec,
    Heartbeat,
    Ready,
    StartFailed,
    pack_message,
    unpack_request,
)
from lwd.errors import ModelCorrupt

REST_AFTER_S = 10.0
"""Idle time after which an engine gives back the memory that it keeps to be quick."""

_HEARTBEAT_S = 1.0

LoadedEngine = tuple[Engine, tuple[str, ...], str | None]
"""An engine, the languages it knows, and the BLAS it uses."""


def main() -> None:
    """Run as `python -m lwd.asr.worker FD SPEC`, with FD a connected socket."""
    spec = EngineSpec.from_json(sys.argv[2])
    run(int(sys.argv[1]), lambda: _load_mlx(spec))


def run(fd: int, load: Callable[[], LoadedEngine], *, rest_after_s: float = REST_AFTER_S) -> None:
    """Load an engine and answer batches that come over the socket `fd`."""
    faulthandler.enable()
    # The terminal's Ctrl-C reaches the whole process group; only the daemon acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = _Link(socket.socket(fileno=fd))
    Thread(target=link.receive_all, daemon=True).start()
    engine = _load(link, load)
    if engine is None:
        return
    Thread(target=_beat, args=(link, engine), daemon=True).start()
    while True:
        _transcribe(link, engine, link.next_batch(rest_after_s, engine.rest))


class _Link:
    """The socket to the daemon, and what has come over it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = Lock()
        self._batches: SimpleQueue[list[Job]] = SimpleQueue()
        self._wanted: set[int] = set()

    def send(self, message: EngineMessage) -> None:
        """Send from any thread."""
        frame = pack_message(message)
        try:
            with self._sending:
                self._connection.sendall(frame)
        except ConnectionError:
            _exit()

    def receive_all(self) -> None:
        """Take in batches and cancellations until the daemon is gone, and then end the process."""
        try:
            while True:
                self._receive()
        except (ConnectionError, EOFError):
            _exit()

    def next_batch(self, rest_after_s: float, rest: Callable[[], None]) -> list[Job]:
        """The jobs to do next; calls `rest` once when there are none for that long."""
        try:
            return self._batches.get(timeout=rest_after_s)
        except Empty:
            rest()
            return self._batches.get()

    def is_wanted(self, job: Job) -> bool:
        """Whether the job was not cancelled."""
        return job.job_id in self._wanted

    def release(self, jobs: list[Job]) -> None:
        """Forget jobs that are done; a cancellation that comes too late then means nothing."""
        self._wanted.difference_update(job.job_id for job in jobs)

    def _receive(self) -> None:
        header_bytes, payload_bytes = PREFIX.unpack(self._read(PREFIX.size))
        match unpack_request(self._read(header_bytes), self._read(payload_bytes)):
            case Batch(jobs):
                self._wanted.update(job.job_id for job in jobs)
                self._batches.put(list(jobs))
            case Cancellation(job_ids):
                self._wanted.difference_update(job_ids)

    def _read(self, n_bytes: int) -> bytes:
        buffer = bytearray(n_bytes)
        view = memoryview(buffer)
        while view:
            received = self._connection.recv_into(view)
            if received == 0:
                raise EOFError
            view = view[received:]
        return bytes(buffer)


def _load(link: _Link, load: Callable[[], LoadedEngine]) -> Engine | None:
    started = time.monotonic()
    try:
        engine, languages, blas = load()
        engine.warm_up()
    except Exception as error:  # noqa: BLE001 - the daemon must hear why, whatever it is
        link.send(StartFailed(str(error), isinstance(error, ModelCorrupt)))
        return None
    link.send(Ready(languages, blas, time.monotonic() - started))
    return engine


def _transcribe(link: _Link, engine: Engine, jobs: list[Job]) -> None:
    started = time.monotonic()
    try:
        # All of a batch that was recalled are cancelled before it begins.
        if wanted := [job for job in jobs if link.is_wanted(job)]:
            for job, hypothesis in engine.transcribe(wanted, link.is_wanted):
                link.send(Answer(job.job_id, hypothesis))
    except (RuntimeError, ValueError) as error:
        # The text of an error may quote what was said; its kind does not.
        link.send(BatchFailed(type(error).__name__))
    link.release(jobs)
    elapsed_s = time.monotonic() - started
    link.send(BatchDone(elapsed_s, engine.memory_bytes(), engine.seconds_by_stage()))


def _beat(link: _Link, engine: Engine) -> None:
    while True:
        time.sleep(_HEARTBEAT_S)
        link.send(Heartbeat(engine.memory_bytes()))


def _exit() -> NoReturn:
    # Without a daemon there is nobody to clean up for, and MLX's threads may still run.
    os._exit(0)


def _load_mlx(spec: EngineSpec) -> LoadedEngine:
    from lwd.asr.mlx.blas import load_blas  # noqa: PLC0415 - before anything imports mlx

    blas = load_blas()
    from lwd.asr.mlx.engine import MlxEngine  # noqa: PLC0415 - after the BLAS
    from lwd.asr.mlx.words import Alignment  # noqa: PLC0415

    engine = MlxEngine(
        Path(spec.weights_file),
        alignment=Alignment(
            heads=spec.alignment_heads,
            lag_ms=spec.alignment_lag_ms,
            aligned=spec.word_timestamps,
        ),
        memory_limit_bytes=spec.memory_limit_bytes,
        cache_limit_bytes=spec.cache_limit_bytes,
    )
    return engine, engine.languages, blas


if __name__ == "__main__":
    main()
