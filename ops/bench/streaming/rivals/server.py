"""A rival's server as a process: waited for, metered and stopped."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from environment import Unavailable, reason
from streaming.run import Usage

_START_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 10.0
_POLL_S = 0.5


class Server:
    """A running server. What it prints goes to `log`."""

    def __init__(self, command: Sequence[str], log: Path, is_ready: Callable[[], bool]) -> None:
        """Start it and wait until it is ready; raises Unavailable with its last error."""
        self._log = log
        # It may have no internet; a download that is tried again and again would look like a hang.
        offline = {"HF_HUB_OFFLINE": "1"}
        with log.open("w") as output:
            self._process = subprocess.Popen(
                command, env=os.environ | offline, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            self._await_ready(is_ready)
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def usage(self) -> Usage:
        """CPU seconds and resident memory so far, of all its processes."""
        cpu_s, resident_bytes = 0.0, 0
        with suppress(psutil.NoSuchProcess):
            server = psutil.Process(self._process.pid)
            for member in [server, *server.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    spent = member.cpu_times()
                    cpu_s += spent.user + spent.system
                    resident_bytes += member.memory_info().rss
        return Usage(time.perf_counter(), {"server": cpu_s}, {"server": resident_bytes})

    def _await_ready(self, is_ready: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while not is_ready():
            if self._process.poll() is not None:
                raise Unavailable(f"not started: {reason(self._log.read_text())}")
            if time.monotonic() > deadline_s:
                raise Unavailable(f"not ready within {_START_TIMEOUT_S:g} s")
            time.sleep(_POLL_S)

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether somebody listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
