"""A daemon of lwd for the time of the benchmark, and what its processes use."""

import json
import os
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, Self

import psutil

from lwd.errors import EngineUnavailable
from streaming.run import Usage

_STOP_TIMEOUT_S = 30.0
_LOG_LINES = 20


class Daemon:
    """A running `lwd serve` on a free port. Variables such as LWD_STREAMING__CHUNK_S reach it."""

    def __init__(self, model: str, store: Path) -> None:
        """Start it and wait until it is ready; raises EngineUnavailable with its log if it ends."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lwd", "serve"],
            env=os.environ
            | {
                "LWD_SERVER__PORT": "0",
                "LWD_OPS__LISTEN": "127.0.0.1:0",
                "LWD_MODEL__NAME": model,
                "LWD_MODEL__STORE": str(store),
                "LWD_LOG__FORMAT": "json",
            },
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._lines = self._process.stderr or ()
        ready = self._await_ready()
        self.url = f"ws://127.0.0.1:{ready['port']}"
        self.ops = f"127.0.0.1:{ready['ops_port']}"
        # A pipe that nobody reads would stop it.
        Thread(target=self._drain, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def usage(self) -> Usage:
        """CPU seconds and resident memory so far; an engine that was restarted begins anew."""
        daemon = psutil.Process(self._process.pid)
        processes = {"daemon": [daemon], "engine": daemon.children(recursive=True)}
        cpu_s = dict.fromkeys(processes, 0.0)
        resident_bytes = dict.fromkeys(processes, 0)
        for name, members in processes.items():
            for member in members:
                with suppress(psutil.NoSuchProcess):
                    spent = member.cpu_times()
                    cpu_s[name] += spent.user + spent.system
                    resident_bytes[name] += member.memory_info().rss
        return Usage(time.perf_counter(), cpu_s, resident_bytes)

    def _await_ready(self) -> dict[str, Any]:
        for line in self._lines:
            self._log.append(line)
            # What it says when it does not start is for people.
            event: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "ready":
                return event
        raise EngineUnavailable(f"lwd ended before it was ready:\n{''.join(self._log)}")

    def _drain(self) -> None:
        self._log.extend(self._lines)
