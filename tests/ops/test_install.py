"""`make install` on a Mac that is not one: tests/ops/fake_mac.py."""

import re
import subprocess
from pathlib import Path

import pytest

from lwd.config import load_config
from tests.ops.fake_mac import GPU, HEALTH, ROOT, SERVER, Mac


def test_first_install(mac: Mac) -> None:
    """An empty Mac serves afterwards: account, files, jobs and a release that is ready."""
    result = mac.install()

    assert (result.returncode, result.stderr) == (0, "")
    assert mac.jobs == {SERVER: "1.0", HEALTH: "1.0"}
    assert (mac.link("current"), mac.link("running"), mac.link("previous")) == ("1.0", "1.0", None)
    default = (ROOT / "config" / "lwd.yaml").read_text()
    assert mac.config.read_text() == default.replace(
        "\n  file: null\n", f"\n  file: {mac.daemon_log}\n"
    )
    assert mac.record("Users/_lwd") == {
        "UniqueID": "450",
        "PrimaryGroupID": "450",
        "NFSHomeDirectory": str(mac.state),
        "UserShell": "/usr/bin/false",
        "RealName": "lwd speech recognition",
        "IsHidden": "1",
        "Password": "*",
    }
    assert mac.record("Groups/_lwd") == {"PrimaryGroupID": "450", "Password": "*"}


def test_service_may_write_its_own_directories_alone(mac: Mac) -> None:
    """Code and configuration are root's; the service reads the one and cannot change the other."""
    mac.install()

    owned = dict(call.split()[1:] for call in mac.calls if re.fullmatch(r"chown \S+ \S+", call))
    both = f"chown _lwd:_lwd {mac.state} {mac.root}/var/log/lwd"
    assert both in mac.calls
    assert owned["root:_lwd"] == f"{mac.config}.new"
    assert owned["_lwd:_lwd"] == str(mac.launchd_log)
    modes = mac.lies()
    assert modes["etc/lwd"].startswith("750 ")
    assert modes["etc/lwd/lwd.yaml"].startswith("640 ")
    assert modes["var/lib/lwd"].startswith("750 ")
    assert modes["var/log/lwd-launchd.log"].startswith("640 ")
    assert modes[f"Library/LaunchDaemons/{SERVER}.plist"].startswith("644 ")


def test_installed_configuration_is_taken(mac: Mac) -> None:
    """The daemon reads what is installed, and logs to a bounded file that `make logs` shows."""
    mac.install()

    log = load_config(mac.config).log

    assert (log.file, log.rotate) == (mac.daemon_log, "size")


def test_account_takes_a_number_that_is_free(mac: Mac) -> None:
    """Neither another user's number is taken nor another group's."""
    for kind, name, key, number in (
        ("Users", "_other", "UniqueID", "450"),
        ("Groups", "_print", "PrimaryGroupID", "451"),
    ):
        record = mac.commands / "records" / kind / name
        record.mkdir()
        (record / key).write_text(number)

    mac.install()

    assert mac.record("Users/_lwd")["UniqueID"] == "452"


def test_model_is_there_before_anything_is_switched(mac: Mac) -> None:
    """The service downloads nothing: its models are pulled first, as its own user."""
    mac.install()

    pull = mac.index(f"sudo -u _lwd env HOME={mac.state} ", "models pull small")
    assert pull < mac.index("mv -f ", ".new/current")
    assert (mac.state / "models" / "small").exists()


def test_packages_are_installed_by_hash(mac: Mac) -> None:
    """Packages come from the locks with hashes, and lwd itself without asking any index."""
    mac.install()

    [release] = mac.releases
    packages = (release / ".venv" / "packages").read_text()
    assert "--no-deps --require-hashes --only-binary=:all: " in packages
    assert "/macos-arm64/runtime.txt" in packages
    assert "--find-links" not in packages
    assert "--no-index --no-build-isolation" in (release / ".venv" / "lwd").read_text()


def test_wheelhouse_replaces_the_network(mac: Mac) -> None:
    """With a wheelhouse pip asks no index, and still checks every hash."""
    (mac.root / "wheels").mkdir()

    assert mac.install(WHEELHOUSE=str(mac.root / "wheels")).returncode == 0

    [release] = mac.releases
    packages = (release / ".venv" / "packages").read_text()
    assert f"--no-index --find-links={mac.root}/wheels --require-hashes" in packages


def test_second_install_changes_nothing(mac: Mac) -> None:
    """Installing what runs already cuts no stream and builds nothing."""
    mac.install()
    before = mac.lies()

    result = mac.install()

    assert result.returncode == 0
    assert "in service already" in result.stdout
    assert mac.lies() == before
    assert mac.count("launchctl boot") == 0
    assert "pip" not in " ".join(mac.calls)


