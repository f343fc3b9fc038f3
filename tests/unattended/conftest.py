"""Real daemons with scripted engines, and clients of them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lwd.asr.scripted import Script
from tests.conftest import read_pcm
from tests.e2e.conftest import Daemon

SCRIPTED = Path(__file__).parent / "scripted_daemon.py"
RAW = {"encoding": "linear16", "sample_rate": "16000", "interim_results": "true"}
CLOSE_STREAM = '{"type":"CloseStream"}'

StartDaemon = Callable[..., Daemon]


@pytest.fixture(scope="session")
def voice(speech_file: Path) -> bytes:
    """Three seconds of someone speaking, linear16 at 16 kHz."""
    return read_pcm(speech_file, 16_000)[8_000:56_000].tobytes()


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """Where the daemon's configuration is; nothing is in it yet."""
    path = tmp_path / "lwd.yaml"
    path.write_text("")
    return path


@pytest.fixture
def start_daemon(tmp_path: Path, config_file: Path) -> Iterator[StartDaemon]:
    """Start daemons; keyword arguments are variables, `before` runs in the new process.

    Where `log` is the file that it logs to, that is read in place of stderr.
    """
    processes: list[subprocess.Popen[str]] = []

    def start(
        script: Script | None = None,
        *,
        before: Callable[[], object] | None = None,
        log: Path | None = None,
        **settings: str,
    ) -> Daemon:
        environment = {
            **os.environ,
            "HOME": str(tmp_path),
            "LWD_SERVER__PORT": "0",
            "LWD_OPS__LISTEN": "127.0.0.1:0",
            "LWD_MODEL__REPLICAS": "1",
            "LWD_LOG__FORMAT": "json",
            **({"LWD_LOG__FILE": str(log)} if log else {}),
            **settings,
        }
        words = json.dumps(asdict(script or Script()))
        process = subprocess.Popen(
            [sys.executable, SCRIPTED, words, "serve", "--config", config_file],
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 - this process has no threads that hold locks
        )
        processes.append(process)
        return Daemon(process, follow(log) if log else None)

    def follow(log: Path) -> Iterable[str]:
        tail = subprocess.Popen(
            ["tail", "-n", "+1", "-F", log],  # noqa: S607 - wherever it is
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        processes.append(tail)
        assert tail.stdout is not None
        return tail.stdout

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
    for process in processes:
        for stream in filter(None, (process.stdout, process.stderr)):
            stream.close()


@dataclass
class Caller:
    """A client with one open stream, and what it has heard."""

    socket: aiohttp.ClientWebSocketResponse
    heard: list[dict[str, Any]] = field(default_factory=list)

    @property
    def finals(self) -> str:
        """All that is settled."""
        texts = [
            message["channel"]["alternatives"][0]["transcript"]
            for message in self.heard
            if message["type"] == "Results" and message["is_final"]
        ]
        return " ".join(filter(None, texts))

    async def hear(self, kind: str) -> None:
        """Take messages until one of that kind."""
        while not self.heard or self.heard[-1]["type"] != kind:
            self.heard.append(await self.socket.receive_json())

    async def hear_out(self) -> int | None:
        """Take all that comes until the end; the close code."""
        async for message in self.socket:
            self.heard.append(json.loads(message.data))
        return self.socket.close_code

    async def finish(self) -> int | None:
        """End the stream as a client does."""
        await self.socket.send_str(CLOSE_STREAM)
        return await self.hear_out()


async def call(session: aiohttp.ClientSession, daemon: Daemon, **params: str) -> Caller:
    """Open a stream."""
    url = f"ws://127.0.0.1:{daemon.port}/v1/listen"
    return Caller(await session.ws_connect(url, params={**RAW, **params}, max_msg_size=0))


async def get(session: aiohttp.ClientSession, daemon: Daemon, path: str) -> tuple[int, str]:
    """What the ops listener says."""
    async with session.get(f"http://127.0.0.1:{daemon.ops_port}{path}") as answer:
        return answer.status, await answer.text()


async def metric(session: aiohttp.ClientSession, daemon: Daemon, name: str) -> float:
    """The value of one metric, with its labels as they are shown; 0 where it is not there."""
    _, text = await get(session, daemon, "/metrics")
    lines = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


async def ended(daemon: Daemon) -> int:
    """Wait for the daemon's end; its exit status."""
    return await asyncio.to_thread(daemon.process.wait, 60)
