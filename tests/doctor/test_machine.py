"""What a Mac's own commands say, and what the doctor makes of it. The outputs are as macOS prints them."""

import pytest

from lwd.doctor.commands import Ask, ask
from lwd.doctor.findings import Finding
from lwd.doctor.machine import check_machine

CUSTOM = """Battery Power:
 Sleep On Power Button 1
 autorestart          {autorestart}
 sleep                0
AC Power:
 Sleep On Power Button 1
 autorestart          {autorestart}
 powernap             1
 networkoversleep     0
 disksleep            10
 sleep                {sleep} (sleep prevented by powerd)
 displaysleep         10
"""
GOOD = {
    "sw_vers -productVersion": "15.1.1\n",
    "pmset -g ps": "Now drawing from 'AC Power'\n",
    "pmset -g custom": CUSTOM.format(sleep=0, autorestart=1),
    "fdesetup status": "FileVault is Off.\n",
    "socketfilterfw --getglobalstate": "Firewall is disabled. (State = 0)\n",
    "sntp -t": "+0.010425 +/- 0.007136 time.apple.com 17.253.14.125\n",
    "defaults read": "0\n",
}


UPS = """Now drawing from 'UPS Power'
 -CP1500 (id=12845056)\t97%; discharging; 0:42 remaining present: true
"""


def macos(changes: dict[str, str | None]) -> Ask:
    """A Mac that is set up well but for these outputs, named by how the command begins."""
    outputs: dict[str, str | None] = dict(GOOD)
    for name, output in changes.items():
        [key] = [key for key in GOOD if key.startswith(name)]
        outputs[key] = output

    def answer(*command: str) -> str | None:
        words = " ".join(command).rpartition("/ApplicationFirewall/")[2]
        if words.startswith("socketfilterfw --getappblocked"):
            return outputs.get("blocked", "The file path you specified does not exist\n")
        [key] = [key for key in GOOD if words.startswith(key)]
        return outputs[key]

    return answer


def find(name: str, answers: Ask) -> Finding:
    """What is found of one thing."""
    [finding] = [one for one in check_machine(answers, "darwin") if one.check == name]
    return finding


def test_a_mac_that_is_set_up_well_is_green() -> None:
    """Nothing is to be done."""
    assert {one.status for one in check_machine(macos({}), "darwin")} == {"ok"}


@pytest.mark.parametrize(
    ("check", "command", "output", "status", "remedy"),
    [
        ("macOS", "sw_vers", "13.7.2\n", "fail", "softwareupdate"),
        ("power supply", "pmset -g ps", UPS, "warn", "pmset -g ps"),
        (
            "sleep",
            "pmset -g custom",
            CUSTOM.format(sleep=1, autorestart=1),
            "fail",
            "pmset -a sleep 0",
        ),
        (
            "restart after a power cut",
            "pmset -g custom",
            CUSTOM.format(sleep=0, autorestart=0),
            "warn",
            "pmset -a autorestart 1",
        ),
        ("FileVault", "fdesetup", "FileVault is On.\n", "warn", "fdesetup authrestart"),
        (
            "firewall",
            "socketfilterfw",
            "Firewall is enabled. (State = 1)\n",
            "warn",
            "socketfilterfw --add",
        ),
        (
            "clock",
            "sntp",
            "-12.710425 +/- 0.007136 time.apple.com 17.253.14.125\n",
            "warn",
            "systemsetup -setusingnetworktime on",
        ),
        ("automatic updates", "defaults", "1\n", "warn", "-bool false"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    check: str, command: str, output: str, status: str, remedy: str
) -> None:
    """A finding says why it matters, and which command mends it."""
    found = find(check, macos({command: output}))

    assert found.status == status
    assert found.meaning
    assert remedy in found.remedy


@pytest.mark.parametrize("output", [None, "", "something else\n"])
def test_a_command_that_does_not_tell_is_no_fault(output: str | None) -> None:
    """Another macOS may print something else; the doctor then says that it does not know."""
    for command in GOOD:
        if command == "defaults read" and output is not None:
            continue
        statuses = [one.status for one in check_machine(macos({command: output}), "darwin")]
        assert set(statuses) <= {"ok", "skip"}
        assert "skip" in statuses


def test_the_firewall_that_lets_python_in_is_well() -> None:
    """As it is after the remedy."""
    answers = macos({"socketfilterfw": "Firewall is enabled. (State = 1)\n"})

    def answer(*command: str) -> str | None:
        if "--getappblocked" in command:
            return "Incoming connections to the application is permitted\n"
        return answers(*command)

    assert find("firewall", answer).status == "ok"


def linux(output: str | None) -> list[Finding]:
    """What is found on Linux, where `timedatectl` alone is asked."""

    def answer(*command: str) -> str | None:
        assert command[0] == "timedatectl"
        return output

    return list(check_machine(answer, "linux"))


def test_on_linux_only_the_clock_is_looked_at() -> None:
    """What only macOS has is neither asked for nor told of."""
    assert [(one.check, one.status) for one in linux("yes\n")] == [("clock", "ok")]


@pytest.mark.parametrize(
    ("output", "status"), [("no\n", "warn"), (None, "skip"), ("", "skip"), ("n/a\n", "skip")]
)
def test_the_clock_of_linux(output: str | None, status: str) -> None:
    """A clock that nobody keeps is told with its remedy; one of which nothing is known is not."""
    [clock] = linux(output)

    assert clock.status == status
    assert ("set-ntp true" in clock.remedy) == (status == "warn")


def test_a_command_that_is_not_there_or_fails_says_nothing() -> None:
    """The one place where commands are run."""
    assert ask("no-such-command-here") is None
    assert ask("false") is None
    assert ask("echo", "a b") == "a b\n"