def test_failed_first_install_is_not_in_service(mac: Mac) -> None:
    """What was never ready is not left to launchd; once it is mended, the same command serves."""
    mac.breaks("1.0")

    result = mac.install()

    assert result.returncode == 1
    assert "is not in service" in result.stderr
    assert mac.jobs == {}
    assert list(mac.plists.iterdir()) == []
    assert mac.link("current") is None

    mac.breaks("none")
    assert mac.install().returncode == 0
    assert mac.jobs == {SERVER: "1.0", HEALTH: "1.0"}


def test_gpu_job_comes_stays_and_goes(mac: Mac) -> None:
    """The limit of GPU memory is a choice; an upgrade that does not speak of it leaves it."""
    mac.install(GPU_WIRED_LIMIT_MB="12000")
    plist = mac.plists / f"{GPU}.plist"
    assert "iogpu.wired_limit_mb=12000" in plist.read_text()
    assert GPU in mac.jobs

    mac.install()
    assert "iogpu.wired_limit_mb=12000" in plist.read_text()

    mac.install(GPU_WIRED_LIMIT_MB="0")
    assert not plist.exists()
    assert GPU not in mac.jobs


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"USER_ID": "501"}, "sudo make"),
        ({"PREFIX": "opt"}, "absolute path"),
        ({"PREFIX": "/opt with spaces"}, "letters, digits"),
        ({"PYTHON": ""}, "PYTHON=/path/to/python3.12"),
        ({"GPU_WIRED_LIMIT_MB": "12 GB"}, "expected a number of MiB"),
    ],
    ids=["no root", "relative", "spaces", "no Python", "no number"],
)
def test_what_cannot_work_is_refused(mac: Mac, variables: dict[str, str], told: str) -> None:
    """A mistake is told with its remedy, before any job is touched."""
    result = mac.install(**variables)

    assert result.returncode == 1
    assert told in result.stderr
    assert mac.jobs == {}


def test_other_systems_are_told_so(mac: Mac) -> None:
    """On Linux nothing is installed, and the page that helps is named."""
    (mac.commands / "bin" / "launchctl").unlink()

    result = mac.install()

    assert result.returncode == 1
    assert "docs/operations.md" in result.stderr
    assert not mac.code.exists()


def test_staged_install_touches_nothing_else(mac: Mac, tmp_path: Path) -> None:
    """With DESTDIR all files lie below it, and name where they will lie."""
    stage = tmp_path / "stage"
    before = mac.lies()
    defaults = {"PREFIX": "", "SYSCONFDIR": "", "LOCALSTATEDIR": ""}
    defaults |= {"DAEMONDIR": "", "NEWSYSLOGDIR": "", "USER_ID": "501"}

    result = mac.install(DESTDIR=str(stage), **defaults)

    assert (result.returncode, result.stderr) == (0, "")
    assert mac.lies() == before
    assert not {"launchctl", "dscl", "sudo", "chown"} & {call.split()[0] for call in mac.calls}
    laid = {str(path.relative_to(stage)) for path in stage.rglob("*") if path.is_file()}
    assert {
        f"Library/LaunchDaemons/{SERVER}.plist",
        f"Library/LaunchDaemons/{HEALTH}.plist",
        "etc/newsyslog.d/lwd.conf",
        "usr/local/etc/lwd/lwd.yaml",
        "var/log/lwd-launchd.log",
    } <= laid
    config = (stage / "usr" / "local" / "etc" / "lwd" / "lwd.yaml").read_text()
    assert "\n  file: /var/log/lwd/lwd.log\n" in config
    assert (stage / "opt" / "lwd" / "current" / ".whole").exists()
    for path in (stage / "Library" / "LaunchDaemons").iterdir():
        assert str(stage) not in path.read_text()


def test_make_hands_its_variables_on(mac: Mac) -> None:
    """`make install PREFIX=...` installs this very checkout there."""
    inherited = {"PATH", "REAL_PATH", "MAC", "LOCALSTATEDIR", "DAEMONDIR", "NEWSYSLOGDIR"}
    environment = mac.environment()
    given = [f"{name}={environment[name]}" for name in ("PYTHON", "PREFIX", "SYSCONFDIR")]

    result = subprocess.run(
        ["make", "install", *given],  # noqa: S607 - the make that an operator has
        cwd=ROOT,
        env={name: environment[name] for name in inherited},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")
    [release] = mac.releases
    assert (release / "lwd" / "cli" / "serve.py").exists()
    assert (release / "ops" / "requirements").exists()
    assert mac.jobs[SERVER] == "0.1.0"
