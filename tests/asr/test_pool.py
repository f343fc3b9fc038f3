"""The pool keeps its promises whatever happens to its engine processes."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from lwd.asr import feed
from lwd.asr.pool import EnginePool
from lwd.asr.process import EngineProcess
from lwd.asr.scripted import Script, deadly, endless, silence
from lwd.asr.settings import EngineSettings
from lwd.asr.types import SAMPLE_RATE, Hints, Hypothesis, JobKind, Samples
from lwd.asr.wire import EngineSpec
from lwd.errors import EngineFailed, EngineUnavailable
from lwd.metrics import REGISTRY

MakePool = Callable[..., Awaitable[EnginePool]]
Hearing = asyncio.Future[Hypothesis | None]


@pytest.fixture
async def make_pool(spec: EngineSpec, settings: EngineSettings) -> AsyncIterator[MakePool]:
    """Start pools with scripted engines, and close them after the test."""
    pools = []

    async def make(
        script: Script, *, command: tuple[str, ...] | None = None, **changes: Any
    ) -> EnginePool:
        changed = replace(settings, **changes)
        pool = EnginePool("scripted", spec, changed, command=command or script.command())
        pools.append(pool)
        await pool.start()
        return pool

    yield make
    for pool in pools:
        await pool.close()


@pytest.fixture
def due(tmp_path: Path) -> Callable[[int], str]:
    """Make that many accidents due."""
    directory = tmp_path / "due"
    directory.mkdir()

    def fall_due(accidents: int) -> str:
        for n in range(accidents):
            (directory / str(n)).touch()
        return str(directory)

    return fall_due


def hear(
    pool: EnginePool,
    owner: object = "a",
    samples: Samples | None = None,
    kind: JobKind = JobKind.FINAL,
) -> Hearing:
    """Ask for a window; a second of silence if nothing else is said."""
    window = silence(1) if samples is None else samples
    return pool.transcribe(owner, kind, window, Hints("en")).answer


async def occupy(pool: EnginePool) -> Hearing:
    """Keep an engine busy until the task is cancelled."""
    busy = hear(pool, object(), endless(1))
    await settle()
    await until(lambda: pool.queued == 0)
    return busy


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def order(hearings: dict[str, Hearing]) -> list[str]:
    """The names of hearings in the order in which they are answered."""
    answered: list[str] = []
    for name, hearing in hearings.items():
        hearing.add_done_callback(partial(_note, answered, name))
    await asyncio.gather(*hearings.values())
    return answered


def _note(names: list[str], name: str, _: Hearing) -> None:
    names.append(name)


async def until(is_true: Callable[[], bool]) -> None:
    """Wait for what has no event, such as a death."""
    while not is_true():  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.01)


def texts(hypothesis: Hypothesis | None) -> list[str]:
    """The words of an answer that must be there."""
    assert hypothesis is not None
    return [word.text for word in hypothesis.words]


def reasons(logs: Iterable[Any]) -> list[str]:
    """Why engines died."""
    return [line["reason"] for line in logs if line["event"] == "engine_died"]


@pytest.mark.parametrize("n_samples", [961, 3521, 3681])
async def test_windows_of_one_length_are_heard_together(
    make_pool: MakePool, n_samples: int
) -> None:
    """Seven times their length is not quite the sum of seven, in binary: no padding below zero."""
    length_s = n_samples / SAMPLE_RATE
    assert 7 * length_s < sum([length_s] * 7)
    pool = await make_pool(Script(), batch_size=8)

    hearings = [hear(pool, owner, np.zeros(n_samples, np.float32)) for owner in range(7)]

    async with asyncio.timeout(20):
        assert None not in await asyncio.gather(*hearings)


async def test_windows_are_transcribed_by_the_process(make_pool: MakePool) -> None:
    """Each caller gets the words of its own window."""
    pool = await make_pool(Script())

    one, two = await asyncio.gather(hear(pool, "a", silence(1)), hear(pool, "b", silence(2)))

    assert texts(one) == [" word0", " word1"]
    assert len(texts(two)) == 4
    assert pool.is_ready
    assert pool.languages == ("en", "de")


# Death


@pytest.mark.parametrize("replicas", [1, 2])
async def test_an_engine_that_dies_loses_no_window(
    make_pool: MakePool, due: Callable[[int], str], replicas: int
) -> None:
    """Windows in flight when an engine dies are answered by another or by the next one."""
    pool = await make_pool(Script(accident="die", due=due(1)), replicas=replicas)

    with capture_logs() as logs:
        answers = await asyncio.gather(*(hear(pool, n) for n in range(10)))
        # The other engine may have answered everything before the death of the first is noticed.
        while not (pool.is_ready and len(pool.pids) == replicas and reasons(logs)):  # noqa: ASYNC110 - a start has no event
            await asyncio.sleep(0.01)

    assert all(len(texts(answer)) == 2 for answer in answers)
    assert reasons(logs) == ["exit status -9"]


async def test_a_death_is_logged_with_what_it_cost(make_pool: MakePool) -> None:
    """An operator reads which process died and how many windows are tried again; both are counted."""
    pool = await make_pool(Script(), batch_size=2)
    [pid] = pool.pids
    before = REGISTRY.get_sample_value("lwd_windows_retried_total") or 0.0
    busy = [hear(pool, n, endless(1)) for n in range(2)]
    prefetched = [hear(pool, n) for n in range(2, 4)]
    await settle()

    with capture_logs() as logs:
        os.kill(pid, signal.SIGKILL)
        await until(lambda: bool(reasons(logs)))

    [death] = [line for line in logs if line["event"] == "engine_died"]
    assert (death["pid"], death["windows_retried"]) == (pid, 2)
    assert REGISTRY.get_sample_value("lwd_windows_retried_total") == before + 2
    for hearing in busy:
        hearing.cancel()
    await asyncio.gather(*prefetched)


async def test_an_engine_that_hangs_is_replaced(
    make_pool: MakePool, due: Callable[[int], str]
) -> None:
    """A batch that outlasts the deadline costs the engine its life, not the window."""
    pool = await make_pool(Script(accident="hang", due=due(1)), deadline_s=0.3)

    with capture_logs() as logs:
        assert len(texts(await hear(pool))) == 2

    assert reasons(logs) == ["a batch took longer than engine.deadline_s (0.3 s)"]


async def test_an_engine_that_says_nothing_is_replaced(
    make_pool: MakePool, due: Callable[[int], str]
) -> None:
    """An engine without a heartbeat is dead, however long its batch may take."""
    pool = await make_pool(Script(accident="mute", due=due(1)), heartbeat_timeout_s=2.0)

    with capture_logs() as logs:
        assert len(texts(await hear(pool))) == 2

    assert reasons(logs) == ["silent for engine.heartbeat_timeout_s (2 s)"]


async def test_a_window_that_kills_engines_takes_no_other_with_it(make_pool: MakePool) -> None:
    """Its batch mates are answered; it alone is given up, after its second attempt."""
    pool = await make_pool(Script())

    mates = [hear(pool, n) for n in range(3)]
    poison = hear(pool, "p", deadly(1))
    with capture_logs() as logs:
        with pytest.raises(EngineFailed, match="given up after 2 attempts"):
            await poison
        assert [len(texts(await mate)) for mate in mates] == [2, 2, 2]
        assert len(texts(await hear(pool))) == 2

    assert len(reasons(logs)) == 2


async def test_a_prefetched_window_is_not_blamed_for_a_death(make_pool: MakePool) -> None:
    """Only what the engine was at counts as tried."""
    pool = await make_pool(Script(), batch_size=1, max_attempts=1)
    busy = await occupy(pool)
    prefetched = hear(pool)
    await settle()
    assert pool.queued == 0

    os.kill(pool.pids[0], signal.SIGKILL)

    assert len(texts(await prefetched)) == 2
    with pytest.raises(EngineFailed, match="given up after 1 attempts"):
        await busy


async def test_a_failing_batch_is_tried_again(
    make_pool: MakePool, due: Callable[[int], str]
) -> None:
    """An error inside the engine is retried in the same process."""
    pool = await make_pool(Script(accident="fail", due=due(1)))
    [pid] = pool.pids

    assert len(texts(await hear(pool))) == 2
    assert pool.pids == (pid,)


async def test_an_idle_engine_that_is_killed_comes_back(make_pool: MakePool) -> None:
    """Nobody has to ask for a window to have a dead engine replaced."""
    pool = await make_pool(Script())
    first = pool.pids

    os.kill(first[0], signal.SIGKILL)
    await until(lambda: pool.pids not in {(), first})

    assert len(texts(await hear(pool))) == 2


async def test_an_engine_that_never_comes_back_keeps_nobody_waiting(
    make_pool: MakePool, due: Callable[[int], str]
) -> None:
    """When engine after engine does not start, windows are given up; when one does, all is well."""
    pool = await make_pool(Script(accident="refuse", due=due(0)))
    due(3)
    os.kill(pool.pids[0], signal.SIGKILL)
    await until(lambda: not pool.is_ready)

    with pytest.raises(EngineFailed, match="the engine does not start"):
        await hear(pool)
    assert pool.has_failed

    await until(lambda: pool.is_ready)
    assert not pool.has_failed
    assert len(texts(await hear(pool))) == 2


async def test_an_engine_that_does_not_load_is_an_error(
    make_pool: MakePool, due: Callable[[int], str]
) -> None:
    """Starting tells why the engine did not."""
    with pytest.raises(EngineUnavailable, match="model scripted: the script says so"):
        await make_pool(Script(accident="refuse", due=due(1)))


async def test_an_engine_that_dies_while_loading_is_an_error(make_pool: MakePool) -> None:
    """Starting tells the exit status of a process that is simply gone."""
    with pytest.raises(EngineUnavailable, match="ended with status 1 while loading"):
        await make_pool(Script(), command=("false",))


async def test_an_engine_without_a_fast_blas_says_how_it_is_made(make_pool: MakePool) -> None:
    """For the Python that runs it, be it a release's or a checkout's."""
    program = (
        "import sys; from lwd.asr.scripted import Script, ScriptedEngine, run;"
        "run(int(sys.argv[1]), lambda: (ScriptedEngine(Script()), ('en',), None))"
    )

    with capture_logs() as logs:
        await make_pool(Script(), command=(sys.executable, "-c", program))

    [slow] = [event for event in logs if event["event"] == "slow_blas"]
    assert f"{sys.executable} ops/blas.py" in slow["remedy"]


# Replicas


async def test_replicas_share_the_work(make_pool: MakePool) -> None:
    """A window waits for an engine only when all are busy."""
    pool = await make_pool(Script(), replicas=2)
    assert len(set(pool.pids)) == 2

    first = await occupy(pool)
    assert len(texts(await hear(pool))) == 2
    second = await occupy(pool)
    waiting = hear(pool)
    await until(lambda: pool.queued == 1)

    first.cancel()
    assert len(texts(await waiting)) == 2
    second.cancel()


async def test_of_several_engines_one_is_kept_for_what_is_due(make_pool: MakePool) -> None:
    """However many interims wait, a final finds an engine that is idle."""
    pool = await make_pool(Script(), replicas=2)
    interims = [hear(pool, n, endless(1), JobKind.INTERIM) for n in range(3)]
    await settle()
    assert pool.queued == 2

    assert len(texts(await hear(pool, "b"))) == 2

    assert pool.queued == 2
    for interim in interims:
        interim.cancel()


async def test_of_several_engines_the_first_that_is_done_takes_what_waits(
    make_pool: MakePool,
) -> None:
    """A window is not bound to a busy engine while another may be idle before."""
    pool = await make_pool(Script(), replicas=2, batch_size=1)
    first, second = await occupy(pool), await occupy(pool)
    waiting = [pool.transcribe(n, JobKind.PAUSE, silence(1), Hints("en")) for n in range(2)]
    await settle()
    assert not any(one.has_begun for one in waiting)

    second.cancel()

    assert [len(texts(await one.answer)) for one in waiting] == [2, 2]
    first.cancel()


async def test_one_replica_is_enough(make_pool: MakePool, due: Callable[[int], str]) -> None:
    """While one engine does not come back the other serves, and nobody hears of a failure."""
    pool = await make_pool(Script(accident="refuse", due=due(0)), replicas=2)
    due(2)
    os.kill(pool.pids[0], signal.SIGKILL)

    with capture_logs() as logs:
        await until(lambda: sum(line["event"] == "engine_start_failed" for line in logs) == 2)
        assert pool.is_ready
        assert not pool.has_failed
        assert len(texts(await hear(pool))) == 2
    await until(lambda: len(pool.pids) == 2)


# Order


async def test_a_more_urgent_window_overtakes_one_that_is_prefetched(make_pool: MakePool) -> None:
    """A final need not wait for interims that the engine has but has not begun."""
    pool = await make_pool(Script(), batch_size=1)
    busy = await occupy(pool)
    hearings = {"interim": hear(pool, "a", kind=JobKind.INTERIM)}
    await settle()
    assert pool.queued == 0
    hearings["final"] = hear(pool, "b")
    await settle()

    busy.cancel()

    assert await order(hearings) == ["final", "interim"]


@pytest.mark.parametrize("kind", [JobKind.INTERIM, JobKind.BATCH])
async def test_a_final_stops_what_can_wait(make_pool: MakePool, kind: JobKind) -> None:
    """The engine is at something that nobody waits for; that is done afterwards, from its start."""
    pool = await make_pool(Script(), max_attempts=1)
    stopped = hear(pool, "a", endless(1), kind)
    await until(lambda: pool.queued == 0)

    assert len(texts(await hear(pool, "b"))) == 2

    assert not stopped.done()
    stopped.cancel()


async def test_a_recall_is_no_attempt(make_pool: MakePool) -> None:
    """An interim may be overtaken as often as it takes."""
    pool = await make_pool(Script(), batch_size=1, max_attempts=1)
    busy = await occupy(pool)
    interim = hear(pool, "a", kind=JobKind.INTERIM)
    for n in range(3):
        await settle()
        final = hear(pool, n, endless(1))
        await settle()
        busy.cancel()
        await until(lambda: pool.queued == 0)
        busy = final

    busy.cancel()

    assert len(texts(await interim)) == 2


async def test_recordings_wait_for_live_speech(make_pool: MakePool) -> None:
    """A prerecorded window runs when no live one waits, also if it came first."""
    pool = await make_pool(Script(), batch_size=1)
    busy = await occupy(pool)
    hearings = {f"batch {n}": hear(pool, n, kind=JobKind.BATCH) for n in range(2)}
    await settle()
    hearings["interim"] = hear(pool, "a", kind=JobKind.INTERIM)
    hearings["cut"] = hear(pool, "b", kind=JobKind.CUT)
    await settle()

    busy.cancel()

    assert await order(hearings) == ["cut", "interim", "batch 0", "batch 1"]


async def test_only_a_full_batch_is_prefetched(make_pool: MakePool) -> None:
    """What waits for a busy engine anyway is still joined by who comes later, and one goes ahead."""
    pool = await make_pool(Script(), batch_size=2)
    busy = await occupy(pool)

    hearings, queued = [], []
    for n in range(5):
        hearings.append(hear(pool, n))
        await settle()
        queued.append(pool.queued)

    assert queued == [1, 0, 1, 2, 3]
    busy.cancel()
    assert [len(texts(await hearing)) for hearing in hearings] == [2] * 5


async def test_a_newer_interim_replaces_the_one_that_waits(make_pool: MakePool) -> None:
    """While the engine is busy only the newest interim of a channel stays."""
    pool = await make_pool(Script())
    busy = await occupy(pool)

    older = hear(pool, "a", kind=JobKind.INTERIM)
    await settle()
    newer = hear(pool, "a", kind=JobKind.INTERIM)

    assert await older is None
    busy.cancel()
    assert len(texts(await newer)) == 2


async def test_an_interim_is_not_begun_after_its_deadline(make_pool: MakePool) -> None:
    """Its caller is told, and asks for a newer window; that is counted."""
    pool = await make_pool(Script())
    before = REGISTRY.get_sample_value("lwd_interims_expired_total") or 0.0
    ask = pool.transcribe("a", JobKind.INTERIM, silence(1), Hints("en"), time.monotonic())

    assert await ask.answer is None
    assert REGISTRY.get_sample_value("lwd_interims_expired_total") == before + 1


# Cancellation


async def test_a_caller_that_leaves_frees_its_place(make_pool: MakePool) -> None:
    """A cancelled window that waits is not transcribed."""
    pool = await make_pool(Script())
    busy = await occupy(pool)
    leaving = hear(pool)
    await settle()
    assert pool.queued == 1

    leaving.cancel()
    await settle()

    assert pool.queued == 0
    busy.cancel()


async def test_a_caller_that_leaves_stops_the_work(make_pool: MakePool) -> None:
    """An engine drops a window that nobody waits for between two tokens, and goes on."""
    pool = await make_pool(Script())
    [pid] = pool.pids
    before = REGISTRY.get_sample_value("lwd_windows_cancelled_total") or 0.0
    busy = await occupy(pool)
    waiting = hear(pool)

    busy.cancel()

    assert len(texts(await waiting)) == 2
    assert pool.pids == (pid,)
    assert REGISTRY.get_sample_value("lwd_windows_cancelled_total") == before + 1


# Metrics


async def test_stages_are_counted_once(make_pool: MakePool) -> None:
    """Engines tell totals since their start; the counter grows by what is new, also after a death."""
    labels = {"model": "scripted", "stage": "script"}
    before = REGISTRY.get_sample_value("lwd_engine_stage_seconds_total", labels) or 0.0
    pool = await make_pool(Script(delay_s=0.05))
    for _ in range(4):
        await hear(pool)
    os.kill(pool.pids[0], signal.SIGKILL)
    await until(lambda: not pool.is_ready)
    await hear(pool)
    await pool.close()

    after = REGISTRY.get_sample_value("lwd_engine_stage_seconds_total", labels)
    assert after is not None
    assert 0 < after - before < 5.1 * 0.05


async def test_an_engine_that_does_not_go_is_noticed(
    make_pool: MakePool, due: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that hangs in a device's driver: only a new daemon may get around it."""
    monkeypatch.setattr(feed, "_DYING_S", 0.05)
    with monkeypatch.context() as unkillable:
        unkillable.setattr(EngineProcess, "kill", lambda _: None)
        pool = await make_pool(Script(accident="hang", due=due(1)), deadline_s=1.0)
        answer = hear(pool)
        assert not pool.is_stuck
        async with asyncio.timeout(60):
            while not pool.is_stuck:  # noqa: ASYNC110 - nobody is told, only asked
                await asyncio.sleep(0.02)

    os.kill(pool.pids[0], signal.SIGKILL)
    assert len(texts(await answer)) == 2
    assert not pool.is_stuck
