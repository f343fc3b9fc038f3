"""A real daemon with real weights, as its own process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Daemon:
    """A running `lwd serve` and its log."""

    process: subprocess.Popen[str]
    port: int
    engine_pid: int
    log: Path

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines of one event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["event"] == name]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


StartDaemon = Callable[..., Daemon]


@pytest.fixture(scope="session")
def start_daemon(
    model_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartDaemon]:
    """Start daemons that end with the tests."""
    daemons: list[Daemon] = []

    def start(**settings: str) -> Daemon:
        log = tmp_path_factory.mktemp("daemon") / "log"
        environment = {
            **os.environ,
            "LWD_SERVER__PORT": "0",
            "LWD_MODEL__NAME": "tiny.en",
            "LWD_MODEL__STORE": str(model_store),
            "LWD_LOG__FORMAT": "json",
            **settings,
        }
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "lwd", "serve"],
                env=environment,
                stderr=stderr,
                stdout=subprocess.DEVNULL,
                text=True,
            )
        daemon = Daemon(process, 0, 0, log)
        daemons.append(daemon)
        _await_ready(daemon)
        return daemon

    yield start
    for daemon in daemons:
        daemon.process.kill()
        daemon.process.wait()


@pytest.fixture(scope="session")
def daemon(start_daemon: StartDaemon) -> Daemon:
    """The daemon that most tests share."""
    return start_daemon()


def _await_ready(daemon: Daemon) -> None:
    with daemon.log.open() as log:
        while True:
            line = log.readline()
            if not line:
                status = daemon.process.poll()
                assert status is None, f"exit status {status}: {daemon.log.read_text()}"
                os.sched_yield()
                continue
            event = json.loads(line)
            if event["event"] == "engine_ready":
                daemon.engine_pid = event["pid"]
            if event["event"] == "ready":
                daemon.port = event["port"]
                return
