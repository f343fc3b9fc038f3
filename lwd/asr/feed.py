"""The batches in one engine process: sent, recalled, cancelled, answered.

An engine has at most two, the one that it is at and one that is prefetched. When it dies, the jobs
of the first may be to blame; those of the second are not.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from lwd import metrics
from lwd.asr.process import EngineProcess
from lwd.asr.settings import EngineSettings
from lwd.asr.types import Hypothesis, Job, JobKind
from lwd.asr.watchdog import Watchdog
from lwd.asr.wire import (
    Answer,
    Batch,
    BatchDone,
    BatchFailed,
    Cancellation,
    EngineMessage,
    Heartbeat,
)

_MOST_BATCHES = 2

_DYING_S = 30.0
"""Longest time that a process may take to go once it is killed."""

log = structlog.get_logger()


class Desk(Protocol):
    """Whom an engine's feed serves."""

    def answer(self, job_id: int, hypothesis: Hypothesis) -> None:
        """A job is done."""

    def retry(self, jobs: Sequence[Job]) -> int:
        """An engine was at these jobs and did not do them; how many are tried again."""

    def put_back(self, jobs: Sequence[Job]) -> None:
        """These jobs come back from an engine that was not at them."""

    def took(self, kind: JobKind, n_jobs: int, elapsed_s: float) -> None:
        """A batch is done."""

    def dispatch(self) -> None:
        """An engine has room for a batch."""


@dataclass(frozen=True, slots=True)
class Name:
    """Which engine, for logs and metrics."""

    model: str
    replica: str


@dataclass(frozen=True, slots=True)
class Death:
    """Why an engine died, and how many of the windows that it was at are tried again."""

    reason: str
    n_retried: int


@dataclass(slots=True)
class _Sent:
    """A batch in the engine, and what of it has no answer yet."""

    kind: JobKind
    n_jobs: int
    unanswered: dict[int, Job]
    is_recalled: bool = False
    has_failed: bool = False


