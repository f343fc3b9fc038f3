"""`make status` and `make logs` on a Mac that is not one."""

import re
import subprocess

from tests.ops.fake_mac import GPU, HEALTH, SERVER, Mac


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


def test_status_of_nothing_says_what_to_do(mac: Mac) -> None:
    """Where lwd is not installed no script is missed."""
    result = mac.run("status")

    assert result.returncode == 1
    assert "running: -\n" in result.stdout
    assert result.stderr.endswith("sudo make install\n")


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


def test_logs_of_nothing_say_what_to_do(mac: Mac) -> None:
    """Where lwd is not installed nobody waits for a log that does not come."""
    result = mac.run("logs")

    assert result.returncode == 1
    assert "sudo make install" in result.stderr
