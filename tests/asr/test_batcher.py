"""Which job goes next."""

from collections.abc import Hashable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lwd.asr.batcher import Batcher, padded_s
from lwd.asr.types import SAMPLE_RATE, Job, JobKind


def job(
    job_id: int,
    owner: Hashable = "a",
    *,
    kind: JobKind = JobKind.FINAL,
    seconds: float = 1.0,
    deadline_s: float = float("inf"),
) -> Job:
    """A job of that many seconds."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    return Job(job_id, owner, kind, samples, deadline_s=deadline_s)


def interim(job_id: int, owner: Hashable = "a", deadline_s: float = float("inf")) -> Job:
    """An interim of an owner."""
    return job(job_id, owner, kind=JobKind.INTERIM, deadline_s=deadline_s)


def ids(jobs: list[Job]) -> list[int]:
    """The jobs' ids."""
    return [job.job_id for job in jobs]


def make(*jobs: Job, batch_size: int = 8, batch_audio_s: float = 60.0) -> Batcher:
    """A batcher with jobs of different owners."""
    batcher = Batcher(batch_size=batch_size, batch_audio_s=batch_audio_s)
    for one in jobs:
        assert batcher.put(one) is None
    return batcher


def batches(batcher: Batcher) -> list[list[int]]:
    """Everything that waits, batch by batch."""
    taken = []
    while batch := batcher.next_batch():
        taken.append(ids(batch))
    return taken


def test_an_engine_may_be_kept_from_what_can_wait() -> None:
    """It gets nothing less urgent than it is kept for."""
    batcher = make(interim(1, "x"), job(2, "a", kind=JobKind.PAUSE))

    assert ids(batcher.next_batch(least=JobKind.PAUSE)) == [2]
    assert not batcher.next_batch(least=JobKind.PAUSE)
    assert ids(batcher.next_batch()) == [1]


def test_finals_go_first_in_their_order() -> None:
    """A final overtakes every interim, and no other final."""
    batcher = make(interim(1, "x"), job(2, "a"), interim(3, "y"), job(4, "b"))

    assert batches(batcher) == [[2, 4], [1], [3]]


def test_urgency_is_final_cut_pause_interim_batch() -> None:
    """Who has stopped speaking waits, who goes on does not, and nobody listens to a recording."""
    batcher = make(
        job(1, "r", kind=JobKind.BATCH),
        interim(2, "x"),
        job(3, "p", kind=JobKind.PAUSE),
        job(4, "a", kind=JobKind.CUT),
        job(5, "b"),
    )

    assert batches(batcher) == [[5], [4], [3], [2], [1]]


@pytest.mark.parametrize("kind", [JobKind.CUT, JobKind.PAUSE, JobKind.INTERIM])
def test_nothing_keeps_an_engine_long_from_a_final(kind: JobKind) -> None:
    """On a slow engine what is no final goes by itself, on a quick one together."""
    batcher = Batcher(batch_size=8, batch_audio_s=60.0)
    for n in range(12):
        batcher.put(job(n, n, kind=kind))
    assert len(batcher.next_batch()) == 1

    for _ in range(50):
        batcher.took(kind, 2, 0.09)
    assert len(batcher.next_batch()) == 6

    for _ in range(50):
        batcher.took(kind, 6, 6.0)
    assert len(batcher.next_batch()) == 1

    for n in range(20, 40):
        batcher.put(job(n, n))
    assert len(batcher.next_batch()) == 8


def test_a_batch_is_expected_to_take_as_long_as_those_before() -> None:
    """A job's time follows the last ones; of a kind that was never done nothing is known."""
    batcher = make()
    assert batcher.expected_s(JobKind.INTERIM, 1) == float("inf")

    for _ in range(50):
        batcher.took(JobKind.INTERIM, 2, 1.0)
    batcher.took(JobKind.INTERIM, 1, 1.0)

    assert batcher.expected_s(JobKind.INTERIM, 2) == pytest.approx(1.2)
    assert batcher.expected_s(JobKind.FINAL, 2) == float("inf")


def test_idle_engines_share_what_waits() -> None:
    """No engine rests while another has more than one window."""
    batcher = make(*(job(n, n) for n in range(5)))

    assert ids(batcher.next_batch(n_engines=2)) == [0, 1, 2]
    assert ids(batcher.next_batch(n_engines=2)) == [3]
    assert ids(batcher.next_batch()) == [4]


