"""`lwd serve`: which configuration reaches the server."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lwd.config import Config
from lwd.server.lifecycle import Announce
from lwd.server.reload import LoadConfig

from .conftest import Run


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """Stand in for the server; holds the configurations it was started with."""
    configs: list[Config] = []

    def serve(config: Config, announce: Announce, _: LoadConfig) -> None:
        configs.append(config)
        announce(config.server.host, config.server.port, [config.model.name])

    monkeypatch.setitem(sys.modules, "lwd.server.app", SimpleNamespace(serve=serve))
    monkeypatch.setattr(sys, "argv", [".venv/bin/lwd"])
    return configs


def test_the_address_and_a_command_to_try_are_shown(
    run: Run, served: list[Config], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever starts the server reads where it is and what to do next."""
    assert run("serve", "--model", "tiny.en") == 0
    shown = capsys.readouterr().out
    assert "ws://127.0.0.1:9000/v1/listen with tiny.en" in shown
    assert shown.endswith(".venv/bin/lwd listen FILE\n")

    assert run("serve", "--port", "9001") == 0
    assert capsys.readouterr().out.endswith("listen --url ws://127.0.0.1:9001 FILE\n")
    assert len(served) == 2


def test_the_console_is_named_where_there_is_one(
    run: Run,
    served: list[Config],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever starts the server reads where to speak to it."""
    assert run("serve", "--port", "9001") == 0
    assert "in a browser: http://127.0.0.1:9001/\n" in capsys.readouterr().out

    monkeypatch.setenv("LWD_CONSOLE__ENABLED", "false")
    assert run("serve") == 0
    assert "browser" not in capsys.readouterr().out
    assert len(served) == 2


def test_the_command_to_try_has_a_key_where_one_is_needed(
    run: Run,
    served: list[Config],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With keys configured, the command shows where to put one, and shows none."""
    monkeypatch.setenv("LWD_AUTH__KEYS", "[sentinel]")

    assert run("serve") == 0

    shown = capsys.readouterr().out
    assert shown.endswith("listen --key KEY FILE\n")
    assert "sentinel" not in shown
    assert len(served) == 1


def test_a_keys_file_needs_a_key_too(
    run: Run, served: list[Config], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command to try has a place for it, as with keys in the configuration."""
    keys, file = tmp_path / "keys.json", tmp_path / "lwd.yaml"
    file.write_text(f"auth: {{keys_file: {keys}}}\n")
    assert run("keys", "add", "desk", "--file", str(keys)) == 0

    assert run("serve", "--config", str(file)) == 0

    assert capsys.readouterr().out.endswith("listen --key KEY FILE\n")
    assert len(served) == 1


def test_a_program_reads_where_it_is(
    run: Run, served: list[Config], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line of JSON once the server is ready, for who started it."""
    assert run("serve", "--host", "::1", "--model", "tiny.en", "--json") == 0

    assert json.loads(capsys.readouterr().out) == {"url": "ws://[::1]:9000", "models": ["tiny.en"]}
    assert len(served) == 1


def test_options_win_over_the_file(run: Run, served: list[Config], tmp_path: Path) -> None:
    """Each option replaces its key, and the rest of the file holds."""
    file = tmp_path / "lwd.yaml"
    file.write_text("auth: {keys: [k]}\nserver: {port: 1}\nlimits: {streams: 7}\n")
    options = ["--host", "10.0.0.1", "--port", "9001", "--model", "tiny", "--log-level", "debug"]

    assert run("serve", "--config", str(file), *options) == 0

    [config] = served
    assert (config.server.host, config.server.port) == ("10.0.0.1", 9001)
    assert (config.model.name, config.log.level, config.limits.streams) == ("tiny", "debug", 7)


def test_nothing_given_means_the_defaults(run: Run, served: list[Config]) -> None:
    """`lwd serve` alone starts with the defaults."""
    assert run("serve") == 0

    assert [config.model_dump() for config in served] == [Config().model_dump()]


def test_unknown_model_stops_before_the_server(
    run: Run, served: list[Config], capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt model is told at once, with the one that may have been meant."""
    assert run("serve", "--model", "bse") == 78
    assert capsys.readouterr().err.endswith("did you mean base?\n")
    assert served == []


def test_wrong_option_stops_before_the_server(
    run: Run, served: list[Config], capsys: pytest.CaptureFixture[str]
) -> None:
    """A value out of bounds is reported as the configuration's fault, and nothing is started."""
    assert run("serve", "--port", "99999", "--host", "0.0.0.0") == 78  # noqa: S104
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert served == []
