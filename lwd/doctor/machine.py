"""The machine: what it is, whether it stays awake and comes back by itself, whether it is let in.

Both systems say so by their commands. What one of them does not have is not looked at there.
"""

import re
import sys
from collections.abc import Callable, Iterator

from lwd.doctor.commands import Ask
from lwd.doctor.findings import Finding, ok, skip

_LEAST_MACOS = 14
_FIREWALL = "/usr/libexec/ApplicationFirewall/socketfilterfw"
_MAX_OFFSET_S = 1.0
_CLOCK_MATTERS = "tokens and keys expire at the wrong time, and logs do not fit together"

Check = Callable[[Ask], Finding]


def check_machine(ask: Ask, platform: str = sys.platform) -> Iterator[Finding]:
    """Everything about the machine."""
    for name, check in _MACOS.items():
        if platform == "darwin":
            yield check(ask)
        elif (elsewhere := _LINUX.get(name)) is not None:
            yield elsewhere(ask)


def _macos(ask: Ask) -> Finding:
    version = (ask("sw_vers", "-productVersion") or "").strip()
    major = version.partition(".")[0]
    if not major.isdecimal():
        return skip("macOS", "sw_vers does not tell the version")
    if int(major) >= _LEAST_MACOS:
        return ok("macOS", version)
    return Finding("macOS", "fail", version, "MLX needs macOS 14 or later", "softwareupdate --list")


def _supply(ask: Ask) -> Finding:
    """A battery also means a UPS at a Mac that has none of its own."""
    told = re.search(r"drawing from '(.+?)'", ask("pmset", "-g", "ps") or "")
    if told is None:
        return skip("power supply", "pmset does not tell")
    if told[1] == "AC Power":
        return ok("power supply", "the mains")
    return Finding(
        "power supply",
        "warn",
        told[1],
        "the mains are away, and the machine goes out when the battery is empty",
        "pmset -g ps",
    )


def _sleep(ask: Ask) -> Finding:
    value = _power(ask, "sleep")
    if value is None:
        return skip("sleep", "pmset does not tell")
    if value == 0:
        return ok("sleep", "never")
    return Finding(
        "sleep",
        "fail",
        f"after {value} minutes",
        "a machine that sleeps serves nobody",
        "sudo pmset -a sleep 0 disksleep 0",
    )


def _restart(ask: Ask) -> Finding:
    value = _power(ask, "autorestart")
    if value is None:
        return skip("restart after a power cut", "pmset does not tell; this Mac may not offer it")
    if value == 1:
        return ok("restart after a power cut", "yes")
    return Finding(
        "restart after a power cut",
        "warn",
        "no",
        "after a power cut somebody must come and press the button",
        "sudo pmset -a autorestart 1",
    )


def _power(ask: Ask, setting: str) -> int | None:
    """A setting of `pmset -g custom`, the worst of all power sources that it lists."""
    text = ask("pmset", "-g", "custom") or ""
    values = [int(value) for value in re.findall(rf"^\s*{setting}\s+(\d+)", text, re.MULTILINE)]
    if not values:
        return None
    return min(values) if setting == "autorestart" else max(values)


def _filevault(ask: Ask) -> Finding:
    text = ask("fdesetup", "status") or ""
    if "FileVault is Off" in text:
        return ok("FileVault", "off")
    if "FileVault is On" not in text:
        return skip("FileVault", "fdesetup does not tell")
    return Finding(
        "FileVault",
        "warn",
        "on",
        "after a power cut the Mac waits for a password, and no daemon runs; a planned restart"
        " may pass it",
        "sudo fdesetup authrestart",
    )


def _firewall(ask: Ask) -> Finding:
    state = ask(_FIREWALL, "--getglobalstate") or ""
    if "State = 0" in state:
        return ok("firewall", "off")
    if "State = " not in state:
        return skip("firewall", "socketfilterfw does not tell")
    python = sys.executable
    if "permitted" in (ask(_FIREWALL, "--getappblocked", python) or ""):
        return ok("firewall", "on, and lets lwd's Python in")
    return Finding(
        "firewall",
        "warn",
        "on, and lwd's Python is not let in",
        "nobody sees the question that it asks on a Mac without a screen; loopback is not concerned",
        f"sudo {_FIREWALL} --add {python} --unblockapp {python}",
    )


def _clock(ask: Ask) -> Finding:
    text = ask("sntp", "-t", "3", "time.apple.com") or ""
    offsets = re.findall(r"^([+-]\d+\.\d+)", text, re.MULTILINE)
    if not offsets:
        return skip("clock", "no time server answers")
    if abs(float(offsets[-1])) <= _MAX_OFFSET_S:
        return ok("clock", f"{offsets[-1]} s")
    return Finding(
        "clock",
        "warn",
        f"{offsets[-1]} s off",
        _CLOCK_MATTERS,
        "sudo systemsetup -setusingnetworktime on",
    )


def _clock_of_linux(ask: Ask) -> Finding:
    text = ask("timedatectl", "show", "--property", "NTPSynchronized", "--value") or ""
    if text.strip() == "yes":
        return ok("clock", "kept by a time server")
    if text.strip() != "no":
        return skip("clock", "timedatectl does not tell")
    return Finding(
        "clock",
        "warn",
        "no time server keeps it",
        _CLOCK_MATTERS,
        "sudo timedatectl set-ntp true",
    )


def _updates(ask: Ask) -> Finding:
    value = ask(
        "defaults",
        "read",
        "/Library/Preferences/com.apple.SoftwareUpdate",
        "AutomaticallyInstallMacOSUpdates",
    )
    if value is None:
        return skip("automatic updates", "not set; look at System Settings")
    if value.strip() == "0":
        return ok("automatic updates", "off")
    return Finding(
        "automatic updates",
        "warn",
        "on",
        "the Mac restarts by itself when it likes",
        "sudo defaults write /Library/Preferences/com.apple.SoftwareUpdate"
        " AutomaticallyInstallMacOSUpdates -bool false",
    )


_MACOS: dict[str, Check] = {
    "macOS": _macos,
    "power supply": _supply,
    "sleep": _sleep,
    "restart after a power cut": _restart,
    "FileVault": _filevault,
    "firewall": _firewall,
    "clock": _clock,
    "automatic updates": _updates,
}

_LINUX: dict[str, Check] = {"clock": _clock_of_linux}
