"""Which jobs the engine takes next. Pure policy: it knows no process, clock or socket.

Finals go before cuts and cuts before interims, each in the order in which they came. Of one owner
at most one interim waits, the newest; any other job makes the owner's waiting interim pointless.
So what waits is bounded by the number of channels, and load shows as rarer interims, never as late
finals.
"""

from collections.abc import Hashable, Sequence
from itertools import islice

from lwd.asr.types import Job, JobKind

_Waiting = dict[int, Job]
"""Jobs of one kind by their id, in their order."""


class Batcher:
    """Jobs that wait for the engine."""

    def __init__(self, *, batch_size: int) -> None:
        self._batch_size = batch_size
        self._waiting: dict[JobKind, _Waiting] = {kind: {} for kind in JobKind}
        self._interims: dict[Hashable, Job] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def put(self, job: Job) -> Job | None:
        """Take a job in; the waiting interim of the same owner that it replaces, if any."""
        superseded = self._interims.get(job.owner)
        if superseded is not None:
            self.drop(superseded)
        self._add(job)
        return superseded

    def put_back(self, jobs: Sequence[Job]) -> list[Job]:
        """Take in jobs whose engine died, before all others of their kind.

        Returns the interims whose owner has a newer one by now.
        """
        stale = [job for job in jobs if job.kind is JobKind.INTERIM and job.owner in self._interims]
        later = {kind: self._waiting[kind] for kind in JobKind}
        self._waiting = {kind: {} for kind in JobKind}
        for job in jobs:
            if job not in stale:
                self._add(job)
        for kind, waiting in later.items():
            self._waiting[kind].update(waiting)
        return stale

    def drop(self, job: Job) -> None:
        """Forget a job that nobody waits for any more, if it still waits."""
        if self._waiting[job.kind].pop(job.job_id, None) and job.kind is JobKind.INTERIM:
            del self._interims[job.owner]

    def next_batch(self) -> list[Job]:
        """Take out the jobs to run now, all of one kind; empty when nothing waits."""
        waiting = next(filter(None, self._waiting.values()), {})
        batch = list(islice(waiting.values(), self._batch_size))
        for job in batch:
            self.drop(job)
        return batch

    def _add(self, job: Job) -> None:
        self._waiting[job.kind][job.job_id] = job
        if job.kind is JobKind.INTERIM:
            self._interims[job.owner] = job
