"""The windows of one model: who waits for which, and which engine gets what next.

When an engine dies or hangs, its windows are tried again by themselves: callers notice a pause, not
an error, and a window that kills engines takes no other with it. It is given up in the end.
"""

import asyncio
import math
import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from lwd import metrics
from lwd.asr.batcher import Batcher
from lwd.asr.feed import Feed, Name
from lwd.asr.host import MAKE_BLAS
from lwd.asr.process import ENGINE_COMMAND, start_engine
from lwd.asr.replica import Replica
from lwd.asr.settings import EngineSettings
from lwd.asr.types import Hints, Hypothesis, Job, JobKind, Samples
from lwd.asr.wire import EngineSpec
from lwd.errors import EngineFailed

_NO_HINTS = Hints()

_INTERRUPTIBLE = (JobKind.INTERIM, JobKind.BATCH)
_WORTH_WAITING_S = 0.1
"""A final waits so long for an engine rather than undo what that is at."""

log = structlog.get_logger()


@dataclass(slots=True)
class Hearing:
    """A window that somebody waits for.

    The answer raises EngineFailed when the window was tried and given up; cancelling it forgets the
    window and stops the work on it. `has_begun` once an engine has the window.
    """

    job: Job
    answer: asyncio.Future[Hypothesis | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    asked_at_s: float = field(default_factory=time.monotonic)
    attempts: int = 0
    has_begun: bool = False


class EnginePool:
    """One model's engines. Start them, submit windows, close them."""

    def __init__(
        self,
        model: str,
        spec: EngineSpec,
        settings: EngineSettings,
        *,
        command: Sequence[str] = ENGINE_COMMAND,
    ) -> None:
        self.model = model
        self._settings = settings
        self._batcher = Batcher(
            batch_size=settings.batch_size, batch_audio_s=settings.batch_audio_s
        )
        self._pending: dict[int, Hearing] = {}
        self._next_job_id = 0
        self._dispatching: asyncio.Handle | None = None
        start = partial(start_engine, model, spec, settings, command)
        self._replicas = [
            Replica(Name(model, str(n)), start, settings, self) for n in range(settings.replicas)
        ]

    @property
    def languages(self) -> tuple[str, ...]:
        """Whisper codes of the languages that the model knows; none before it has started."""
        ready = self._replicas[0].ready
        return () if ready is None else ready.languages

    @property
    def is_ready(self) -> bool:
        """Whether an engine answers now."""
        return bool(self._feeds)

    @property
    def has_failed(self) -> bool:
        """Whether no engine starts, so that nothing is transcribed for now."""
        return all(replica.has_failed for replica in self._replicas)

    @property
    def is_stuck(self) -> bool:
        """Whether an engine does not go although it was killed."""
        return any(feed.is_undead for feed in self._feeds)

    @property
    def replicas(self) -> int:
        """How many engines there should be."""
        return len(self._replicas)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of the engines that answer now."""
        return tuple(feed.pid for feed in self._feeds)

    @property
    def queued(self) -> int:
        """Windows that wait for an engine."""
        return len(self._batcher)

    async def start(self) -> None:
        """Load the model; raises ModelCorrupt or EngineUnavailable when that fails."""
        # One after the other: on a CPU the first compiles the kernels that the others load.
        for replica in self._replicas:
            await replica.start()
        ready = self._replicas[0].ready
        if ready is not None and ready.blas is None:
            log.warning(
                "slow_blas",
                cost="MLX multiplies matrices about 40 times slower than it could",
                remedy=f"run in the checkout: {MAKE_BLAS} (or install OpenBLAS, libopenblas.so.0)",
            )

    async def close(self) -> None:
        """Stop the engines; whoever still waits for a window gets CancelledError."""
        await asyncio.gather(*(replica.close() for replica in self._replicas))
        for pending in self._pending.values():
            pending.answer.cancel()

    def transcribe(
        self,
        owner: Hashable,
        kind: JobKind,
        samples: Samples,
        hints: Hints = _NO_HINTS,
        deadline_s: float = math.inf,
    ) -> Hearing:
        """Ask for what was said in a window.

        The answer to an interim is None when a newer window of its owner took its place, or when it
        still waited at `deadline_s`, by time.monotonic().
        """
        self._next_job_id += 1
        pending = Hearing(Job(self._next_job_id, owner, kind, samples, hints, deadline_s))
        self._pending[pending.job.job_id] = pending
        superseded = self._batcher.put(pending.job)
        if superseded is not None:
            self._supersede(superseded)
        self.dispatch()
        pending.answer.add_done_callback(lambda _: self._forget(pending))
        return pending

    def _forget(self, pending: Hearing) -> None:
        del self._pending[pending.job.job_id]
        self._batcher.drop(pending.job)
        self._count_queued()
        if pending.answer.cancelled() and any(feed.cancel(pending.job) for feed in self._feeds):
            metrics.WINDOWS_CANCELLED.inc()

    def _count_queued(self) -> None:
        metrics.QUEUED_JOBS.labels(self.model).set(len(self._batcher))

    # What engines have to tell

    def took(self, kind: JobKind, n_jobs: int, elapsed_s: float) -> None:
        """Take note of how long a batch took."""
        metrics.BATCH_SECONDS.labels(kind.value).observe(elapsed_s)
        self._batcher.took(kind, n_jobs, elapsed_s)

    def answer(self, job_id: int, hypothesis: Hypothesis | None) -> None:
        """Tell who waits."""
        pending = self._pending.get(job_id)
        if pending is not None and not pending.answer.done():
            pending.answer.set_result(hypothesis)

    def retry(self, jobs: Sequence[Job]) -> int:
        """Queue again, each by itself, what an engine was at and did not do, or give it up."""
        n_retried = 0
        for pending in self._wanted(jobs):
            pending.attempts += 1
            if pending.attempts < self._settings.max_attempts:
                n_retried += self._requeue(pending)
            else:
                self._give_up(pending, f"given up after {pending.attempts} attempts")
        metrics.WINDOWS_RETRIED.inc(n_retried)
        return n_retried

    def put_back(self, jobs: Sequence[Job]) -> None:
        """Queue again what an engine was not at."""
        for pending in self._wanted(jobs):
            self._requeue(pending)

    def start_failed(self) -> None:
        """Keep nobody waiting when no engine is left that starts."""
        if self.has_failed:
            for pending in self._pending.values():
                self._give_up(pending, "the engine does not start")

    def _wanted(self, jobs: Sequence[Job]) -> Iterator[Hearing]:
        for job in jobs:
            pending = self._pending.get(job.job_id)
            if pending is not None and not pending.answer.done():
                yield pending

    def _requeue(self, pending: Hearing) -> bool:
        """Whether it is still wanted, and not superseded."""
        pending.has_begun = False
        is_wanted = self._batcher.put_back(pending.job, alone=pending.attempts > 0)
        if not is_wanted:
            self._supersede(pending.job)
        return is_wanted

    def _supersede(self, job: Job) -> None:
        for _ in self._wanted([job]):
            metrics.INTERIMS_SUPERSEDED.inc()
        self.answer(job.job_id, None)

    def _give_up(self, pending: Hearing, reason: str) -> None:
        if not pending.answer.done():
            metrics.WINDOWS_FAILED.inc()
            pending.answer.set_exception(EngineFailed(reason))

    # What engines get

    def dispatch(self) -> None:
        """Give out what waits, together with what else comes in this turn of the loop."""
        if self._dispatching is None:
            self._dispatching = asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._dispatching = None
        for job in self._batcher.expire(time.monotonic()):
            metrics.INTERIMS_EXPIRED.inc()
            self.answer(job.job_id, None)
        while (feed := self._next_feed()) and (jobs := self._next_batch(feed)):
            feed.send(jobs)
            self._observe(jobs)
            for pending in self._wanted(jobs):
                pending.has_begun = True
                kind = pending.job.kind.value
                metrics.QUEUE_WAIT.labels(kind).observe(time.monotonic() - pending.asked_at_s)
        self._make_room()
        for feed in self._feeds:
            # From every engine: the first that is done then takes what is more urgent.
            if feed.prefetched and self._batcher.is_more_urgent_than(feed.prefetched):
                feed.recall()
        self._count_queued()

    @property
    def _feeds(self) -> list[Feed]:
        return [replica.feed for replica in self._replicas if replica.feed is not None]

    def _next_feed(self) -> Feed | None:
        """An idle engine; a lone one also while it is busy, so that it never waits for a batch.

        Of several engines nobody knows which is done first, so what waits is kept here for it.
        """
        feeds = self._feeds
        if len(feeds) == 1:
            return feeds[0] if feeds[0].has_room else None
        return next((feed for feed in feeds if feed.is_idle), None)

    def _next_batch(self, feed: Feed) -> list[Job]:
        # A batch that must wait in the engine is better off here while others can still join it.
        n_idle = sum(feed.is_idle for feed in self._feeds)
        return self._batcher.next_batch(
            n_engines=max(1, n_idle),
            only_full=not feed.is_idle,
            least=JobKind.BATCH if self._is_spare(feed) else JobKind.PAUSE,
        )

    def _is_spare(self, feed: Feed) -> bool:
        """Whether an engine may be put at interims: of several, one is kept for what is due."""
        others = [other for other in self._feeds if other is not feed]
        return not others or any(not other.has(JobKind.INTERIM) for other in others)

    def _make_room(self) -> None:
        """Stop as many batches that can wait as finals wait; the latest begun, so little is lost."""
        n_coming = sum(feed.is_making_room for feed in self._feeds)
        busy = [feed for feed in self._feeds if self._is_long_at_less(feed)]
        busy.sort(key=lambda feed: feed.busy_since_s, reverse=True)
        for feed in busy[: max(0, self._batcher.n_finals - n_coming)]:
            feed.interrupt()

    def _is_long_at_less(self, feed: Feed) -> bool:
        """Whether an engine will be at interims or recordings for long enough to stop it."""
        if feed.at is None or feed.at[0] not in _INTERRUPTIBLE:
            return False
        done_s = feed.busy_since_s + self._batcher.expected_s(*feed.at)
        return done_s - time.monotonic() > _WORTH_WAITING_S

    def _observe(self, jobs: Sequence[Job]) -> None:
        metrics.BATCH_SIZE.labels(self.model).observe(len(jobs))
        longest_s = max(job.duration_s for job in jobs)
        # Each by itself: the sum of equal lengths may come out above so many times one of them.
        padding_s = sum(longest_s - job.duration_s for job in jobs)
        heard_s = sum(job.duration_s for job in jobs)
        metrics.BATCH_AUDIO.labels(self.model, "heard").inc(heard_s)
        metrics.BATCH_AUDIO.labels(self.model, "padding").inc(padding_s)
