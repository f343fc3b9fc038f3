"""lwd's engine as the daemon runs it: the same process, the same socket, the same messages."""

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from lwd.asr.types import SAMPLE_RATE, Hints, Hypothesis, Job, JobKind, Keyterm, Samples
from lwd.asr.wire import (
    PREFIX,
    Answer,
    Batch,
    BatchDone,
    BatchFailed,
    EngineMessage,
    EngineSpec,
    Heartbeat,
    Ready,
    pack_request,
    unpack_message,
)
from lwd.models.store import ModelFiles

KERNELS = Path.home() / ".cache" / "lwd" / "kernels"
"""Where the daemon's engines keep compiled kernels."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a job is made of."""

    samples: Samples
    kind: JobKind = JobKind.FINAL
    draft: tuple[int, ...] = ()
    keyterms: tuple[Keyterm, ...] = ()

    @property
    def hints(self) -> Hints:
        """What the engine is told of it; it is known to be English."""
        return Hints(language="en", draft=self.draft, keyterms=self.keyterms)


@dataclass(frozen=True, slots=True)
class Done:
    """A batch and what it took. `elapsed_s` is the engine's own; `ipc_s` is the way there and back."""

    hypotheses: Sequence[Hypothesis]
    elapsed_s: float
    ipc_s: float
    seconds_by_stage: dict[str, float]
    memory_bytes: dict[str, int]


class LwdEngine:
    """A running engine process. `ready_s` is what its start took, `blas` what it multiplies with."""

    def __init__(self, files: ModelFiles) -> None:
        spec = EngineSpec(
            weights_file=str(files.weights),
            alignment_heads=files.alignment_heads,
            alignment_lag_ms=files.alignment_lag_ms,
            word_timestamps=True,
            memory_limit_bytes=None,
            cache_limit_bytes=None,
        )
        KERNELS.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        started_s = time.perf_counter()
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "lwd.asr.worker"),
                    *(str(theirs.fileno()), spec.to_json()),
                ],
                pass_fds=[theirs.fileno()],
                env=os.environ | {"TMPDIR": str(KERNELS)},
            )
        self._connection = ours
        self._ids = itertools.count(1)
        self._stages: dict[str, float] = {}
        ready = self._receive()
        self.ready_s = time.perf_counter() - started_s
        if not isinstance(ready, Ready):
            raise RuntimeError(f"lwd's engine does not start: {ready}")  # noqa: TRY004 - not a type
        self.blas = ready.blas
        # Its warm-up is in the seconds by stage; from here on they are those of windows.
        self.transcribe(Window(np.zeros(SAMPLE_RATE, dtype=np.float32), JobKind.INTERIM))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def transcribe(self, *windows: Window) -> Done:
        """One batch."""
        jobs = [Job(next(self._ids), None, w.kind, w.samples, w.hints) for w in windows]
        answers: dict[int, Hypothesis] = {}
        started_s = time.perf_counter()
        self._connection.sendall(pack_request(Batch(jobs)))
        while not isinstance(message := self._receive(), BatchDone):
            match message:
                case Answer(job_id, hypothesis):
                    answers[job_id] = hypothesis
                case BatchFailed(reason):
                    raise RuntimeError(f"lwd's engine failed: {reason}")
        round_trip_s = time.perf_counter() - started_s
        before, self._stages = self._stages, dict(message.seconds_by_stage)
        return Done(
            hypotheses=[answers[job.job_id] for job in jobs],
            elapsed_s=message.elapsed_s,
            ipc_s=round_trip_s - message.elapsed_s,
            seconds_by_stage={k: v - before.get(k, 0.0) for k, v in self._stages.items()},
            memory_bytes=dict(message.memory_bytes),
        )

    def resident_bytes(self) -> int:
        """Memory that the process occupies."""
        command = ["ps", "-o", "rss=", "-p", str(self._process.pid)]
        return 1024 * int(subprocess.run(command, check=True, capture_output=True).stdout)

    def _receive(self) -> EngineMessage:
        while True:
            header_bytes, payload_bytes = PREFIX.unpack(self._read(PREFIX.size))
            message = unpack_message(self._read(header_bytes))
            self._read(payload_bytes)
            if not isinstance(message, Heartbeat):
                return message

    def _read(self, n_bytes: int) -> bytes:
        data = b""
        while len(data) < n_bytes:
            part = self._connection.recv(n_bytes - len(data))
            if not part:
                raise RuntimeError(f"lwd's engine ended with status {self._process.wait()}")
            data += part
        return data


def text(hypothesis: Hypothesis) -> str:
    """All words as Whisper wrote them."""
    return "".join(word.text for word in hypothesis.words)
