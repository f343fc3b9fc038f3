"""A real daemon with real weights, as its own process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest


class Daemon:
    """A running `lwd serve` and its log, which comes over stderr or else from `source`."""

    def __init__(self, process: subprocess.Popen[str], source: Iterable[str] | None = None) -> None:
        self.process = process
        self._source = source or process.stderr or ()
        self.log: list[str] = []
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.engine_pid: int = self.await_event("engine_ready")["pid"]
        ready = self.await_event("ready")
        self.port: int = ready["port"]
        self.ops_port: int = ready["ops_port"]

    def await_event(self, name: str) -> dict[str, Any]:
        """Wait for the next line of one event."""
        while (line := self._lines.get(timeout=60)) is not None:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == name:
                return event
        raise AssertionError(f"ended before {name}: {''.join(self.log)}")

    def stop(self, number: int) -> int:
        """Ask it to stop; its exit status."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        self.join()
        return status

    def join(self) -> None:
        """Have all of its log, once it has ended."""
        self._reader.join(timeout=30)

    def _read(self) -> None:
        for line in self._source:
            self.log.append(line)
            self._lines.put(line)
        self._lines.put(None)


StartDaemon = Callable[..., Daemon]


@pytest.fixture(scope="session")
def start_daemon(model_store: Path) -> Iterator[StartDaemon]:
    """Start daemons that end with the tests."""
    processes: list[subprocess.Popen[str]] = []

    def start(**settings: str) -> Daemon:
        environment = {
            **os.environ,
            "LWD_SERVER__PORT": "0",
            "LWD_OPS__LISTEN": "127.0.0.1:0",
            "LWD_MODEL__NAME": "tiny.en",
            "LWD_MODEL__STORE": str(model_store),
            "LWD_LOG__FORMAT": "json",
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "lwd", "serve"],
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        processes.append(process)
        return Daemon(process)

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture(scope="session")
def daemon(start_daemon: StartDaemon) -> Daemon:
    """The daemon that most tests share."""
    return start_daemon()
