"""A daemon that is told to stop under load."""

import asyncio
import signal

import aiohttp
import pytest

from tests.unattended.conftest import StartDaemon, call, ended, get


async def test_twenty_streams_are_finished_with_their_results(
    start_daemon: StartDaemon, voice: bytes
) -> None:
    """Everyone gets finals, Metadata and 1012 in time, and the daemon ends with status 0."""
    daemon = start_daemon(LWD_SERVER__DRAIN_S="0", LWD_SERVER__SHUTDOWN_TIMEOUT_S="60")
    async with aiohttp.ClientSession() as session:
        callers = [await call(session, daemon) for _ in range(20)]
        for caller in callers:
            await caller.socket.send_bytes(voice)
        for caller in callers:
            await caller.hear("Results")

        daemon.process.send_signal(signal.SIGTERM)
        codes = await asyncio.gather(*(caller.hear_out() for caller in callers))

    assert codes == [1012] * 20
    assert await ended(daemon) == 0
    for caller in callers:
        assert caller.finals.split() == [f"word{n}" for n in range(len(caller.finals.split()))]
        assert caller.finals.startswith("word0")
        assert caller.heard[-1]["type"] == "Metadata"
    assert daemon.await_event("stopped")["dropped"] == 0


async def test_streams_go_on_while_nothing_new_is_taken(
    start_daemon: StartDaemon, voice: bytes
) -> None:
    """Within server.drain_s a stream is as ever; a proxy hears 503, and so does a new client."""
    daemon = start_daemon(LWD_SERVER__DRAIN_S="120")
    async with aiohttp.ClientSession() as session:
        caller = await call(session, daemon)
        await caller.socket.send_bytes(voice)

        daemon.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(daemon.await_event, "draining")
        assert await get(session, daemon, "/readyz") == (503, "draining\n")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await call(session, daemon)
        assert refused.value.status == 503

        await caller.socket.send_bytes(voice)
        assert await caller.finish() == 1000

    assert caller.heard[-1]["duration"] == 6.0
    assert await ended(daemon) == 0


async def test_each_further_signal_ends_a_step(start_daemon: StartDaemon, voice: bytes) -> None:
    """The second has streams finish at once, the third does not wait for them."""
    daemon = start_daemon(LWD_SERVER__DRAIN_S="120", LWD_SERVER__SHUTDOWN_TIMEOUT_S="120")
    async with aiohttp.ClientSession() as session:
        caller = await call(session, daemon)
        await caller.socket.send_bytes(voice)
        daemon.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(daemon.await_event, "draining")
        daemon.process.send_signal(signal.SIGTERM)

        assert await caller.hear_out() == 1012

    assert await ended(daemon) == 0
