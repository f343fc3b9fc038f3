"""`make install` and its kin on a Mac that is not one: tests/ops/fake_mac.py."""

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from lwd.config import load_config
from tests.ops.fake_mac import ROOT, Mac

SERVER, HEALTH, GPU = "io.lwd.server", "io.lwd.health", "io.lwd.gpu"

CHANGES_NOTHING = re.compile(
    r"launchctl print|dscl \. -(read|list)|(id|curl|plutil|newsyslog|sleep|chown|sudo) |python -c"
)

NewMac = Callable[[], Mac]


@pytest.fixture
def new_mac(tmp_path: Path) -> NewMac:
    """Machines that lwd was never on."""
    numbers: Iterator[int] = iter(range(1000))
    return lambda: Mac(tmp_path / str(next(numbers)))


@pytest.fixture
def mac(new_mac: NewMac) -> Mac:
    """A machine that lwd was never on."""
    return new_mac()


@pytest.fixture
def served(mac: Mac) -> Mac:
    """A machine with version 1.0 in service, and 2.0 checked out."""
    assert mac.install().returncode == 0
    mac.release("2.0")
    return mac


def index(mac: Mac, start: str, part: str) -> int:
    """Where the only call with such a start and such a part stands in the last run."""
    [found] = [n for n, call in enumerate(mac.calls) if call.startswith(start) and part in call]
    return found


def count(mac: Mac, start: str) -> int:
    """How many calls of the last run began so."""
    return sum(call.startswith(start) for call in mac.calls)


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

    pull = index(mac, f"sudo -u _lwd env HOME={mac.state} ", "models pull small")
    assert pull < index(mac, "mv -f ", ".new/current")
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
    assert count(mac, "launchctl boot") == 0
    assert "pip" not in " ".join(mac.calls)


def test_lost_interpreter_is_replaced(served: Mac) -> None:
    """A release whose Python has gone is built again."""
    served.release("1.0")
    [release] = served.releases
    (release / ".venv" / "bin" / "python").unlink()

    assert served.install().returncode == 0

    assert (release / ".venv" / "bin" / "python").exists()


def test_another_python_is_another_release(served: Mac) -> None:
    """A newer Python comes as an upgrade does, with the old one to go back to."""
    served.release("1.0")
    before = (served.code / "current").readlink()

    assert served.install(PYTHON_VERSION="3.13.1").returncode == 0

    assert (served.code / "previous").readlink() == before
    assert (served.code / "running").readlink() != before


def test_upgrade(served: Mac) -> None:
    """The new release serves, the old one stays for a rollback, the configuration is untouched."""
    served.config.write_text("limits: {streams: 3}\n")

    result = served.install("upgrade")

    assert result.returncode == 0
    assert served.jobs == {SERVER: "2.0", HEALTH: "1.0"}
    assert (served.link("running"), served.link("previous")) == ("2.0", "1.0")
    assert served.config.read_text() == "limits: {streams: 3}\n"


def test_only_the_last_two_releases_are_kept(served: Mac) -> None:
    """A disk does not fill with releases."""
    for version in ("2.0", "3.0", "4.0"):
        served.release(version)
        served.install("upgrade")

    assert [path.name.partition("-")[0] for path in served.releases] == ["3.0", "4.0"]


def test_upgrade_of_nothing_is_refused(mac: Mac) -> None:
    """Who upgrades a Mac without lwd is told to install it."""
    result = mac.install("upgrade")

    assert result.returncode == 1
    assert "make install" in result.stderr
    assert mac.jobs == {}


def test_old_job_is_gone_before_the_new_one_comes(served: Mac) -> None:
    """A bootout returns early: bootstrap waits until launchd has forgotten the job."""
    assert served.install(BOOTOUT_POLLS="20").returncode == 0

    assert served.jobs[SERVER] == "2.0"
    assert count(served, f"launchctl bootout system/{SERVER}") == 1
    assert count(served, "launchctl bootstrap") == 1
    assert count(served, f"launchctl print system/{SERVER}") > 20


def test_job_that_does_not_end_is_no_rollback_to_nowhere(served: Mac) -> None:
    """An old daemon that never goes keeps serving, and the message names it."""
    result = served.install(BOOTOUT_POLLS="1000")

    assert result.returncode == 1
    assert f"{SERVER} does not end" in result.stderr
    assert served.jobs[SERVER] == "1.0"
    assert served.link("current") == "1.0"


