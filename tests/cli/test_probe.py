"""`lwd probe` and `lwd bench`: which server they try, and what they say of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from lwd.cli import bench as bench_command
from lwd.cli import trying
from lwd.errors import DaemonEnded
from lwd.trial import probe as trial
from lwd.trial.daemon import Server
from lwd.trial.load import Load, Measured
from lwd.trial.probe import Check

from .conftest import Run

Capture = pytest.CaptureFixture[str]
OWN = Server("ws://127.0.0.1:50000", "own")


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[Server]:
    """Stand in for the trial of a server, which hears only if its address has an even port."""
    servers: list[Server] = []

    async def probe(server: Server) -> list[Check]:
        servers.append(server)
        hears = server.url.endswith("0")
        return [Check("tone", True, "0 words", 0.1), Check("sentence", hears, "9 of 20 words", 1.0)]

    async def measure(server: Server, most: int, report: Callable[[Load], None]) -> Measured:
        servers.append(server)
        loads = (Load(1, 0.5, 0.2, 0.3), Load(2, None, None, None))
        for load in loads:
            report(load)
        return Measured(0.25, loads, 1 if most > 1 else None, "a final came late", most == 3)

    @contextmanager
    def throw_away(config: Path | None, settings: Mapping[str, str]) -> Iterator[Server]:
        servers.append(Server(f"config {config}, {dict(settings)}", None))
        yield OWN

    monkeypatch.setattr(trial, "probe", probe)
    monkeypatch.setattr(bench_command, "measure", measure)
    monkeypatch.setattr(trying, "throw_away_daemon", throw_away)
    return servers


def test_a_probe_tells_each_check(run: Run, tried: list[Server], capsys: Capture) -> None:
    """Exit status 0 where all is well, else 1, as a person and a script want it."""
    assert run("probe", "--url", "ws://mini1:9000", "--key", "k") == 0
    assert capsys.readouterr().out == (
        "ok    tone: 0 words, after 0.1 s\nok    sentence: 9 of 20 words, after 1.0 s\n"
    )

    assert run("probe", "--url", "ws://mini1:9001") == 1
    assert "fail  sentence" in capsys.readouterr().out
    assert tried == [Server("ws://mini1:9000", "k"), Server("ws://mini1:9001", None)]


def test_a_probe_in_json(run: Run, tried: list[Server], capsys: Capture) -> None:
    """The same, as objects."""
    assert run("probe", "--url", "ws://mini1:9001", "--json") == 1

    checks = json.loads(capsys.readouterr().out)
    assert [(check["check"], check["passed"]) for check in checks] == [
        ("tone", True),
        ("sentence", False),
    ]
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("{}", "ws://127.0.0.1:9000"),
        ("{host: 0.0.0.0, port: 9100}", "ws://127.0.0.1:9100"),
        ("{host: '::', port: 9100}", "ws://[::1]:9100"),
        ("{host: mini1, port: 9100}", "ws://mini1:9100"),
    ],
)
def test_the_configuration_says_where(
    run: Run, tried: list[Server], tmp_path: Path, server: str, url: str
) -> None:
    """The server of a configuration is tried at the address at which this machine reaches it."""
    config = tmp_path / "lwd.yaml"
    config.write_text(f"server: {server}\nauth: {{keys: [k]}}\n")

    assert run("probe", "--config", str(config), "--key", "k") == 0

    assert tried == [Server(url, "k")]


def test_a_daemon_can_be_started_for_it(run: Run, tried: list[Server], tmp_path: Path) -> None:
    """With the configuration, and its own key."""
    config = tmp_path / "lwd.yaml"

    assert run("probe", "--start", "--config", str(config)) == 0
    assert run("bench", "--start", "--most", "8") == 0

    assert tried[1] == tried[3] == OWN
    assert tried[0].url == f"config {config}, {{}}"
    room = {"LWD_LIMITS__STREAMS": "16", "LWD_LIMITS__CONNECTIONS": "null"}
    assert tried[2].url == f"config None, {room}"


@pytest.mark.parametrize("command", ["probe", "bench"])
def test_a_daemon_that_does_not_start_has_said_why(
    run: Run, command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In one line, and its exit status is the command's."""
    assert run(command, "--start", "--config", str(tmp_path / "none.yaml")) == 78

    [line] = capfd.readouterr().err.splitlines()
    assert "none.yaml" in line


def test_a_daemon_that_is_killed_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """As it could say nothing itself."""

    @contextmanager
    def throw_away(*_: object) -> Iterator[Server]:
        raise DaemonEnded(-9)
        yield OWN

    monkeypatch.setattr(trying, "throw_away_daemon", throw_away)

    assert run("probe", "--start") == 70
    assert "ended with status -9 before it was ready" in capsys.readouterr().err


def test_bench_suggests_a_limit(run: Run, tried: list[Server], capsys: Capture) -> None:
    """What each number of callers got, and what follows."""
    assert run("bench", "--url", "ws://mini1") == 0

    head, one, two, factor, limit = capsys.readouterr().out.splitlines()
    assert head.split("\t") == ["Streams", "First result", "Interims", "Worst final"]
    assert one.split("\t") == ["1", "0.50 s", "0.20 s", "0.30 s"]
    assert two.split("\t") == ["2", "-", "-", "-"]
    assert factor.endswith("0.25")
    assert limit == "Suggested limits.streams: 1 (a final came late)"

    assert run("bench", "--url", "ws://mini1", "--most", "1") == 0
    assert "use a smaller model" in capsys.readouterr().out

    assert run("bench", "--url", "ws://mini1", "--most", "3") == 0
    shown = capsys.readouterr().out
    assert "In time: 1, and no more are let in (a final came late)" in shown
    assert "Suggested" not in shown
    assert len(tried) == 3


def test_bench_in_json(run: Run, tried: list[Server], capsys: Capture) -> None:
    """Every figure, in seconds."""
    assert run("bench", "--url", "ws://mini1", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert (document["limit"], document["real_time_factor"]) == (1, 0.25)
    assert [load["final_worst_s"] for load in document["loads"]] == [0.3, None]
    assert len(tried) == 1
