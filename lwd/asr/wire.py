"""Messages between the daemon and an engine process, and their form on the socket.

A frame is two big-endian 32-bit lengths, a JSON header and a payload. Audio is the payload, as
little-endian float32; everything else is in the header. Both ends are the same release of lwd.
"""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lwd.asr.types import Hypothesis, Job, JobKind, Word

PREFIX = struct.Struct(">II")
"""Lengths of header and payload, in bytes."""

_SAMPLE = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What an engine process is to load, given to it on its command line."""

    weights_file: str
    alignment_heads: Sequence[tuple[int, int]] | None
    word_timestamps: bool

    def to_json(self) -> str:
        """As one command-line argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "EngineSpec":
        """Undo `to_json`."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine has loaded its model and is warm. `blas` is None when MLX has only its slow one."""

    languages: tuple[str, ...]
    blas: str | None
    load_s: float


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The engine cannot start; `is_model_corrupt` when the model's files are to blame."""

    reason: str
    is_model_corrupt: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The hypothesis for one job."""

    job_id: int
    hypothesis: Hypothesis


@dataclass(frozen=True, slots=True)
class BatchFailed:
    """The engine could not do the batch but lives on."""

    reason: str


@dataclass(frozen=True, slots=True)
class BatchDone:
    """Every job of the batch was answered; how long it took, and the memory held after it."""

    elapsed_s: float
    memory_bytes: Mapping[str, int]


EngineMessage = Ready | StartFailed | Answer | BatchFailed | BatchDone


def pack_batch(jobs: Sequence[Job]) -> bytes:
    """Frame for a batch of jobs."""
    header = [
        {
            "job_id": job.job_id,
            "kind": job.kind.value,
            "n_samples": len(job.samples),
            "language": job.language,
        }
        for job in jobs
    ]
    return _pack(header, b"".join(job.samples.astype(_SAMPLE).tobytes() for job in jobs))


def unpack_batch(header: bytes, payload: bytes) -> list[Job]:
    """The jobs of a frame; their owners stay with the daemon."""
    samples = np.frombuffer(payload, dtype=_SAMPLE).astype(np.float32)
    jobs, at = [], 0
    for item in json.loads(header):
        end = at + item["n_samples"]
        kind = JobKind(item["kind"])
        jobs.append(Job(item["job_id"], None, kind, samples[at:end], item["language"]))
        at = end
    return jobs


def pack_message(message: EngineMessage) -> bytes:
    """Frame for a message of the engine."""
    return _pack({"type": type(message).__name__, **asdict(message)})


def unpack_message(header: bytes) -> EngineMessage:
    """The engine's message in a frame."""
    fields = json.loads(header)
    return _MESSAGES[fields.pop("type")](fields)


def _pack(header: object, payload: bytes = b"") -> bytes:
    text = json.dumps(header, ensure_ascii=False).encode()
    return PREFIX.pack(len(text), len(payload)) + text + payload


def _answer(fields: dict[str, Any]) -> Answer:
    hypothesis = fields["hypothesis"]
    words = tuple(Word(**word) for word in hypothesis.pop("words"))
    return Answer(fields["job_id"], Hypothesis(words=words, **hypothesis))


def _ready(fields: dict[str, Any]) -> Ready:
    return Ready(tuple(fields["languages"]), fields["blas"], fields["load_s"])


_MESSAGES: dict[str, Callable[[dict[str, Any]], EngineMessage]] = {
    "Ready": _ready,
    "StartFailed": lambda fields: StartFailed(**fields),
    "Answer": _answer,
    "BatchFailed": lambda fields: BatchFailed(**fields),
    "BatchDone": lambda fields: BatchDone(**fields),
}