@pytest.mark.parametrize(
    ("errors", "tries", "version"),
    [("5\n5\n", 3, "2.0"), ("5\n" * 6, 6 + 1, "1.0"), ("125\n", 1 + 1, "1.0")],
    ids=["passing", "lasting", "another"],
)
def test_bootstrap_is_tried_again_on_error_5_alone(
    served: Mac, errors: str, tries: int, version: str
) -> None:
    """Error 5 passes; one that lasts, or another, ends with the old release in service."""
    (served.commands / "bootstrap_errors").write_text(errors)

    served.install()

    assert count(served, "launchctl bootstrap") == tries
    assert served.jobs[SERVER] == version


def test_failed_upgrade_is_rolled_back(served: Mac) -> None:
    """A release that does not become ready goes, with the log's last lines; the old one serves."""
    before = served.lies()
    served.breaks("2.0")
    plist = served.checkout / "launchd" / f"{SERVER}.plist.in"
    plist.write_text(plist.read_text().replace("<integer>45<", "<integer>99<"))
    served.launchd_log.write_text("a stack\n")
    served.daemon_log.write_text("\n".join(f"line {n}" for n in range(100)))

    result = served.install("upgrade")

    assert result.returncode == 1
    assert "a stack" in result.stderr
    assert "line 99" in result.stderr
    assert "line 49" not in result.stderr
    assert re.search(r"1\.0-\d+ runs again", result.stderr)
    assert served.jobs == {SERVER: "1.0", HEALTH: "1.0"}
    assert served.link("running") == served.link("current") == "1.0"
    after = served.lies()
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert {path for path in changed if "releases/2.0-" not in path} == {
        "opt/lwd/previous",
        "var/log/lwd-launchd.log",
        "var/log/lwd/lwd.log",
    }


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


@pytest.mark.parametrize("fault", ["configuration", "model"])
def test_what_can_be_told_before_cuts_no_stream(served: Mac, fault: str) -> None:
    """A configuration that does not fit, or a model that cannot be had, leaves the old one serving."""
    if fault == "model":
        (served.commands / "no_network").touch()
    else:
        served.config.write_text("nonsense: true\n")

    result = served.install("upgrade")

    assert result.returncode != 0
    assert served.jobs == {SERVER: "1.0", HEALTH: "1.0"}
    assert served.link("running") == "1.0"
    assert count(served, "launchctl boot") == 0


def test_rollback_and_back(served: Mac) -> None:
    """A rollback brings the release of before, a second one the release of after."""
    served.install("upgrade")

    assert served.run("rollback").returncode == 0
    assert (served.jobs[SERVER], served.link("running"), served.link("previous")) == (
        *("1.0", "1.0"),
        "2.0",
    )
    assert served.run("rollback").returncode == 0
    assert (served.jobs[SERVER], served.link("previous")) == ("2.0", "1.0")


def test_failed_rollback_returns(served: Mac) -> None:
    """A rollback to what does not start any more ends where it began."""
    served.install("upgrade")
    served.breaks("1.0")

    assert served.run("rollback").returncode == 1

    assert (served.jobs[SERVER], served.link("running")) == ("2.0", "2.0")


def test_rollback_needs_a_release(served: Mac) -> None:
    """With one release there is none to go back to, and nothing is touched."""
    result = served.run("rollback")

    assert result.returncode == 1
    assert "no release to go back to" in result.stderr
    assert count(served, "launchctl") == 0


def test_uninstall_keeps_data(served: Mac) -> None:
    """Code and jobs go; configuration, models, logs and the account stay, for the next install."""
    served.config.write_text("limits: {streams: 3}\n")

    assert served.run("uninstall").returncode == 0

    assert served.jobs == {}
    assert not served.code.exists()
    assert list(served.plists.iterdir()) == []
    assert not served.newsyslog.exists()
    assert (served.state / "models" / "small").exists()
    assert served.record("Users/_lwd") != {}
    assert served.run("uninstall").returncode == 0

    served.install()
    assert served.config.read_text() == "limits: {streams: 3}\n"
    assert served.jobs[SERVER] == "2.0"


def test_purge_leaves_nothing(new_mac: NewMac) -> None:
    """With PURGE=1 the machine is as it was."""
    mac, untouched = new_mac(), new_mac()
    mac.install(GPU_WIRED_LIMIT_MB="12000")

    assert mac.run("uninstall", PURGE="1").returncode == 0

    files = {path for path, what in mac.lies().items() if not what.endswith("directory")}
    assert files == {path for path, what in untouched.lies().items() if "directory" not in what}
    assert mac.record("Users/_lwd") == mac.record("Groups/_lwd") == {}


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


