"""A daemon for the purpose: on a free port of this machine, with a key of its own, and then gone."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lwd.client.stream import SAMPLE_RATE, listen_url
from lwd.errors import DaemonEnded

_STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and what opens it."""

    url: str
    key: str | None

    @property
    def stream_url(self) -> str:
        """Where what it is tried with is streamed to: mono int16 at 16 kHz, in English."""
        return listen_url(
            self.url,
            (
                ("encoding", "linear16"),
                ("sample_rate", str(SAMPLE_RATE)),
                ("language", "en"),
                ("interim_results", "true"),
                ("endpointing", "300"),
            ),
        )


@contextmanager
def throw_away_daemon(config: Path | None, settings: Mapping[str, str] = {}) -> Iterator[Server]:
    """Run a daemon as configured but for what could disturb another; raises DaemonEnded.

    `settings` are further LWD_* variables. Its warnings, and why it does not start, go to stderr.
    """
    key = secrets.token_hex()
    environment = {
        **os.environ,
        "LWD_SERVER__HOST": "127.0.0.1",
        "LWD_SERVER__PORT": "0",
        "LWD_SERVER__DRAIN_S": "0",
        "LWD_OPS__LISTEN": "127.0.0.1:0",
        "LWD_AUTH__KEYS": json.dumps([key]),
        "LWD_AUTH__KEYS_FILE": "null",
        "LWD_LOG__LEVEL": "warning",
        "LWD_LOG__FILE": "null",
        **settings,
    }
    command = [sys.executable, "-P", "-m", "lwd", "serve", "--json"]
    command += ["--config", str(config)] if config else []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:  # noqa: S603 - itself
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            ready = process.stdout.readline()
            if not ready:
                raise DaemonEnded(process.wait())
            yield Server(json.loads(ready)["url"], key)
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
