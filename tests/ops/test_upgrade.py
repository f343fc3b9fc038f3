"""A release in place of another, `make upgrade` and `make rollback`, on a Mac that is not one."""

import re

import pytest

from tests.ops.fake_mac import HEALTH, SERVER, Mac


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


def test_old_job_is_gone_before_the_new_one_comes(served: Mac) -> None:
    """A bootout returns early: bootstrap waits until launchd has forgotten the job."""
    assert served.install(BOOTOUT_POLLS="20").returncode == 0

    assert served.jobs[SERVER] == "2.0"
    assert served.count(f"launchctl bootout system/{SERVER}") == 1
    assert served.count("launchctl bootstrap") == 1
    assert served.count(f"launchctl print system/{SERVER}") > 20


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

    assert served.count("launchctl bootstrap") == tries
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
        "var/log/lwd-launchd.log",
        "var/log/lwd/lwd.log",
    }


def test_failed_upgrade_leaves_the_way_back(served: Mac) -> None:
    """A rollback leads afterwards where it led before."""
    served.install("upgrade")
    served.release("3.0")
    served.breaks("3.0")
    assert served.install("upgrade").returncode == 1
    assert (served.link("running"), served.link("previous")) == ("2.0", "1.0")

    assert served.run("rollback").returncode == 0
    assert served.jobs[SERVER] == "1.0"


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
    assert served.count("launchctl boot") == 0


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
    assert served.count("launchctl") == 0