class Feed:
    """Feeds one engine process until it dies."""

    def __init__(
        self, name: Name, engine: EngineProcess, settings: EngineSettings, desk: Desk
    ) -> None:
        self.has_worked = False
        self.busy_since_s = 0.0
        self._name = name
        self._engine = engine
        self._desk = desk
        self._watchdog = Watchdog(settings, engine.kill)
        self._is_open = True
        self._sent: list[_Sent] = []
        self._stage_s: Mapping[str, float] = {}

    @property
    def pid(self) -> int:
        """The engine's process id."""
        return self._engine.pid

    @property
    def is_idle(self) -> bool:
        """Whether a batch that is sent now begins at once."""
        return self._is_open and not self._sent

    @property
    def has_room(self) -> bool:
        """Whether another batch may be sent, if only to be prefetched."""
        return self._is_open and len(self._sent) < _MOST_BATCHES

    @property
    def prefetched(self) -> JobKind | None:
        """What kind of batch waits in the engine, unless it is recalled."""
        waiting = [sent.kind for sent in self._sent[1:] if not sent.is_recalled]
        return waiting[0] if waiting else None

    @property
    def at(self) -> tuple[JobKind, int] | None:
        """What kind of batch the engine is at, and how many jobs, unless that is taken back."""
        if not self._sent or self._sent[0].is_recalled:
            return None
        return self._sent[0].kind, self._sent[0].n_jobs

    def has(self, kind: JobKind) -> bool:
        """Whether the engine is at a batch of that kind, or will be next."""
        return any(sent.kind is kind and not sent.is_recalled for sent in self._sent)

    @property
    def is_making_room(self) -> bool:
        """Whether the batch that the engine was at is taken back."""
        return bool(self._sent) and self._sent[0].is_recalled

    @property
    def is_undead(self) -> bool:
        """Whether the engine was killed and yet does not go, as in a device that hangs."""
        killed_at_s = self._watchdog.killed_at_s
        return killed_at_s is not None and time.monotonic() - killed_at_s > _DYING_S

    async def run(self) -> Death:
        """Serve the engine until it dies. Raises nothing but CancelledError."""
        self._watchdog.heard()
        self._desk.dispatch()
        try:
            while True:
                self._handle(await self._engine.receive())
        except (ConnectionError, asyncio.IncompleteReadError):
            n_retried = self._hand_in()
            status = await self._engine.end()
            return Death(self._watchdog.reason or f"exit status {status}", n_retried)
        finally:
            self._watchdog.stop()
            await self._engine.end()

    def send(self, jobs: Sequence[Job]) -> None:
        """Give the engine its next batch."""
        self._sent.append(_Sent(jobs[0].kind, len(jobs), {job.job_id: job for job in jobs}))
        self._engine.send(Batch(jobs))
        if len(self._sent) == 1:
            self._begin()

    def recall(self) -> None:
        """Take back the prefetched batch; its jobs come back once the engine has passed it over."""
        self._take_back(self._sent[1])

    def interrupt(self) -> None:
        """Take back the batch that the engine is at, as far as it is not done."""
        self._take_back(self._sent[0])

    def _take_back(self, sent: _Sent) -> None:
        sent.is_recalled = True
        self._engine.send(Cancellation(tuple(sent.unanswered)))

    def cancel(self, job: Job) -> bool:
        """Stop work on a job that nobody waits for any more; whether the engine has it."""
        has_it = any(job.job_id in sent.unanswered for sent in self._sent)
        if has_it:
            self._engine.send(Cancellation([job.job_id]))
        return has_it

    def _begin(self) -> None:
        self.busy_since_s = time.monotonic()
        self._watchdog.batch_began()

    def _handle(self, message: EngineMessage) -> None:
        self._watchdog.heard()
        model, replica = self._name.model, self._name.replica
        match message:
            case Answer(job_id, hypothesis):
                self._sent[0].unanswered.pop(job_id, None)
                self._desk.answer(job_id, hypothesis)
            case BatchFailed(reason):
                log.error("batch_failed", model=model, replica=replica, reason=reason)
                self._sent[0].has_failed = True
            case BatchDone(elapsed_s, memory_bytes, seconds_by_stage):
                metrics.ENGINE_BUSY.labels(model, replica).inc(elapsed_s)
                metrics.ENGINE_LAST_BATCH.labels(model, replica).set_to_current_time()
                self._observe_memory(memory_bytes)
                self._observe_stages(seconds_by_stage)
                self._finish(self._sent.pop(0), elapsed_s)
            case Heartbeat(memory_bytes):
                self._observe_memory(memory_bytes)

    def _finish(self, done: _Sent, elapsed_s: float) -> None:
        self.has_worked = self.has_worked or not done.has_failed
        if not done.is_recalled:
            self._desk.took(done.kind, done.n_jobs, elapsed_s)
        if self._sent:
            self._begin()
        else:
            self._watchdog.batch_ended()
        left = list(done.unanswered.values())
        if done.is_recalled:
            self._desk.put_back(left)
        else:
            self._desk.retry(left)
        self._desk.dispatch()

    def _hand_in(self) -> int:
        """Give back what the dead engine has left undone, and take nothing more."""
        self._is_open = False
        n_retried = 0
        for n, sent in enumerate(self._sent):
            left = list(sent.unanswered.values())
            if n == 0:
                n_retried = self._desk.retry(left)
            else:
                self._desk.put_back(left)
        self._sent = []
        self._desk.dispatch()
        return n_retried

    def _observe_memory(self, memory_bytes: Mapping[str, int]) -> None:
        for kind, n_bytes in memory_bytes.items():
            metrics.ENGINE_MEMORY.labels(self._name.model, self._name.replica, kind).set(n_bytes)

    def _observe_stages(self, seconds: Mapping[str, float]) -> None:
        for stage, total_s in seconds.items():
            more_s = total_s - self._stage_s.get(stage, 0.0)
            metrics.ENGINE_STAGES.labels(self._name.model, stage).inc(more_s)
        self._stage_s = seconds