def test_what_is_more_urgent_is_known() -> None:
    """Only a job that would go before all of a kind is more urgent than it."""
    batcher = make(interim(1))

    assert batcher.is_more_urgent_than(JobKind.BATCH)
    assert not batcher.is_more_urgent_than(JobKind.INTERIM)
    assert not batcher.is_more_urgent_than(JobKind.FINAL)


def test_the_newest_interim_of_a_channel_replaces_the_older() -> None:
    """What waits for one channel is one window, however long the engine is busy."""
    batcher = make(interim(1))

    superseded = batcher.put(interim(2))

    assert superseded is not None
    assert superseded.job_id == 1
    assert batches(batcher) == [[2]]


def test_a_final_makes_its_channels_interim_pointless() -> None:
    """Nobody decodes a window twice because its final came."""
    batcher = make(interim(1))

    superseded = batcher.put(job(2))

    assert superseded is not None
    assert superseded.job_id == 1
    assert batches(batcher) == [[2]]


def test_an_interim_is_dropped_after_its_deadline() -> None:
    """It is told of, so that a newer window can be asked for; a final has all the time."""
    batcher = make(interim(1, "x", 10.0), interim(2, "y", 11.0), job(3, "z", deadline_s=1.0))

    assert batcher.expire(10.0) == []
    assert ids(batcher.expire(10.5)) == [1]
    assert batcher.expire(10.5) == []
    assert batches(batcher) == [[3], [2]]


def test_a_batch_is_bounded() -> None:
    """What does not fit waits for the next batch."""
    batcher = make(*(job(n, n) for n in range(3)), batch_size=2)

    assert batches(batcher) == [[0, 1], [2]]


def test_windows_of_similar_length_go_together() -> None:
    """The oldest goes first and takes along those that cost it least."""
    lengths_s = [4.0, 20.0, 1.0, 5.0, 3.5]
    batcher = make(*(job(n, n, seconds=s) for n, s in enumerate(lengths_s)), batch_size=3)

    assert batches(batcher) == [[0, 4, 3], [1, 2]]


def test_padding_counts() -> None:
    """Two long windows cost as much as many short ones, and so do a long and a short one."""
    batcher = make(
        *(job(n, n, seconds=s) for n, s in enumerate([8.0, 8.0, 8.0, 2.0, 2.0])),
        batch_audio_s=20.0,
    )

    assert batches(batcher) == [[0, 1], [2, 3], [4]]


def test_a_window_above_the_bound_runs_alone() -> None:
    """It is slow, but it is not refused, and nobody else waits in its batch."""
    batcher = make(job(1, "a", seconds=30.0), job(2, "b", seconds=1.0), batch_audio_s=20.0)

    assert batches(batcher) == [[1], [2]]


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ([], []),
        ([job(1, "a")], []),
        ([job(1, "a"), job(2, "b")], []),
        ([job(1, "a"), job(2, "b"), job(3, "c")], [1, 2, 3]),
        ([job(1, "a", seconds=11.0)], [1]),
        ([job(1, "a", seconds=10.0)], []),
        ([interim(n, n) for n in range(1, 4)] + [job(4, "d")], []),
    ],
)
def test_a_batch_that_is_not_full_can_be_left_to_wait(jobs: list[Job], expected: list[int]) -> None:
    """Until no job that comes later could join it; what is most urgent still goes first."""
    batcher = make(*jobs, batch_size=3, batch_audio_s=20.0)

    assert ids(batcher.next_batch(only_full=True)) == expected
    assert len(batcher) == len(jobs) - len(expected)


def test_what_comes_back_goes_before_what_came_later() -> None:
    """The oldest windows have waited longest, and a channel's newer interim still wins."""
    batcher = make(job(3, "c"), interim(6, "d"), job(7, "f"))

    assert batcher.put_back(job(4, "b"), alone=False)
    assert batcher.put_back(job(1), alone=False)
    assert not batcher.put_back(interim(2, "d"), alone=False)
    assert batcher.put_back(interim(5, "e"), alone=False)

    assert batches(batcher) == [[1, 3, 4, 7], [5], [6]]


def test_a_suspect_runs_alone() -> None:
    """A window that may have killed an engine takes no other with it."""
    batcher = make(job(3, "c"), job(4, "d"))
    for one in (job(1), job(2, "b")):
        batcher.put_back(one, alone=True)

    assert ids(batcher.next_batch(only_full=True)) == [1]
    assert batches(batcher) == [[2], [3, 4]]


def test_a_dropped_job_is_forgotten() -> None:
    """Work for a caller that left is not done, and dropping it twice is harmless."""
    jobs = [job(1), interim(2, "b")]
    batcher = make(*jobs)

    for one in [*jobs, *jobs]:
        batcher.drop(one)

    assert batches(batcher) == []
    assert batcher.expire(1e9) == []


