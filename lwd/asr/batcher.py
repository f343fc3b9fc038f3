"""Which jobs an engine takes next. Pure policy: it knows no process, clock or socket.

Finals go before cuts, cuts before pauses and interims, and batch jobs when nothing else waits. A
batch has one kind, begins with the oldest job of it, and is filled with jobs of similar length,
because every window of a batch costs as much as its longest. What is less urgent than a final goes
in batches that are done soon, since a final that falls due meanwhile waits for them.

What waits is bounded by those who ask: a channel has one window here at a time, of an owner's
interims only the newest waits, and of batch jobs there are as many as their caller lets wait. So
load shows as rarer interims, never as late finals.
"""

import math
from collections.abc import Hashable, Sequence

from lwd.asr.types import Job, JobKind

_URGENCY = {kind: n for n, kind in enumerate(JobKind)}

_SOON_S = 0.3
"""How long a batch may take that a final must wait for, unless a single job takes longer."""

_UNHURRIED = (JobKind.CUT, JobKind.PAUSE, JobKind.INTERIM)

_MEMORY = 0.8
"""How much of what a job has cost so far stays in the estimate when a batch is done."""

_Waiting = dict[int, Job]
"""Jobs of one kind by their ids, which grow with time: the oldest first."""


def padded_s(jobs: Sequence[Job]) -> float:
    """Seconds of audio that a batch costs: each of its windows is padded to the longest."""
    return len(jobs) * max(job.duration_s for job in jobs)


class Batcher:
    """Jobs that wait for an engine."""

    def __init__(self, *, batch_size: int, batch_audio_s: float) -> None:
        self._batch_size = batch_size
        self._batch_audio_s = batch_audio_s
        self._waiting: dict[JobKind, _Waiting] = {kind: {} for kind in JobKind}
        self._interims: dict[Hashable, Job] = {}
        self._alone: set[int] = set()
        self._job_s: dict[JobKind, float] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def n_finals(self) -> int:
        """Finals that wait."""
        return len(self._waiting[JobKind.FINAL])

    def put(self, job: Job) -> Job | None:
        """Take a job in; the waiting interim of the same owner that it replaces, if any."""
        superseded = self._interims.get(job.owner)
        if superseded is not None:
            self.drop(superseded)
        self._add(job)
        return superseded

    def put_back(self, job: Job, *, alone: bool) -> bool:
        """Take in again, at its old place, a job that an engine did not do.

        `alone` keeps it from sharing a batch: it may be what its engine died of. False when the job
        is an interim whose owner has a newer one by now; that is not taken in.
        """
        if job.kind is JobKind.INTERIM and job.owner in self._interims:
            return False
        self._add(job)
        self._waiting[job.kind] = dict(sorted(self._waiting[job.kind].items()))
        if alone:
            self._alone.add(job.job_id)
        return True

    def drop(self, job: Job) -> None:
        """Forget a job that nobody waits for any more, if it still waits."""
        if self._waiting[job.kind].pop(job.job_id, None) is None:
            return
        self._alone.discard(job.job_id)
        if job.kind is JobKind.INTERIM:
            del self._interims[job.owner]

    def expire(self, now_s: float) -> list[Job]:
        """Take out the interims whose deadline has passed."""
        expired = [job for job in self._interims.values() if job.deadline_s < now_s]
        for job in expired:
            self.drop(job)
        return expired

    def is_more_urgent_than(self, kind: JobKind) -> bool:
        """Whether a job waits that goes before all of that kind."""
        return any(
            waiting and _URGENCY[other] < _URGENCY[kind] for other, waiting in self._waiting.items()
        )

    def took(self, kind: JobKind, n_jobs: int, elapsed_s: float) -> None:
        """Learn from a batch that is done how long a job of its kind takes."""
        job_s = elapsed_s / n_jobs
        self._job_s[kind] = _MEMORY * self._job_s.get(kind, job_s) + (1 - _MEMORY) * job_s

    def expected_s(self, kind: JobKind, n_jobs: int) -> float:
        """How long such a batch takes by what is known; endless when nothing is."""
        return n_jobs * self._job_s.get(kind, math.inf)

    def next_batch(
        self, *, n_engines: int = 1, only_full: bool = False, least: JobKind = JobKind.BATCH
    ) -> list[Job]:
        """Take out the jobs to run now; empty when nothing waits that is as urgent as `least`.

        They are one engine's part where `n_engines` are idle. With `only_full` also empty while a
        job that comes later could still join them.
        """
        kinds = (kind for kind in JobKind if _URGENCY[kind] <= _URGENCY[least])
        waiting = next(filter(None, map(self._waiting.__getitem__, kinds)), {})
        batch = self._choose(list(waiting.values()), math.ceil(len(waiting) / n_engines))
        if only_full and not self._is_full(batch):
            return []
        for job in batch:
            self.drop(job)
        return batch

    def _choose(self, waiting: Sequence[Job], share: int) -> list[Job]:
        """The oldest, then those that are nearest to it in length, as far as they fit."""
        batch = list(waiting[:1])
        if not batch or batch[0].job_id in self._alone:
            return batch
        most = min(share, self._most(batch[0].kind))
        length_s = batch[0].duration_s
        others = (job for job in waiting[1:] if job.job_id not in self._alone)
        for job in sorted(others, key=lambda job: abs(job.duration_s - length_s)):
            if len(batch) < most and padded_s([*batch, job]) <= self._batch_audio_s:
                batch.append(job)
        return batch

    def _is_full(self, batch: Sequence[Job]) -> bool:
        if not batch:
            return False
        longest_s = max(job.duration_s for job in batch)
        return (
            len(batch) >= self._most(batch[0].kind)
            or (len(batch) + 1) * longest_s > self._batch_audio_s
            or batch[0].job_id in self._alone
        )

    def _most(self, kind: JobKind) -> int:
        """Jobs of a kind that go together."""
        if kind not in _UNHURRIED:
            return self._batch_size
        job_s = self._job_s.get(kind, _SOON_S)
        return max(1, min(self._batch_size, int(_SOON_S / max(job_s, 1e-6))))

    def _add(self, job: Job) -> None:
        self._waiting[job.kind][job.job_id] = job
        if job.kind is JobKind.INTERIM:
            self._interims[job.owner] = job
