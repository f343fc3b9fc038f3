"""`lwd check-config`."""

from pathlib import Path

import pytest

from .conftest import Run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lwd.yaml"


def test_valid_file_prints_what_would_be_used(
    run: Run, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A valid file ends with status 0 and the effective configuration, keys masked."""
    monkeypatch.setenv("LWD_SERVER__PORT", "9001")
    file.write_text("auth: {keys: [sentinel]}\n")

    assert run("check-config", str(file)) == 0

    shown = capsys.readouterr()
    assert "  port: 9001  # LWD_SERVER__PORT\n" in shown.out
    assert f"  keys: ['**********']  # {file}\n" in shown.out
    assert "sentinel" not in shown.out
    assert shown.err == ""


def test_variables_are_checked_without_a_file(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who configures lwd by variables alone needs no file to check them."""
    monkeypatch.setenv("LWD_SERVER__PORT", "9001")
    assert run("check-config") == 0
    assert "  port: 9001  # LWD_SERVER__PORT\n" in capsys.readouterr().out

    monkeypatch.setenv("LWD_SERVER__PORT", "-1")
    assert run("check-config") == 78


def test_faulty_file_is_listed_in_full(
    run: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A faulty file ends with status 78 and a line for each fault."""
    file.write_text("server: {port: -1, prot: 1}\n")

    assert run("check-config", str(file)) == 78

    assert capsys.readouterr().err.splitlines() == [
        f"lwd: server.prot ({file}): unknown key; did you mean server.port?",
        f"lwd: server.port ({file}): -1; expected a whole number from 0 to 65535",
    ]
