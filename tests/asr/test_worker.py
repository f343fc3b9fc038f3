"""What an engine process says, heard at its socket."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from lwd.asr.process import EngineProcess, start_engine
from lwd.asr.scripted import Script, endless, silence
from lwd.asr.settings import EngineSettings
from lwd.asr.types import Job, JobKind
from lwd.asr.wire import Answer, Batch, BatchDone, Cancellation, EngineSpec, Heartbeat

StartEngine = Callable[[Script], Awaitable[EngineProcess]]


@pytest.fixture
async def start(spec: EngineSpec, settings: EngineSettings) -> AsyncIterator[StartEngine]:
    """Start engines that end after the test."""
    engines = []

    async def start(script: Script) -> EngineProcess:
        engine, _ = await start_engine("scripted", spec, settings, script.command())
        engines.append(engine)
        return engine

    yield start
    for engine in engines:
        await engine.end()


ENDLESS = Job(1, None, JobKind.FINAL, endless(1))
ORDINARY = Job(2, None, JobKind.FINAL, silence(1))


async def test_a_busy_engine_still_beats_and_still_listens(start: StartEngine) -> None:
    """Long work is no silence, and a cancellation ends it between two tokens."""
    engine = await start(Script())
    engine.send(Batch([ENDLESS]))

    assert isinstance(await engine.receive(), Heartbeat)
    engine.send(Cancellation([1]))

    while isinstance(message := await engine.receive(), Heartbeat):
        pass
    assert isinstance(message, BatchDone)


async def test_a_batch_that_is_cancelled_before_it_begins_is_passed_over(
    start: StartEngine,
) -> None:
    """A batch that was recalled gets no answers, and can be sent again."""
    engine = await start(Script())
    engine.send(Batch([ENDLESS]))
    engine.send(Batch([ORDINARY]))
    engine.send(Cancellation([2]))
    engine.send(Cancellation([1]))
    kinds: list[type] = []
    while len(kinds) < 2:
        message = await engine.receive()
        if not isinstance(message, Heartbeat):
            kinds.append(type(message))
    assert kinds == [BatchDone, BatchDone]

    engine.send(Cancellation([2]))
    engine.send(Batch([ORDINARY]))

    while isinstance(message := await engine.receive(), Heartbeat):
        pass
    assert isinstance(message, Answer)
    assert message.job_id == 2


async def test_an_idle_engine_gives_back_memory(start: StartEngine) -> None:
    """The daemon sees in a heartbeat that the cache has gone."""
    engine = await start(Script(rest_after_s=0.01))
    engine.send(Batch([ORDINARY]))
    assert isinstance(await engine.receive(), Answer)
    done = await engine.receive()
    assert isinstance(done, BatchDone)
    assert done.memory_bytes == {"cache": 1}

    beat = await engine.receive()

    assert isinstance(beat, Heartbeat)
    assert beat.memory_bytes == {"cache": 0}


async def test_an_engine_whose_daemon_is_gone_ends_at_once(start: StartEngine) -> None:
    """Even in the middle of a window; status 0 is its own doing, not a signal's."""
    engine = await start(Script())
    engine.send(Batch([ENDLESS]))
    assert isinstance(await engine.receive(), Heartbeat)

    engine.writer.close()

    assert await engine.exited == 0
