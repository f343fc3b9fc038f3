"""A daemon that hangs, and one that is only stopped for a while."""

import asyncio
import signal

import aiohttp
import pytest

from tests.unattended.conftest import StartDaemon, call, ended, get

pytestmark = pytest.mark.ops


async def test_a_stuck_loop_ends_the_daemon_with_its_stacks(start_daemon: StartDaemon) -> None:
    """Status 70, and on stderr where each thread was; whoever keeps it starts it anew."""
    daemon = start_daemon(LWD_SERVER__STALL_TIMEOUT_S="2")
    async with aiohttp.ClientSession() as session:
        assert (await get(session, daemon, "/livez"))[0] == 200  # it is not in the log any more

    daemon.process.send_signal(signal.SIGUSR1)

    assert await ended(daemon) == 70
    daemon.join()
    stacks = "".join(line for line in daemon.log if not line.startswith("{"))
    assert "scripted_daemon.py" in stacks
    assert stacks.count("hread 0x") >= 2
    assert '"event": "stalled", "what": "the event loop"' in daemon.log[-1]


async def test_a_daemon_that_was_stopped_as_a_whole_is_not_stuck(
    start_daemon: StartDaemon,
) -> None:
    """As when a machine sleeps: time in which nothing ran is not held against the loop."""
    daemon = start_daemon(LWD_SERVER__STALL_TIMEOUT_S="1")

    for _ in range(3):
        daemon.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2.5)
        daemon.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(1.5)

    assert daemon.process.poll() is None
    assert daemon.stop(signal.SIGTERM) == 0


async def test_a_stream_outlives_a_daemon_that_was_stopped(
    start_daemon: StartDaemon, voice: bytes
) -> None:
    """Silence while nobody listened is not the client's: it has its whole time again."""
    daemon = start_daemon(LWD_SERVER__IDLE_TIMEOUT_S="3")
    async with aiohttp.ClientSession() as session:
        caller = await call(session, daemon)
        await caller.socket.send_bytes(voice)
        await caller.hear("Results")

        daemon.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(5)
        daemon.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(1)

        assert await caller.finish() == 1000
        assert caller.finals.startswith("word0")

        silent = await call(session, daemon)
        assert await silent.hear_out() == 1011
