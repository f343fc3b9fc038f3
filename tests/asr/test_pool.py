"""The pool keeps its promises whatever happens to its engine process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from lwd.asr.pool import EnginePool, EngineSettings
from lwd.asr.scripted import Script
from lwd.asr.types import SAMPLE_RATE, Hypothesis, JobKind
from lwd.asr.wire import EngineSpec
from lwd.errors import EngineFailed, EngineUnavailable

SECOND = np.zeros(SAMPLE_RATE, dtype=np.float32)

MakePool = Callable[..., Awaitable[EnginePool]]


@pytest.fixture
async def make_pool(tmp_path: Path) -> AsyncIterator[MakePool]:
    """Start pools with a scripted engine, and close them after the test."""
    pools = []

    async def make(
        script: Script, *, deadline_s: float = 20.0, command: tuple[str, ...] | None = None
    ) -> EnginePool:
        settings = EngineSettings(
            batch_size=4,
            cpu_threads=1,
            deadline_s=deadline_s,
            start_timeout_s=30.0,
            restart_backoff_s=0.01,
            max_attempts=3,
            cache_directory=tmp_path / "kernels",
        )
        spec = EngineSpec(str(tmp_path), None, word_timestamps=True)
        pool = EnginePool("scripted", spec, settings, command=command or script.command())
        pools.append(pool)
        await pool.start()
        return pool

    yield make
    for pool in pools:
        await pool.close()


async def hear(pool: EnginePool, owner: str = "a", seconds: int = 1) -> Hypothesis | None:
    """Transcribe a final of that many seconds."""
    return await pool.transcribe(owner, JobKind.FINAL, np.tile(SECOND, seconds), "en")


def texts(hypothesis: Hypothesis | None) -> list[str]:
    """The words of an answer that must be there."""
    assert hypothesis is not None
    return [word.text for word in hypothesis.words]


async def test_windows_are_transcribed_by_the_process(make_pool: MakePool) -> None:
    """Each caller gets the words of its own window."""
    pool = await make_pool(Script())

    one, two = await asyncio.gather(hear(pool, "a", 1), hear(pool, "b", 2))

    assert texts(one) == [" word0", " word1"]
    assert len(texts(two)) == 4
    assert pool.is_ready
    assert pool.languages == ("en", "de")


async def test_an_engine_that_dies_loses_no_window(make_pool: MakePool, tmp_path: Path) -> None:
    """Windows in flight when the engine dies are answered by the next one."""
    script = Script(accident="die", accidents=1, tally=str(tmp_path / "tally"))
    pool = await make_pool(script)

    answers = await asyncio.gather(*(hear(pool, str(n)) for n in range(6)))

    assert all(len(texts(answer)) == 2 for answer in answers)
    assert (tmp_path / "tally").read_bytes() == b"."


async def test_an_engine_that_hangs_is_replaced(make_pool: MakePool, tmp_path: Path) -> None:
    """A batch that outlasts the deadline costs the engine its life, not the window."""
    script = Script(accident="hang", accidents=1, tally=str(tmp_path / "tally"))
    pool = await make_pool(script, deadline_s=0.3)

    assert len(texts(await hear(pool))) == 2


async def test_a_window_that_kills_every_engine_is_given_up(
    make_pool: MakePool, tmp_path: Path
) -> None:
    """After three attempts the caller hears of the failure, and the next window works."""
    script = Script(accident="die", accidents=3, tally=str(tmp_path / "tally"))
    pool = await make_pool(script)

    with pytest.raises(EngineFailed, match="given up after 3 attempts"):
        await hear(pool)
    assert len(texts(await hear(pool))) == 2


async def test_a_failing_batch_is_tried_again(make_pool: MakePool, tmp_path: Path) -> None:
    """An error inside the engine is retried in the same process."""
    script = Script(accident="fail", accidents=1, tally=str(tmp_path / "tally"))
    pool = await make_pool(script)

    assert len(texts(await hear(pool))) == 2


async def test_an_idle_engine_that_is_killed_comes_back(make_pool: MakePool) -> None:
    """Nobody has to ask for a window to have a dead engine replaced."""
    pool = await make_pool(Script())
    first = pool.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    while pool.pid in {first, None} or not pool.is_ready:  # noqa: ASYNC110 - a death has no event
        await asyncio.sleep(0.01)

    assert len(texts(await hear(pool))) == 2


async def test_a_newer_interim_replaces_the_one_that_waits(make_pool: MakePool) -> None:
    """While the engine is busy only the newest interim of a channel stays."""
    pool = await make_pool(Script(delay_s=0.2))
    busy = asyncio.create_task(hear(pool, "other"))
    await asyncio.sleep(0)

    older = asyncio.create_task(pool.transcribe("a", JobKind.INTERIM, SECOND, "en"))
    await asyncio.sleep(0)
    newer = asyncio.create_task(pool.transcribe("a", JobKind.INTERIM, SECOND, "en"))

    assert await older is None
    assert len(texts(await newer)) == 2
    await busy


async def test_a_caller_that_leaves_frees_its_place(make_pool: MakePool) -> None:
    """A cancelled window is not transcribed."""
    pool = await make_pool(Script(delay_s=0.2))
    busy = asyncio.create_task(hear(pool, "other"))
    await asyncio.sleep(0.05)
    leaving = asyncio.create_task(hear(pool, "a"))
    await asyncio.sleep(0)
    assert pool.queued == 1

    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    assert pool.queued == 0
    await busy


async def test_an_engine_that_never_comes_back_keeps_nobody_waiting(
    make_pool: MakePool, tmp_path: Path
) -> None:
    """When engine after engine does not start, windows are given up; when one does, all is well."""
    pool = await make_pool(Script(accident="refuse", tally=str(tmp_path / "tally")))
    broken = Script(accident="refuse", accidents=4, tally=str(tmp_path / "tally"))
    pool._command = broken.command()
    assert pool.pid is not None
    os.kill(pool.pid, signal.SIGKILL)

    with pytest.raises(EngineFailed, match="the engine does not start"):
        await hear(pool)
    assert pool.has_failed

    while not pool.is_ready:  # noqa: ASYNC110 - an engine's start has no event
        await asyncio.sleep(0.01)
    assert not pool.has_failed
    assert len(texts(await hear(pool))) == 2


async def test_an_engine_that_does_not_load_is_an_error(
    make_pool: MakePool, tmp_path: Path
) -> None:
    """Starting tells why the engine did not."""
    script = Script(accident="refuse", accidents=1, tally=str(tmp_path / "tally"))

    with pytest.raises(EngineUnavailable, match="model scripted: the script says so"):
        await make_pool(script)


async def test_an_engine_that_dies_while_loading_is_an_error(make_pool: MakePool) -> None:
    """Starting tells the exit status of a process that is simply gone."""
    with pytest.raises(EngineUnavailable, match="ended with status 1 while loading"):
        await make_pool(Script(), command=("false",))
