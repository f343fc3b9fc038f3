"""Which job goes next."""

import numpy as np

from lwd.asr.batcher import Batcher
from lwd.asr.types import Job, JobKind

SAMPLES = np.zeros(16, dtype=np.float32)


def final(job_id: int, owner: str = "a") -> Job:
    """A final of an owner."""
    return Job(job_id, owner, JobKind.FINAL, SAMPLES)


def interim(job_id: int, owner: str = "a") -> Job:
    """An interim of an owner."""
    return Job(job_id, owner, JobKind.INTERIM, SAMPLES)


def ids(jobs: list[Job]) -> list[int]:
    """The jobs' ids."""
    return [job.job_id for job in jobs]


def test_finals_go_first_in_their_order() -> None:
    """A final overtakes every interim, and no other final."""
    batcher = Batcher(batch_size=8)
    for job in (interim(1, "x"), final(2, "a"), interim(3, "y"), final(4, "b")):
        batcher.put(job)

    assert ids(batcher.next_batch()) == [2, 4]
    assert ids(batcher.next_batch()) == [1, 3]
    assert batcher.next_batch() == []


def test_a_cut_goes_between() -> None:
    """Someone who has stopped speaking waits; someone who goes on does not."""
    batcher = Batcher(batch_size=8)
    for job in (interim(1, "x"), Job(2, "a", JobKind.CUT, SAMPLES), final(3, "b")):
        batcher.put(job)

    assert [ids(batcher.next_batch()) for _ in range(3)] == [[3], [2], [1]]


def test_the_newest_interim_of_a_channel_replaces_the_older() -> None:
    """What waits for one channel is one window, however long the engine is busy."""
    batcher = Batcher(batch_size=8)
    batcher.put(interim(1))

    superseded = batcher.put(interim(2))

    assert superseded is not None
    assert superseded.job_id == 1
    assert ids(batcher.next_batch()) == [2]


def test_a_final_makes_its_channels_interim_pointless() -> None:
    """Nobody decodes a window twice because its final came."""
    batcher = Batcher(batch_size=8)
    batcher.put(interim(1))

    superseded = batcher.put(final(2))

    assert superseded is not None
    assert ids(batcher.next_batch()) == [2]
    assert len(batcher) == 0


def test_a_batch_is_bounded() -> None:
    """What does not fit waits for the next batch."""
    batcher = Batcher(batch_size=2)
    for n in range(3):
        batcher.put(final(n, str(n)))

    assert ids(batcher.next_batch()) == [0, 1]
    assert ids(batcher.next_batch()) == [2]


def test_jobs_of_a_dead_engine_come_before_all_others() -> None:
    """The oldest windows have waited longest."""
    batcher = Batcher(batch_size=8)
    batcher.put(final(3, "c"))
    batcher.put(interim(4, "d"))

    stale = batcher.put_back([final(1), final(2, "b"), interim(5, "d"), interim(6, "e")])

    assert ids(stale) == [5]
    assert ids(batcher.next_batch()) == [1, 2, 3]
    assert ids(batcher.next_batch()) == [6, 4]


def test_a_dropped_job_is_forgotten() -> None:
    """Work for a caller that left is not done, and dropping it twice is harmless."""
    batcher = Batcher(batch_size=8)
    jobs = [final(1), interim(2, "b")]
    for job in jobs:
        batcher.put(job)

    for job in [*jobs, *jobs]:
        batcher.drop(job)

    assert batcher.next_batch() == []
