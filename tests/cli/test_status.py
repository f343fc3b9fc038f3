"""`lwd status` and `lwd fleet`: what an operator and a program read, and how they end."""

import json
from pathlib import Path

import pytest

from lwd.cli import fleet as fleet_command
from lwd.cli import status as status_command
from lwd.client.figures import Figures, Quantile
from lwd.client.status import Host, State, Status

from .conftest import Run

Capture = pytest.CaptureFixture[str]

STATES: dict[str, State] = {"mini1": "ready", "mini2": "degraded", "mini3": "down"}


def answer(host: Host) -> Status:
    """How a host of that name is."""
    states: list[State] = [state for name, state in STATES.items() if name in host.url]
    state = states[0] if states else "ready"
    if state == "down":
        return Status(host.name, state, "connection refused", None, None, None, Figures())
    reason = "draining" if state == "degraded" else None
    p95 = Quantile(10.0, is_over=True) if "slow" in host.url else Quantile(0.25)
    figures = Figures("1.2", 40, 1, p95, 1799 if state == "degraded" else 5400)
    refuses = "strict" in host.url
    return Status(host.name, state, reason, "Healthy", "Connected", 3, figures, refuses)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Host], str | None, float]]:
    """Stand in for the network; holds what was asked."""
    questions: list[tuple[list[Host], str | None, float]] = []

    async def ask_all(hosts: list[Host], key: str | None, timeout_s: float) -> list[Status]:
        questions.append((hosts, key, timeout_s))
        return list(map(answer, hosts))

    monkeypatch.setattr(status_command, "ask_all", ask_all)
    monkeypatch.setattr(fleet_command, "ask_all", ask_all)
    return questions


@pytest.mark.parametrize(("host", "code"), [("mini1", 0), ("mini2", 1), ("mini3", 76)])
def test_status_ends_with_the_state(run: Run, host: str, code: int) -> None:
    """A script learns from the exit status whether a server is ready, degraded or down."""
    assert run("status", "--url", f"ws://{host}:9000") == code


def test_a_refused_key_is_no_success(run: Run) -> None:
    """However well the server is: a script that gives a wrong key learns it."""
    assert run("status", "--url", "ws://strict:9000", "--key", "wrong") == 76
    assert run("fleet", "mini1", "strict", "--key", "wrong") == 76


def read_status(capsys: Capture) -> dict[str, str]:
    """The lines that `lwd status` printed, by what they are about."""
    head, *lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert head == ["What", "Now"]
    return dict(lines)


def test_status_speaks_as_fleet_does(run: Run, capsys: Capture) -> None:
    """The same words and forms, Deepgram's two besides, and a dash for what is not known."""
    run("status", "--url", "ws://mini2:9000")
    assert read_status(capsys) == {
        "Host": "ws://mini2:9000",
        "State": "degraded",
        "Streams": "3",
        "Of": "40",
        "Queued": "1",
        "Finals p95": "0.25 s since the start",
        "Version": "1.2",
        "Up": "29 min",
        "Health": "Healthy",
        "Engine": "Connected",
        "Why": "draining",
    }

    run("status", "--url", "ws://mini3:9000")
    down = read_status(capsys)
    assert (down.pop("Host"), down.pop("State")) == ("ws://mini3:9000", "down")
    assert down.pop("Why") == "connection refused"
    assert set(down.values()) == {"-"}

    run("status", "--url", "ws://mini1:9000")
    assert "Why" not in read_status(capsys)


def test_finals_are_told_as_far_as_they_are_known(run: Run, capsys: Capture) -> None:
    """Since when, and what is above the histogram's last bound as that."""
    for host, shown, pair in (
        ("mini1", "0.25 s", (0.25, False)),
        ("slow", "over 10 s", (10, True)),
    ):
        run("status", "--url", f"ws://{host}:9000")
        assert read_status(capsys)["Finals p95"] == f"{shown} since the start"

        run("fleet", host)
        assert shown in capsys.readouterr().out.splitlines()[1].split("\t")

        run("status", "--url", f"ws://{host}:9000", "--json")
        document = json.loads(capsys.readouterr().out)
        assert (document["final_p95_s"], document["final_p95_is_over"]) == pair


def test_status_in_json_has_every_field(run: Run, capsys: Capture) -> None:
    """Null for what is not known."""
    run("status", "--json")
    well = json.loads(capsys.readouterr().out)
    run("status", "--json", "--url", "ws://mini3")
    down = json.loads(capsys.readouterr().out)

    assert well.keys() == down.keys()
    assert (well["final_p95_s"], down["final_p95_s"], down["streams"]) == (0.25, None, None)


def test_where_and_how_is_asked(
    run: Run, asked: list[tuple[list[Host], str | None, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options reach the question; the key may come from the environment."""
    monkeypatch.setenv("DEEPGRAM_API_KEY", "sentinel")

    run("status", "--ops-port", "81", "--timeout", "9")

    [([host], key, timeout_s)] = asked
    assert (host.url, host.ops_url) == ("http://127.0.0.1:9000", "http://127.0.0.1:81")
    assert (key, timeout_s) == ("sentinel", 9.0)


def test_a_fleet_is_a_table(run: Run, capsys: Capture) -> None:
    """A line for each host in the order given, and one for all."""
    assert run("fleet", "mini1", "mini2", "mini3") == 76

    head, *lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert head[:4] == ["Host", "State", "Streams", "Of"]
    assert [line[:4] for line in lines] == [
        ["mini1", "ready", "3", "40"],
        ["mini2", "degraded", "3", "40"],
        ["mini3", "down", "-", "-"],
        ["all", "1 of 3 ready", "6", "80"],
    ]
    assert [line[5] for line in lines[:3]] == ["0.25 s", "0.25 s", "-"]
    assert [line[7] for line in lines[:3]] == ["1.5 h", "29 min", "-"]
    assert [line[8] for line in lines[:3]] == ["", "draining", "connection refused"]


def test_what_nobody_tells_is_a_dash_for_all(run: Run, capsys: Capture) -> None:
    """And not 0, as if there were none."""
    run("fleet", "mini3")

    total = capsys.readouterr().out.splitlines()[-1].split("\t")
    assert total[:4] == ["all", "0 of 1 ready", "-", "-"]


@pytest.mark.parametrize(
    ("names", "code"),
    [(["mini1"], 0), (["mini1", "mini2"], 1), (["mini3", "mini2"], 76)],
)
def test_a_fleet_ends_with_the_worst(run: Run, names: list[str], code: int) -> None:
    """One that is down is worse than one that is degraded."""
    assert run("fleet", *names) == code


def test_a_fleet_can_stand_in_a_file(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """With comments; who is named twice is asked once."""
    hosts = tmp_path / "fleet.hosts"
    hosts.write_text("# ours\nmini1  # the first\n\nwss://mini2.example\n")

    assert run("fleet", "mini1", "--hosts", str(hosts), "--json") == 1

    answers = json.loads(capsys.readouterr().out)
    assert [each["host"] for each in answers] == ["mini1", "wss://mini2.example"]


def test_a_fleet_of_nobody_is_refused(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """And so is a file that is not there, and a name that is none."""
    assert run("fleet") == 64
    assert run("fleet", "--hosts", str(tmp_path / "none")) == 66
    assert run("fleet", "ftp://x") == 64
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert told[1] == f"lwd: --hosts {tmp_path}/none: No such file or directory"
