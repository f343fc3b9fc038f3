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
    "pmset -g custom": CUSTOM.format(sleep=0, autorestart=1),
    "fdesetup status": "FileVault is Off.\n",
    "socketfilterfw --getglobalstate": "Firewall is disabled. (State = 0)\n",
    "sntp -t": "+0.010425 +/- 0.007136 time.apple.com 17.253.14.125\n",
    "defaults read": "0\n",
}


def macos(**changes: str | None) -> Ask:
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
    assert {one.status for one in check_machine(macos(), "darwin")} == {"ok"}


@pytest.mark.parametrize(
    ("check", "command", "output", "status", "remedy"),
    [
        ("macOS", "sw_vers", "13.7.2\n", "fail", "softwareupdate"),
        ("sleep", "pmset", CUSTOM.format(sleep=1, autorestart=1), "fail", "pmset -a sleep 0"),
        (
            "restart after a power cut",
            "pmset",
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
    found = find(check, macos(**{command: output}))

    assert found.status == status
    assert found.meaning
    assert remedy in found.remedy


@pytest.mark.parametrize("output", [None, "", "something else\n"])
def test_a_command_that_does_not_tell_is_no_fault(output: str | None) -> None:
    """Another macOS may print something else; the doctor then says that it does not know."""
    for command in GOOD:
        if command == "defaults read" and output is not None:
            continue
        name = command.partition(" ")[0]
        statuses = [one.status for one in check_machine(macos(**{name: output}), "darwin")]
        assert set(statuses) <= {"ok", "skip"}
        assert "skip" in statuses


def test_the_firewall_that_lets_python_in_is_well() -> None:
    """As it is after the remedy."""
    answers = macos(socketfilterfw="Firewall is enabled. (State = 1)\n")

    def answer(*command: str) -> str | None:
        if "--getappblocked" in command:
            return "Incoming connections to the application is permitted\n"
        return answers(*command)

    assert find("firewall", answer).status == "ok"


def test_elsewhere_nothing_of_this_applies() -> None:
    """Linux is not asked for what only macOS has, and is told so."""

    def never(*command: str) -> str | None:
        raise AssertionError(command)

    findings = list(check_machine(never, "linux"))

    assert {one.status for one in findings} == {"skip"}
    assert len(findings) == len(GOOD) + 1


def test_a_command_that_is_not_there_or_fails_says_nothing() -> None:
    """The one place where commands are run."""
    assert ask("no-such-command-here") is None
    assert ask("false") is None
    assert ask("echo", "a b") == "a b\n"
