"""The daemon's own log file under load, on a full disk, and renamed by others."""

import asyncio
import json
import resource
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.conftest import Daemon
from tests.unattended.conftest import StartDaemon, call, get, metric

pytestmark = pytest.mark.ops

_LEAST_BYTES = 65_536


async def knock(session: aiohttp.ClientSession, daemon: Daemon, times: int) -> None:
    """Have the daemon log so many lines: requests that are refused."""
    url = f"http://127.0.0.1:{daemon.port}/v1/listen"

    async def once() -> None:
        async with session.get(url) as answer:
            assert answer.status == 400

    for start in range(0, times, 50):
        await asyncio.gather(*(once() for _ in range(start, min(start + 50, times))))


def request_ids(files: list[Path]) -> list[str]:
    """What the lines are about; each must be a whole one."""
    events = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [event["request_id"] for event in events if event["event"] == "rejected"]


async def test_rotation_loses_no_line_and_bounds_the_disk(
    start_daemon: StartDaemon, tmp_path: Path
) -> None:
    """So many files of so many bytes, and every line whole in one of them."""
    log = tmp_path / "lwd.log"
    daemon = start_daemon(log=log, LWD_LOG__MAX_BYTES=str(_LEAST_BYTES), LWD_LOG__KEEP="20")
    async with aiohttp.ClientSession() as session:
        await knock(session, daemon, 1500)
        files = sorted(tmp_path.glob("lwd.log*"))
        assert len(files) > 3
        assert len(set(request_ids(files))) == 1500
        assert max(file.stat().st_size for file in files) <= _LEAST_BYTES
        assert await metric(session, daemon, "lwd_log_events_lost_total") == 0


async def test_old_files_go(start_daemon: StartDaemon, tmp_path: Path) -> None:
    """No more than are to be kept."""
    log = tmp_path / "lwd.log"
    daemon = start_daemon(log=log, LWD_LOG__MAX_BYTES=str(_LEAST_BYTES), LWD_LOG__KEEP="1")
    async with aiohttp.ClientSession() as session:
        await knock(session, daemon, 1000)

    assert {file.name for file in tmp_path.glob("lwd.log*")} == {"lwd.log", "lwd.log.1"}


async def test_a_full_disk_does_not_stop_the_service(
    start_daemon: StartDaemon, tmp_path: Path, voice: bytes
) -> None:
    """Events are lost and counted; streams are served, and no half line is left."""
    log = tmp_path / "lwd.log"
    most = 20_000
    daemon = start_daemon(
        log=log, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    )
    async with aiohttp.ClientSession() as session:
        await knock(session, daemon, 200)
        assert await metric(session, daemon, "lwd_log_events_lost_total") > 50

        caller = await call(session, daemon)
        await caller.socket.send_bytes(voice)
        assert await caller.finish() == 1000
        assert caller.finals.startswith("word0")
        assert (await get(session, daemon, "/readyz"))[0] == 200

    assert request_ids([log])
    assert log.read_text().endswith("}\n")
    daemon.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(daemon.process.wait, 60) == 0


async def test_a_file_that_is_renamed_is_left(start_daemon: StartDaemon, tmp_path: Path) -> None:
    """Newsyslog and logrotate need no signal; no line is lost, and lwd itself rotates nothing."""
    log, renamed = tmp_path / "lwd.log", tmp_path / "lwd.log.0"
    daemon = start_daemon(log=log, LWD_LOG__ROTATE="external", LWD_LOG__MAX_BYTES=str(_LEAST_BYTES))
    async with aiohttp.ClientSession() as session:
        knocking = asyncio.create_task(knock(session, daemon, 1000))
        while log.stat().st_size < _LEAST_BYTES:
            await asyncio.sleep(0.01)
        log.rename(renamed)
        await knocking

    assert len(set(request_ids([renamed, log]))) == 1000
    assert renamed.stat().st_size >= _LEAST_BYTES
