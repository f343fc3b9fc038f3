"""The engine process: one model, one thread, one socket to the daemon.

It answers batches until the socket closes, which it also does when the daemon dies, so no engine
outlives its daemon. A fault in MLX takes this process down and nothing else.
"""

import faulthandler
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lwd.asr.types import Engine
from lwd.asr.wire import (
    PREFIX,
    Answer,
    BatchDone,
    BatchFailed,
    EngineMessage,
    EngineSpec,
    Ready,
    StartFailed,
    pack_message,
    unpack_batch,
)
from lwd.errors import ModelCorrupt

LoadedEngine = tuple[Engine, tuple[str, ...], str | None]
"""An engine, the languages it knows, and the BLAS it uses."""


def main() -> None:
    """Run as `python -m lwd.asr.worker FD SPEC`, with FD a connected socket."""
    spec = EngineSpec.from_json(sys.argv[2])
    run(int(sys.argv[1]), lambda: _load_mlx(spec))


def run(fd: int, load: Callable[[], LoadedEngine]) -> None:
    """Load an engine and answer batches that come over the socket `fd`."""
    faulthandler.enable()
    # The terminal's Ctrl-C reaches the whole process group; only the daemon acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=fd)
    try:
        _serve(connection, load)
    except (ConnectionError, EOFError):
        # Without a daemon there is nobody to clean up for, and MLX's threads may still run.
        os._exit(0)


def _serve(connection: socket.socket, load: Callable[[], LoadedEngine]) -> None:
    def send(message: EngineMessage) -> None:
        connection.sendall(pack_message(message))

    started = time.monotonic()
    try:
        engine, languages, blas = load()
        engine.warm_up()
    except Exception as error:  # noqa: BLE001 - the daemon must hear why, whatever it is
        send(StartFailed(str(error), isinstance(error, ModelCorrupt)))
        return
    send(Ready(languages, blas, time.monotonic() - started))
    while True:
        header_bytes, payload_bytes = PREFIX.unpack(_receive(connection, PREFIX.size))
        jobs = unpack_batch(_receive(connection, header_bytes), _receive(connection, payload_bytes))
        started = time.monotonic()
        try:
            for job, hypothesis in engine.transcribe(jobs):
                send(Answer(job.job_id, hypothesis))
        except (RuntimeError, ValueError) as error:
            # The text of an error may quote what was said; its kind does not.
            send(BatchFailed(type(error).__name__))
        send(BatchDone(time.monotonic() - started, engine.memory_bytes()))


def _receive(connection: socket.socket, n_bytes: int) -> bytes:
    buffer = bytearray(n_bytes)
    view = memoryview(buffer)
    while view:
        received = connection.recv_into(view)
        if received == 0:
            raise EOFError
        view = view[received:]
    return bytes(buffer)


def _load_mlx(spec: EngineSpec) -> LoadedEngine:
    from lwd.asr.mlx.blas import load_blas  # noqa: PLC0415 - before anything imports mlx

    blas = load_blas()
    from lwd.asr.mlx.engine import MlxEngine  # noqa: PLC0415 - after the BLAS

    engine = MlxEngine(
        Path(spec.weights_file),
        alignment_heads=spec.alignment_heads,
        word_timestamps=spec.word_timestamps,
    )
    return engine, engine.languages, blas


if __name__ == "__main__":
    main()
