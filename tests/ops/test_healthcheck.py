"""`ops/healthcheck`: shell and curl alone, against servers that answer, refuse, fail and hang."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from lwd.config import Config

ROOT = Path(__file__).resolve().parent.parent.parent

SHORT = "0.2"
"""Seconds that the script waits, where nothing will come."""


class _Daemon(BaseHTTPRequestHandler):
    """Answers both endpoints, with the status that its server was made for."""

    def do_GET(self) -> None:
        assert self.path in {"/livez", "/readyz"}
        assert isinstance(self.server, _Server)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(f"{self.path} says so\n".encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


class _Server(HTTPServer):
    status = 200


@contextmanager
def serving(status: int) -> Iterator[int]:
    """A daemon's port that answers with a status."""
    with _Server(("127.0.0.1", 0), _Daemon) as server:
        server.status = status
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def hanging() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Checker:
    """The script with a configuration, and a launchctl that notes what it is told."""

    def __init__(self, directory: Path) -> None:
        self.config = directory / "lwd.yaml"
        self.told = directory / "told"
        self._misses = directory / "misses"
        self.commands = directory / "bin"
        self.commands.mkdir()
        launchctl = self.commands / "launchctl"
        launchctl.write_text(f'#!/bin/sh\necho "$*" >>{self.told}\n')
        launchctl.chmod(0o755)

    def __call__(
        self, question: str, port: int, timeout_s: str = "30"
    ) -> subprocess.CompletedProcess[str]:
        self.config.write_text(f"ops:\n  listen: 127.0.0.1:{port}\n")
        return self.ask(question, timeout_s)

    def ask(self, question: str, timeout_s: str = "30") -> subprocess.CompletedProcess[str]:
        """Ask with the configuration as it stands."""
        return subprocess.run(
            [ROOT / "ops" / "healthcheck", question, self.config],
            env={
                "PATH": f"{self.commands}:{os.environ['PATH']}",
                "MISSES": str(self._misses),
                "TIMEOUT_S": timeout_s,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def signals(self) -> list[str]:
        """What launchctl was told."""
        return self.told.read_text().splitlines() if self.told.exists() else []


@pytest.fixture
def check(tmp_path: Path) -> Checker:
    """The script."""
    return Checker(tmp_path)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_ready(check: Checker, status: int, code: int) -> None:
    """Ready is what /readyz says with 200; what it says is shown."""
    with serving(status) as port:
        result = check("ready", port)

    assert result.returncode == code
    assert result.stdout.split("\n") == ["/readyz says so", "", str(status), ""]


def test_nobody_is_not_ready(check: Checker) -> None:
    """A daemon that does not listen is not ready."""
    assert check("ready", free_port()).returncode == 1


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (500, 1)])
def test_live(check: Checker, status: int, code: int) -> None:
    """Live is what /livez says with 200."""
    with serving(status) as port:
        assert check("live", port).returncode == code


def test_hang_is_told_from_nobody(check: Checker) -> None:
    """A daemon that accepts and does not answer hangs; one that does not listen is starting."""
    with hanging() as port:
        assert check("live", port, SHORT).returncode == 1
    assert check("live", free_port()).returncode == 2


def test_watch_ends_what_hangs(check: Checker) -> None:
    """One miss is chance. The second asks for every thread's stack, the third kills."""
    with hanging() as port:
        lines = [check("watch", port, SHORT).stderr for _ in range(3)]

    assert check.signals == [
        "kill SIGABRT system/io.lwd.server",
        "kill SIGKILL system/io.lwd.server",
    ]
    assert all(line.endswith(f"{n} in a row\n") for n, line in enumerate(lines, 1))


@pytest.mark.parametrize("between", ["an answer", "a restart"])
def test_watch_counts_misses_in_a_row(check: Checker, between: str) -> None:
    """A miss that something else follows is forgotten; nothing is killed."""
    for _ in range(3):
        with hanging() as port:
            check("watch", port, SHORT)
        if between == "an answer":
            with serving(200) as port:
                assert check("watch", port).returncode == 0
        else:
            assert check("watch", free_port()).returncode == 0

    assert check.signals == []


@pytest.mark.parametrize("code", [0, 1, 76])
def test_hears_is_what_probe_says(tmp_path: Path, code: int) -> None:
    """Whether speech comes back as words, lwd itself is asked, about this configuration."""
    python = f'#!/bin/sh\n[ "$2" = -c ] && exit 0; echo "$@"; exit {code}\n'
    script, config = installed(tmp_path, python)

    result = subprocess.run([script, "hears", config], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout) == (code, f"-P -m lwd probe --config {config}\n")


def test_hears_tells_a_broken_environment(tmp_path: Path) -> None:
    """That lwd's Python does not run is told apart from a daemon that does not hear."""
    script, config = installed(tmp_path, "#!/bin/sh\nexit 1\n")

    result = subprocess.run([script, "hears", config], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout) == (69, "")
    assert "does not run lwd" in result.stderr


def installed(directory: Path, python: str) -> tuple[Path, Path]:
    """The script beside an environment with that Python, and a configuration."""
    script = directory / "ops" / "healthcheck"
    script.parent.mkdir()
    script.write_bytes((ROOT / "ops" / "healthcheck").read_bytes())
    script.chmod(0o755)
    command = directory / ".venv" / "bin" / "python"
    command.parent.mkdir(parents=True)
    command.write_text(python)
    command.chmod(0o755)
    config = directory / "lwd.yaml"
    config.touch()
    return script, config


def test_without_configuration_nothing_is_killed(check: Checker) -> None:
    """Where the configuration cannot be read, nobody knows where lwd listens."""
    for _ in range(3):
        assert check.ask("watch").returncode == 66
    assert check.signals == []


@pytest.mark.parametrize(
    "text",
    [
        "ops:\n  listen: 127.0.0.1:{port}\n",
        "# ops:\n#   listen: 127.0.0.1:1\nops:\n  listen: 127.0.0.1:{port} # ours\n",
        "ops: # ours\n  deepgram_metrics: true\n  listen: '0.0.0.0:{port}'\n",
        'server:\n  listen: 127.0.0.1:1\nops:\n  listen: "localhost:{port}"\n',
        "ops:\n  listen: 127.0.0.1:{port}\nvad:\n  listen: 127.0.0.1:1\n",
    ],
)
def test_address_comes_from_the_configuration(check: Checker, text: str) -> None:
    """The ops listener's address is found, whatever stands around it."""
    with serving(200) as port:
        check.config.write_text(text.format(port=port))

        assert check.ask("ready").returncode == 0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", Config().ops.listen),
        ((ROOT / "config" / "lwd.yaml").read_text(), Config().ops.listen),
        ("ops:\n  listen: '[::]:81'\n", "[::1]:81"),
        ("ops:\n  listen: '[::1]:81'\n", "[::1]:81"),
        ("ops:\n  listen: ops.example:81\n", "ops.example:81"),
    ],
)
def test_asked_address(check: Checker, text: str, address: str) -> None:
    """The script sends curl to where lwd listens, by default too."""
    check.config.write_text(text)
    curl = check.commands / "curl"
    curl.write_text('#!/bin/sh\nfor last; do :; done\necho "$last"\n')
    curl.chmod(0o755)

    assert check.ask("ready").stdout == f"http://{address}/readyz\n"


def test_question_is_needed(check: Checker) -> None:
    """Without a question the script says which there are."""
    check.config.write_text("")

    result = check.ask("health")

    assert result.returncode == 64
    assert "ready|live|hears|watch" in result.stderr
