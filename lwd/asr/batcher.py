"""Which jobs the engine takes next. Pure policy: it knows no process, clock or socket.

Finals go before interims, in the order in which they came. Of one owner at most one interim waits,
the newest; a final makes the owner's waiting interim pointless. So what waits is bounded by the
number of channels, and load shows as rarer interims, never as late finals.
"""

from collections import deque
from collections.abc import Hashable, Sequence
from itertools import islice

from lwd.asr.types import Job, JobKind


class Batcher:
    """Jobs that wait for the engine."""

    def __init__(self, *, batch_size: int) -> None:
        self._batch_size = batch_size
        self._finals: deque[Job] = deque()
        self._interims: dict[Hashable, Job] = {}

    def __len__(self) -> int:
        return len(self._finals) + len(self._interims)

    def put(self, job: Job) -> Job | None:
        """Take a job in; the waiting interim of the same owner that it replaces, if any."""
        superseded = self._interims.pop(job.owner, None)
        if job.kind is JobKind.FINAL:
            self._finals.append(job)
        else:
            self._interims[job.owner] = job
        return superseded

    def put_back(self, jobs: Sequence[Job]) -> list[Job]:
        """Take in jobs whose engine died, before all others of their kind.

        Returns the interims whose owner has a newer one by now.
        """
        finals = [job for job in jobs if job.kind is JobKind.FINAL]
        self._finals.extendleft(reversed(finals))
        interims = {job.owner: job for job in jobs if job.kind is JobKind.INTERIM}
        stale = [job for owner, job in interims.items() if owner in self._interims]
        self._interims = {**interims, **self._interims}
        return stale

    def drop(self, job: Job) -> None:
        """Forget a job that nobody waits for any more, if it still waits."""
        if self._interims.get(job.owner) is job:
            del self._interims[job.owner]
        elif job in self._finals:
            self._finals.remove(job)

    def next_batch(self) -> list[Job]:
        """Take out the jobs to run now, all of one kind; empty when nothing waits."""
        if self._finals:
            return [self._finals.popleft() for _ in range(min(len(self._finals), self._batch_size))]
        owners = list(islice(self._interims, self._batch_size))
        return [self._interims.pop(owner) for owner in owners]
