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

from lwd.asr.types import Hints, Hypothesis, Job, JobKind, Keyterm, Word

PREFIX = struct.Struct(">II")
"""Lengths of header and payload, in bytes."""

_SAMPLE = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What an engine process is to load, given to it on its command line.

    The limits are None for what suits the device. The alignment heads follow the audio
    `alignment_lag_ms` behind, 0 where nobody has measured it.
    """

    weights_file: str
    alignment_heads: Sequence[tuple[int, int]] | None
    word_timestamps: bool
    memory_limit_bytes: int | None
    cache_limit_bytes: int | None
    alignment_lag_ms: int = 0

    def to_json(self) -> str:
        """As one command-line argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "EngineSpec":
        """Undo `to_json`."""
        return cls(**json.loads(text))


# From the daemon to the engine


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs to do together, after those of the batch before."""

    jobs: Sequence[Job]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Jobs to leave off, begun or not. What is not in the engine is ignored."""

    job_ids: Sequence[int]


DaemonMessage = Batch | Cancellation


# From the engine to the daemon


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
    """The engine is through with a batch: every job was answered, cancelled or failed.

    `elapsed_s` is of this batch, `seconds_by_stage` of all since the engine's start.
    """

    elapsed_s: float
    memory_bytes: Mapping[str, int]
    seconds_by_stage: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The engine lives, whatever it is at."""

    memory_bytes: Mapping[str, int]


EngineMessage = Ready | StartFailed | Answer | BatchFailed | BatchDone | Heartbeat


def pack_request(message: DaemonMessage) -> bytes:
    """Frame for a message of the daemon."""
    match message:
        case Batch(jobs):
            header = {"jobs": [_describe(job) for job in jobs]}
            return _pack(header, b"".join(job.samples.astype(_SAMPLE).tobytes() for job in jobs))
        case Cancellation(job_ids):
            return _pack({"cancelled": list(job_ids)})


def unpack_request(header: bytes, payload: bytes) -> DaemonMessage:
    """The daemon's message in a frame. Owners and deadlines of jobs stay with the daemon."""
    fields = json.loads(header)
    if "cancelled" in fields:
        return Cancellation(fields["cancelled"])
    samples = np.frombuffer(payload, dtype=_SAMPLE).astype(np.float32)
    jobs, at = [], 0
    for item in fields["jobs"]:
        end = at + item["n_samples"]
        kind, hints = JobKind(item["kind"]), _hints(item["hints"])
        jobs.append(Job(item["job_id"], None, kind, samples[at:end], hints))
        at = end
    return Batch(jobs)


def pack_message(message: EngineMessage) -> bytes:
    """Frame for a message of the engine."""
    return _pack({"type": type(message).__name__, **asdict(message)})


def unpack_message(header: bytes) -> EngineMessage:
    """The engine's message in a frame."""
    fields = json.loads(header)
    return _MESSAGES[fields.pop("type")](fields)


def _pack(header: object, payload: bytes = b"") -> bytes:
    # In ASCII, since a client's JSON may have held half of a surrogate pair, which UTF-8 has not.
    text = json.dumps(header).encode()
    return PREFIX.pack(len(text), len(payload)) + text + payload


def _describe(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "kind": job.kind.value,
        "n_samples": len(job.samples),
        "hints": asdict(job.hints),
    }


def _hints(fields: dict[str, Any]) -> Hints:
    return Hints(
        language=fields["language"],
        languages=tuple(fields["languages"]),
        keyterms=tuple(Keyterm(**keyterm) for keyterm in fields["keyterms"]),
        spoken=tuple(fields["spoken"]),
        draft=tuple(fields["draft"]),
        is_hurried=fields["is_hurried"],
    )


def _answer(fields: dict[str, Any]) -> Answer:
    hypothesis = fields["hypothesis"]
    words = tuple(Word(**word | {"tokens": (*word["tokens"],)}) for word in hypothesis.pop("words"))
    tokens = tuple(hypothesis.pop("tokens"))
    return Answer(fields["job_id"], Hypothesis(words=words, tokens=tokens, **hypothesis))


def _ready(fields: dict[str, Any]) -> Ready:
    return Ready(tuple(fields["languages"]), fields["blas"], fields["load_s"])


_MESSAGES: dict[str, Callable[[dict[str, Any]], EngineMessage]] = {
    "Ready": _ready,
    "StartFailed": lambda fields: StartFailed(**fields),
    "Answer": _answer,
    "BatchFailed": lambda fields: BatchFailed(**fields),
    "BatchDone": lambda fields: BatchDone(**fields),
    "Heartbeat": lambda fields: Heartbeat(**fields),
}
