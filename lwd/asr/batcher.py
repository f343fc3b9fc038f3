"""Which jobs an engine takes next. Pure policy: it knows no process, clock or socket.

Finals go before cuts, cuts before interims, and batch jobs when nothing else waits. A batch has one
kind, begins with the oldest job of it, and is filled with jobs of similar length, because every
window of a batch costs as much as its longest.

What waits is bounded by those who ask: a channel has one window here at a time, of an owner's
interims only the newest waits, and of batch jobs there are as many as their caller lets wait. So
load shows as rarer interims, never as late finals.
"""

from collections.abc import Hashable, Sequence

from lwd.asr.types import Job, JobKind

_URGENCY = {kind: n for n, kind in enumerate(JobKind)}

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

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

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

    def next_batch(self, *, only_full: bool = False) -> list[Job]:
        """Take out the jobs to run now; empty when nothing waits.

        With `only_full` also empty while a job that comes later could still join them.
        """
        waiting = next(filter(None, self._waiting.values()), {})
        batch = self._choose(list(waiting.values()))
        if only_full and not self._is_full(batch):
            return []
        for job in batch:
            self.drop(job)
        return batch

    def _choose(self, waiting: Sequence[Job]) -> list[Job]:
        """The oldest, then those that are nearest to it in length, as far as they fit."""
        batch = list(waiting[:1])
        if not batch or batch[0].job_id in self._alone:
            return batch
        length_s = batch[0].duration_s
        others = (job for job in waiting[1:] if job.job_id not in self._alone)
        for job in sorted(others, key=lambda job: abs(job.duration_s - length_s)):
            if len(batch) < self._batch_size and padded_s([*batch, job]) <= self._batch_audio_s:
                batch.append(job)
        return batch

    def _is_full(self, batch: Sequence[Job]) -> bool:
        if not batch:
            return False
        longest_s = max(job.duration_s for job in batch)
        return (
            len(batch) >= self._batch_size
            or (len(batch) + 1) * longest_s > self._batch_audio_s
            or batch[0].job_id in self._alone
        )

    def _add(self, job: Job) -> None:
        self._waiting[job.kind][job.job_id] = job
        if job.kind is JobKind.INTERIM:
            self._interims[job.owner] = job
