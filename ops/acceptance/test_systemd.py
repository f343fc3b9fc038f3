"""The unit for Linux, as Debian's systemd reads it. It is not started: that takes a machine that systemd runs."""

import os
import subprocess
from pathlib import Path

import pytest

RENDER = Path(__file__).resolve().parent.parent / "systemd" / "render"
MOST_EXPOSED = 40
"""Of 100, where a service without any of systemd's protections has 96."""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit of an installation below a directory."""
    python = tmp_path / "lwd" / "current" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    file = tmp_path / "lwd.service"
    file.write_text(
        subprocess.run(
            [RENDER],
            env={**os.environ, "PREFIX": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    return file


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    return subprocess.run(
        ["systemd-analyze", *arguments],  # noqa: S607 - Debian's
        capture_output=True,
        text=True,
        check=False,
    )


def test_systemd_takes_every_line(unit: Path) -> None:
    """A key that it does not know would be passed over with a word, so no word may come."""
    result = analyze("verify", unit)

    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_a_misspelt_key_is_told(unit: Path) -> None:
    """The check above is no sieve."""
    unit.write_text(unit.read_text().replace("ProtectClock", "ProtektClock"))

    assert "ProtektClock" in analyze("verify", unit).stderr


def test_little_of_the_machine_is_exposed(unit: Path) -> None:
    """A fault in a decoder or in a library reaches hardly more than lwd's own directories."""
    result = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)

    assert result.returncode == 0, result.stdout
