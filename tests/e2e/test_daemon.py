"""What an operator sees of the process: start, refusals to start, stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.e2e.conftest import Daemon, StartDaemon


def get(daemon: Daemon, path: str) -> tuple[int, str]:
    """Status and body of a page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.ops_port}{path}") as response:
        return response.status, response.read().decode()


def serve(store: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a daemon that is expected to refuse to start."""
    return subprocess.run(
        [sys.executable, "-m", "lwd", "serve", *arguments],
        env={
            **os.environ,
            "LWD_MODEL__STORE": str(store),
            "LWD_OPS__LISTEN": "127.0.0.1:0",
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_operators_can_ask_how_it_is(daemon: Daemon) -> None:
    """Liveness, readiness, health and metrics of a healthy daemon."""
    assert get(daemon, "/livez") == (200, "ok\n")
    assert get(daemon, "/readyz") == (200, "ok\n")
    status, health = get(daemon, "/healthz")
    assert status == 200
    assert json.loads(health)["status"] == "pass"
    status, metrics = get(daemon, "/metrics")
    assert status == 200
    assert 'lwd_engine_ready{model="tiny.en",replica="0"} 1.0' in metrics


def test_the_daemon_has_no_mlx(daemon: Daemon) -> None:
    """MLX lives in the engine process alone."""
    maps = Path(f"/proc/{daemon.process.pid}/maps")
    if maps.exists():
        assert "libmlx" not in maps.read_text()
        assert "libmlx" in Path(f"/proc/{daemon.engine_pid}/maps").read_text()


def test_it_stops_when_told(start_daemon: StartDaemon) -> None:
    """SIGTERM and Ctrl-C end it with status 0, and its engine with it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = start_daemon()

        assert daemon.stop(number) == 0

        assert '"event": "stopped"' in daemon.log[-1]
        assert not is_running(daemon.engine_pid)


def test_sigabrt_tells_where_it_stands(start_daemon: StartDaemon) -> None:
    """Also where whoever started it did not ask Python for that."""
    daemon = start_daemon(PYTHONFAULTHANDLER="")

    assert daemon.stop(signal.SIGABRT) == -signal.SIGABRT

    said = "".join(daemon.log)
    assert "Fatal Python error: Aborted" in said
    assert "lwd/server/app.py" in said


def test_no_engine_outlives_its_daemon(start_daemon: StartDaemon) -> None:
    """Kill -9 of the daemon leaves nothing to clean up by hand."""
    daemon = start_daemon()

    daemon.stop(signal.SIGKILL)

    deadline_s = time.monotonic() + 10
    while is_running(daemon.engine_pid):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_busy_port_is_one_clear_line(model_store: Path) -> None:
    """Exit 71 names the port and the way out, before any model is loaded."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = serve(model_store, "--model", "tiny.en", "--port", str(port))

    assert ended.returncode == 71
    assert ended.stderr.count("\n") == 1
    assert f"server.port {port}" in ended.stderr


def test_a_missing_model_names_the_command(tmp_path: Path) -> None:
    """Exit 69: the daemon never downloads."""
    ended = serve(tmp_path, "--model", "small")

    assert ended.returncode == 69
    assert ended.stderr.count("\n") == 1
    assert "lwd models pull small" in ended.stderr


def test_a_corrupt_model_is_one_clear_line(model_store: Path, tmp_path: Path) -> None:
    """Exit 65: a flipped byte is found before the engine starts."""
    broken = tmp_path / "tiny.en"
    broken.mkdir()
    for file in (model_store / "tiny.en").iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    weights = broken / "weights.npz"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)

    ended = serve(tmp_path, "--model", "tiny.en")

    assert ended.returncode == 65
    assert ended.stderr.count("\n") == 1
    assert "weights.npz" in ended.stderr


def test_an_unreadable_config_is_one_clear_line(tmp_path: Path) -> None:
    """Exit 78 names the file."""
    ended = serve(tmp_path, "--config", str(tmp_path / "none.yaml"))

    assert ended.returncode == 78
    assert ended.stderr.count("\n") == 1
    assert "none.yaml" in ended.stderr


def test_nothing_said_is_in_the_log(daemon: Daemon) -> None:
    """Transcripts stay between lwd and its client."""
    log = "".join(daemon.log).lower()

    assert "burden" not in log
    assert "any-key" not in log


def test_a_log_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """Exit 73 names the file and the way out."""
    ended = serve(tmp_path, "--model", "small", LWD_LOG__FILE=f"{tmp_path}/none/lwd.log")

    assert ended.returncode == 73
    assert ended.stderr.count("\n") == 1
    assert f"log.file {tmp_path}/none/lwd.log: No such file or directory" in ended.stderr