BATCH_SIZE = 3
BATCH_AUDIO_S = 12.0
URGENCY = list(JobKind)


class Life(RuleBasedStateMachine):
    """Any sequence of events, beside a model of what waits."""

    def __init__(self) -> None:
        super().__init__()
        self.batcher = Batcher(batch_size=BATCH_SIZE, batch_audio_s=BATCH_AUDIO_S)
        self.now_s = 0.0
        self.waiting: dict[int, Job] = {}
        self.taken: list[Job] = []
        self.alone: set[int] = set()
        self.next_id = 0

    def interim_of(self, owner: Hashable) -> Job | None:
        """The owner's interim that waits."""
        interims = (one for one in self.waiting.values() if one.kind is JobKind.INTERIM)
        return next((one for one in interims if one.owner == owner), None)

    @rule(
        owner=st.integers(0, 4),
        kind=st.sampled_from(JobKind),
        seconds=st.floats(0.1, 15.0),
        patience_s=st.floats(0.0, 5.0),
    )
    def put(self, owner: int, kind: JobKind, seconds: float, patience_s: float) -> None:
        """A window is asked for."""
        self.next_id += 1
        deadline_s = self.now_s + patience_s
        new = job(self.next_id, owner, kind=kind, seconds=seconds, deadline_s=deadline_s)
        expected = self.interim_of(owner)
        assert self.batcher.put(new) is expected
        if expected is not None:
            del self.waiting[expected.job_id]
        self.waiting[new.job_id] = new

    @rule(only_full=st.booleans())
    def take(self, only_full: bool) -> None:
        """An engine is free, or could prefetch."""
        most_urgent = min((URGENCY.index(one.kind) for one in self.waiting.values()), default=0)
        same_kind = [i for i, one in self.waiting.items() if one.kind is URGENCY[most_urgent]]
        batch = self.batcher.next_batch(only_full=only_full)
        if not batch:
            assert only_full or not self.waiting
            return
        assert batch[0].job_id == min(same_kind)
        assert {one.kind for one in batch} == {URGENCY[most_urgent]}
        assert len(batch) <= BATCH_SIZE
        assert len(batch) == 1 or padded_s(batch) <= BATCH_AUDIO_S
        assert len(batch) == 1 or self.alone.isdisjoint(ids(batch))
        for one in batch:
            assert self.waiting.pop(one.job_id) is one
        self.alone -= set(ids(batch))
        self.taken += batch

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), alone=st.booleans())
    def put_back(self, data: st.DataObject, alone: bool) -> None:
        """An engine dies, or a batch is recalled."""
        one = data.draw(st.sampled_from(self.taken))
        self.taken.remove(one)
        is_stale = one.kind is JobKind.INTERIM and self.interim_of(one.owner) is not None
        assert self.batcher.put_back(one, alone=alone) is not is_stale
        if not is_stale:
            self.waiting[one.job_id] = one
            self.alone |= {one.job_id} if alone else set()

    @precondition(lambda self: self.waiting or self.taken)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """A caller leaves, whether or not its window still waits."""
        one = data.draw(st.sampled_from([*self.waiting.values(), *self.taken]))
        self.batcher.drop(one)
        self.waiting.pop(one.job_id, None)
        self.alone.discard(one.job_id)

    @rule(seconds=st.floats(0.0, 3.0))
    def wait(self, seconds: float) -> None:
        """Time passes, and interims with it."""
        self.now_s += seconds
        expired = {
            i
            for i, one in self.waiting.items()
            if one.kind is JobKind.INTERIM and one.deadline_s < self.now_s
        }
        assert set(ids(self.batcher.expire(self.now_s))) == expired
        for job_id in expired:
            del self.waiting[job_id]
        self.alone -= expired

    @invariant()
    def nothing_is_lost_or_invented(self) -> None:
        """What was put and not taken waits."""
        assert len(self.batcher) == len(self.waiting)

    @invariant()
    def one_interim_of_an_owner_waits(self) -> None:
        """However many come and come back."""
        owners = [one.owner for one in self.waiting.values() if one.kind is JobKind.INTERIM]
        assert len(owners) == len(set(owners))

    def teardown(self) -> None:
        """Whatever happened, everything that waits comes out, once."""
        out = [job_id for batch in batches(self.batcher) for job_id in batch]
        assert sorted(out) == sorted(self.waiting)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=100, stateful_step_count=40)