def test_status_tells_whether_it_is_ready(served: Mac) -> None:
    """`make status` names the releases and jobs, and its status is that of /readyz."""
    ready = served.run("status")
    served.breaks("1.0")
    starting = served.run("status")

    assert ready.returncode == 0
    assert re.search(r"^running: 1\.0-\d+$", ready.stdout, re.MULTILINE)
    assert f"{SERVER}: loaded\n{HEALTH}: loaded\n{GPU}: not loaded\n" in ready.stdout
    assert starting.returncode == 1
    assert "an engine is starting" in starting.stdout


def test_logs_are_shown_and_followed(served: Mac) -> None:
    """`make logs` shows the last lines, and goes on with those that come, in a new file too."""
    served.launchd_log.write_text("stack\n")
    served.daemon_log.write_text("before\n")

    with subprocess.Popen(
        [served.checkout / "ops" / "install" / "logs.sh"],
        env=served.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as tail:
        assert tail.stdout
        lines = (line for line in tail.stdout if line.strip() and "==>" not in line)
        assert next(lines) == "stack\n"
        assert next(lines) == "before\n"
        with served.daemon_log.open("a") as log:
            log.write("after\n")
        assert next(lines) == "after\n"
        served.daemon_log.rename(served.daemon_log.with_name("lwd.log.1"))
        served.daemon_log.write_text("anew\n")
        assert next(lines) == "anew\n"
        tail.terminate()


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


def interrupted(
    new_mac: NewMac, prepare: Callable[[Mac], object], run: Callable[..., object], since: str = ""
) -> None:
    """Kill a run after each command that changes something; the same run then ends as if nothing was.

    `since` is part of the first of these commands.
    """
    whole = new_mac()
    prepare(whole)
    run(whole)
    wanted = _placeless(whole)
    first = next(n for n, call in enumerate(whole.calls) if since in call)
    steps = [
        n + 1
        for n, call in enumerate(whole.calls)
        if n >= first and not CHANGES_NOTHING.match(call)
    ]
    assert len(steps) > 5

    lanes = os.cpu_count() or 1
    with ThreadPoolExecutor(lanes) as pool:
        parts = pool.map(
            lambda n: list(_interrupt(new_mac(), prepare, run, steps[n::lanes], wanted)),
            range(lanes),
        )
    assert [fault for part in parts for fault in part] == []


def _interrupt(
    mac: Mac,
    prepare: Callable[[Mac], object],
    run: Callable[..., object],
    steps: Iterable[int],
    wanted: dict[str, str],
) -> Iterator[str]:
    """Kill a run after each of the steps, on one machine; yield what was wrong then."""
    prepare(mac)
    mac.keep()
    for step in steps:
        mac.restore()
        run(mac, KILL_AT=str(step))
        assert len(mac.calls) >= step
        at = mac.calls[-1]
        if not _is_consistent(mac):
            yield f"inconsistent after: {at}"
        run(mac)
        if _placeless(mac) != wanted:
            yield f"not mended after: {at}"


def _placeless(mac: Mac) -> dict[str, str]:
    """What lies on a machine, without the name of its root."""
    return {path: what.replace(str(mac.root), "") for path, what in mac.lies().items()}


def _is_consistent(mac: Mac) -> bool:
    """What launchd would start at the next boot is whole, or there is nothing to start."""
    plist = mac.plists / f"{SERVER}.plist"
    current = mac.code / "current"
    whole = (current / ".whole").exists() and (current / ".venv" / "lwd").exists()
    return (whole or not current.is_symlink()) and (
        not plist.exists() or plist.read_text().endswith("</plist>\n")
    )


def test_interrupted_install_is_mended_by_the_next(new_mac: NewMac) -> None:
    """Whenever a first install is killed, running it again installs lwd."""
    interrupted(new_mac, lambda _: None, Mac.install)


def test_interrupted_upgrade_is_mended_by_the_next(new_mac: NewMac) -> None:
    """Whenever an upgrade is killed, running it again upgrades, with the old release to go back to.

    What comes before the models is as in a first install.
    """

    def prepare(mac: Mac) -> None:
        mac.install()
        mac.release("2.0")

    interrupted(new_mac, prepare, Mac.install, since="models pull")


def test_interrupted_rollback_is_mended_by_the_next(new_mac: NewMac) -> None:
    """Whenever an upgrade that fails is killed, even while it goes back, the next one goes back.

    What comes before the switch is as in an upgrade that works.
    """

    def prepare(mac: Mac) -> None:
        mac.install()
        mac.release("2.0")
        mac.breaks("2.0")

    interrupted(new_mac, prepare, Mac.install, since="lwd/running")


def test_interrupted_uninstall_is_mended_by_the_next(new_mac: NewMac) -> None:
    """Whenever an uninstall is killed, running it again removes the rest."""
    interrupted(new_mac, Mac.install, partial(Mac.run, script="uninstall", PURGE="1"))
