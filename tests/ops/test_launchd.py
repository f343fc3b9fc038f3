"""What launchd, newsyslog and systemd are told, key for key, with the default layout."""

import configparser
import plistlib
import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lwd.config import Config

ROOT = Path(__file__).resolve().parent.parent.parent
LAYOUT = '. ops/install/layout.sh && . ops/install/service.sh && render "$1"'
LOG = "/var/log/lwd-launchd.log"
PATHS = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


def rendered(template: str, **variables: str) -> str:
    """A template with its names filled in as the installer does it."""
    return subprocess.run(
        ["/bin/sh", "-c", LAYOUT, "render", ROOT / template],
        cwd=ROOT,
        env={**PATHS, **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def plist(label: str, **variables: str) -> dict[str, Any]:
    """A job as launchd reads it; no key stands twice, of which plistlib would keep the last."""
    text = rendered(f"launchd/{label}.plist.in", **variables)
    for table in ET.fromstring(text).iter("dict"):  # noqa: S314 - our own file
        keys = [key.text for key in table.findall("key")]
        assert len(keys) == len(set(keys))
    job: dict[str, Any] = plistlib.loads(text.encode())
    return job


def test_daemon() -> None:
    """The daemon's job is what docs/operations.md and the first hour on a Mac speak of."""
    assert plist("io.lwd.server") == {
        "Label": "io.lwd.server",
        "ProgramArguments": [
            *("/opt/lwd/current/.venv/bin/python", "-m", "lwd", "serve"),
            *("--config", "/usr/local/etc/lwd/lwd.yaml"),
        ],
        "UserName": "_lwd",
        "GroupName": "_lwd",
        "WorkingDirectory": "/var/lib/lwd",
        "RunAtLoad": True,
        "KeepAlive": True,
        "ThrottleInterval": 10,
        "ExitTimeOut": 45,
        "ProcessType": "Interactive",
        "SoftResourceLimits": {"NumberOfFiles": 8192},
        "HardResourceLimits": {"NumberOfFiles": 16384},
        "Umask": 0o027,
        "EnvironmentVariables": {
            **PATHS,
            "HOME": "/var/lib/lwd",
            "LANG": "en_US.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HF_HUB_OFFLINE": "1",
        },
        "StandardOutPath": LOG,
        "StandardErrorPath": LOG,
    }


def test_health_check() -> None:
    """Each minute root asks the daemon whether it hangs."""
    assert plist("io.lwd.health") == {
        "Label": "io.lwd.health",
        "ProgramArguments": [
            *("/bin/sh", "/opt/lwd/current/ops/healthcheck"),
            *("watch", "/usr/local/etc/lwd/lwd.yaml"),
        ],
        "StartInterval": 60,
        "EnvironmentVariables": {**PATHS, "LABEL": "io.lwd.server"},
        "StandardErrorPath": LOG,
    }


def test_gpu_limit() -> None:
    """Once at each boot the limit is set that the installer was given."""
    assert plist("io.lwd.gpu", GPU_WIRED_LIMIT_MB="12000") == {
        "Label": "io.lwd.gpu",
        "ProgramArguments": ["/usr/sbin/sysctl", "iogpu.wired_limit_mb=12000"],
        "RunAtLoad": True,
        "StandardErrorPath": LOG,
    }


@pytest.mark.parametrize("label", ["io.lwd.server", "io.lwd.health", "io.lwd.gpu"])
def test_launchd_finds_every_path(label: str) -> None:
    """Nothing is left to expand, which launchd would not, and no name of a template is left."""
    text = rendered(f"launchd/{label}.plist.in", PREFIX="/usr/local", SERVICE_USER="_speech")

    assert not re.search(r"[~$@]", text)
    assert "/opt/lwd" not in text
    assert "_lwd" not in text


def test_streams_may_finish_before_launchd_kills() -> None:
    """By default launchd and systemd wait longer than lwd does for its streams."""
    server = Config().server
    stop_s = server.drain_s + server.shutdown_timeout_s

    assert plist("io.lwd.server")["ExitTimeOut"] > stop_s + 10
    assert int(unit()["Service"]["TimeoutStopSec"]) > stop_s + 10


@dataclass(frozen=True, slots=True)
class Rotation:
    """A line of newsyslog.conf(5)."""

    path: str
    owner: str
    group: str
    mode: int
    count: int
    size_kib: int | None
    when: str
    flags: frozenset[str]


LINE = re.compile(
    r"(?P<path>/\S+)\s+(?:(?P<owner>[\w-]*):(?P<group>[\w-]*)\s+)?(?P<mode>[0-7]{3,4})"
    r"\s+(?P<count>\d+)\s+(?P<size>\d+|\*)\s+(?P<when>\*|\d+|@\w+|\$\w+|\d+[@$]\w+)"
    r"(?:\s+(?P<flags>-|[BCDGJNPRSUWXYZ]+)"
    r"(?:\s+(?P<pid_file>/\S+)(?:\s+(?P<signal>\d+))?)?)?"
)


def rotations(text: str) -> list[Rotation]:
    """The lines of a newsyslog.conf; raises AssertionError for one outside the grammar."""
    lines = [line.strip() for line in text.splitlines()]
    return [_rotation(line) for line in lines if line and not line.startswith("#")]


def _rotation(line: str) -> Rotation:
    match = LINE.fullmatch(line)
    assert match, line
    return Rotation(
        match["path"],
        match["owner"] or "",
        match["group"] or "",
        int(match["mode"], 8),
        int(match["count"]),
        None if match["size"] == "*" else int(match["size"]),
        match["when"],
        frozenset((match["flags"] or "").strip("-")),
    )


def test_newsyslog() -> None:
    """The file for stdout and stderr is bounded, stays the service's, and signals nobody."""
    assert rotations(rendered("launchd/newsyslog.conf.in")) == [
        Rotation(LOG, "_lwd", "_lwd", 0o640, 3, 5120, "*", frozenset("N"))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "/var/log/a 640 3 5120 *K NZ",
        "/var/log/a _lwd 640 3 5120 * NZ",
        "/var/log/a _lwd:_lwd 688 3 5120 * NZ",
        "/var/log/a _lwd:_lwd 640 3 5M * NZ",
        "/var/log/a _lwd:_lwd 640 3 5120 * NQ",
        "log/a _lwd:_lwd 640 3 5120 * NZ",
    ],
)
def test_newsyslog_grammar_refuses(line: str) -> None:
    """The parser that the line above passes is no sieve."""
    with pytest.raises(AssertionError):
        rotations(line)


def unit() -> configparser.ConfigParser:
    """The systemd unit as `ops/systemd/render` prints it."""
    text = subprocess.run(
        [ROOT / "ops" / "systemd" / "render"], env=PATHS, capture_output=True, text=True, check=True
    ).stdout
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_systemd_starts_what_launchd_starts() -> None:
    """A Linux host runs the same command as the same user, with the same environment and limits."""
    service, job = unit()["Service"], plist("io.lwd.server")

    environment = dict(pair.split("=", 1) for pair in service["Environment"].split())
    assert service["ExecStart"].split() == job["ProgramArguments"]
    assert (service["User"], service["Group"]) == (job["UserName"], job["GroupName"])
    assert service["WorkingDirectory"] == job["WorkingDirectory"]
    assert int(service["UMask"], 8) == job["Umask"]
    assert service["LimitNOFILE"] == "8192:16384"
    assert service["Restart"] == "always"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert environment.keys() == job["EnvironmentVariables"].keys() - {"PATH"}
    assert service["ReadWritePaths"].split() == ["/var/lib/lwd", "/var/log/lwd"]
