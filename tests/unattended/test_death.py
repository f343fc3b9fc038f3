"""A daemon that is killed at any moment leaves nothing behind."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from tests.unattended.conftest import StartDaemon, call, ended

pytestmark = pytest.mark.ops


async def test_after_a_kill_the_next_one_starts_at_once(
    start_daemon: StartDaemon, config_file: Path, voice: bytes
) -> None:
    """On the same ports, with nothing to clean up by hand; its engines have gone with it."""
    daemon = start_daemon()
    settings = {
        "LWD_SERVER__PORT": str(daemon.port),
        "LWD_OPS__LISTEN": f"127.0.0.1:{daemon.ops_port}",
    }
    daemon.stop(signal.SIGTERM)
    for _ in range(3):
        daemon = start_daemon(**settings)
        async with aiohttp.ClientSession() as session:
            caller = await call(session, daemon)
            await caller.socket.send_bytes(voice)
            daemon.process.kill()
            assert await caller.hear_out() == 1006
        await ended(daemon)
        deadline_s = time.monotonic() + 60
        while is_running(daemon.engine_pid):
            assert time.monotonic() < deadline_s
            time.sleep(0.01)  # noqa: ASYNC251 - nothing else is to happen

    assert {path.name for path in config_file.parent.iterdir()} == {"lwd.yaml", ".cache"}


def is_running(pid: int) -> bool:
    """Whether there is such a process."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
