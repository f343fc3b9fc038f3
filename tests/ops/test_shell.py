"""Every shell script of the repository, as shellcheck and a plain shell see it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SHELLCHECK = Path(sys.executable).with_name("shellcheck")


def is_script(path: Path) -> bool:
    """Whether a file is run by a shell."""
    with path.open("rb") as file:
        return bool(re.match(rb"#!/\S*(sh|env bash)\n", file.readline()))


SCRIPTS = sorted(
    path
    for directory in (ROOT / "ops", ROOT / "tests" / "ops" / "mac", ROOT / ".ci")
    for path in directory.rglob("*")
    if path.is_file() and is_script(path)
)


def test_all_scripts_are_found() -> None:
    """The search below misses none that are run by name."""
    names = {path.name for path in SCRIPTS}

    assert {"install.sh", "uninstall.sh", "rollback.sh", "healthcheck", "render", "run"} <= names


def test_shellcheck_finds_nothing() -> None:
    """Scripts, and what they source, are clean."""
    result = subprocess.run(
        [SHELLCHECK, "--check-sourced", "--external-sources", "--source-path=SCRIPTDIR", *SCRIPTS],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout == ""
    assert result.returncode == 0


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_run(path: Path) -> None:
    """Whoever types a script's name runs it."""
    assert path.stat().st_mode & 0o111 == 0o111
