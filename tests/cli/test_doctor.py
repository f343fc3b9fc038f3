"""`lwd doctor`: what a person and a program read."""

import json
from pathlib import Path

import pytest

from .conftest import Run


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """A configuration whose model is not there."""
    path = tmp_path / "lwd.yaml"
    path.write_text(
        f"model: {{name: tiny.en, store: {tmp_path}}}\n"
        "server: {port: 0}\nops: {listen: '127.0.0.1:0'}\n"
    )
    return path


def test_a_failed_check_is_told_with_its_remedy(
    run: Run, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1; a person reads what it means and what to do."""
    assert run("doctor", "--config", str(config_file)) == 1

    lines = capsys.readouterr().out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("fail  model tiny.en: "))
    assert lines[at + 1 : at + 3] == [
        "      lwd does not start without it",
        "      $ lwd models pull tiny.en",
    ]


def test_programs_read_json(
    run: Run, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same findings, as objects."""
    assert run("doctor", "--config", str(config_file), "--json") == 1

    findings = json.loads(capsys.readouterr().out)
    assert {tuple(finding) for finding in findings} == {
        ("check", "status", "shown", "meaning", "remedy")
    }
    assert {finding["check"] for finding in findings} >= {"configuration", "port", "last end"}


def test_a_faulty_configuration_is_a_finding(
    run: Run, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not depend on it is looked at all the same; keys are not shown."""
    config_file.write_text("auth: {keys: {a: sentinel}}\nlimits: {streams: 0}\n")

    assert run("doctor", "--config", str(config_file)) == 1

    shown = capsys.readouterr().out
    assert "limits.streams" in shown
    assert f"$ lwd check-config {config_file}" in shown
    assert "sentinel" not in shown
    assert "clock" in shown
