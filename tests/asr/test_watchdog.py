"""When an engine is given up, by a clock that the test sets."""

import asyncio
from collections.abc import Callable

import pytest

from lwd.asr.settings import EngineSettings
from lwd.asr.watchdog import Watchdog


class Watched:
    """A watched engine, and a loop whose time passes when it is told to."""

    def __init__(self, settings: EngineSettings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kills = 0
        self.watchdog = Watchdog(settings, self._kill)
        self._now_s = asyncio.get_running_loop().time()
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self._now_s)

    def _kill(self) -> None:
        self.kills += 1

    async def pass_at_once(self, seconds: float) -> None:
        """So much time passes before the loop comes to its timers."""
        self._now_s += seconds
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
async def watched(settings: EngineSettings, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """An engine that is silent, and at a batch, for less than 20 s each."""
    return Watched(settings, monkeypatch)


@pytest.mark.parametrize("begin", [Watchdog.heard, Watchdog.batch_began])
async def test_time_in_which_the_daemon_was_stopped_does_not_count(
    watched: Watched, begin: Callable[[Watchdog], None]
) -> None:
    """An engine is not killed for what nobody heard, but for as much again that is listened to."""
    begin(watched.watchdog)
    await watched.pass_at_once(300.0)
    assert (watched.kills, watched.watchdog.reason) == (0, None)

    await watched.pass_at_once(19.5)
    assert watched.kills == 0
    await watched.pass_at_once(1.0)
    assert watched.kills == 1
    assert watched.watchdog.reason is not None


async def test_a_stopped_watch_does_not_begin_anew(watched: Watched) -> None:
    """The engine has gone by itself."""
    watched.watchdog.heard()
    watched.watchdog.stop()
    await watched.pass_at_once(300.0)
    await watched.pass_at_once(20.5)

    assert watched.kills == 0
