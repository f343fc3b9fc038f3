"""`lwd check-config`."""

import json
from pathlib import Path

import pytest

from tests.barred import barred

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


def test_programs_read_json(run: Run, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every key with its value, API keys masked."""
    file.write_text("auth: {keys: [sentinel]}\nlimits: {streams: 7}\n")

    assert run("check-config", str(file), "--json") == 0

    shown = json.loads(capsys.readouterr().out)
    assert (shown["limits"]["streams"], shown["auth"]["keys"]) == (7, ["**********"])


def test_variables_are_checked_without_a_file(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who configures lwd by variables alone needs no file to check them."""
    monkeypatch.setenv("LWD_SERVER__PORT", "9001")
    assert run("check-config") == 0
    assert "  port: 9001  # LWD_SERVER__PORT\n" in capsys.readouterr().out

    monkeypatch.setenv("LWD_SERVER__PORT", "-1")
    assert run("check-config") == 78


def test_models_that_there_are_not_are_told_with_the_other_faults(
    run: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt model is a fault of the configuration, with the name that may have been meant."""
    file.write_text("model: {name: bse, also: [smal, tiny]}\nserver: {port: -1}\n")

    assert run("check-config", str(file)) == 78

    assert capsys.readouterr().err.splitlines() == [
        f"lwd: server.port ({file}): -1; expected a whole number from 0 to 65535",
        *(
            f"lwd: {key} ({file}): {value}; expected what lwd models list shows; "
            f"{stray} is not in the catalogue; did you mean {meant}?"
            for key, value, stray, meant in (
                ("model.name", "bse", "bse", "base"),
                ("model.also", "['smal', 'tiny']", "smal", "small"),
            )
        ),
    ]


def test_models_of_the_store_need_no_catalogue(run: Run, file: Path, tmp_path: Path) -> None:
    """A model that somebody made and put into the store can be configured."""
    (tmp_path / "home-made").mkdir()
    (tmp_path / "home-made" / "manifest.json").touch()
    file.write_text(f"model: {{name: home-made, store: {tmp_path}}}\n")

    assert run("check-config", str(file)) == 0


@pytest.mark.parametrize(
    ("model", "languages", "status"),
    [
        ("tiny.en", ("de", "no"), 78),
        ("distil-large-v3", ("de",), 78),
        ("tiny.en", ("en", "EN-gb", "multi", "null"), 0),
        ("base", ("de",), 0),
    ],
)
def test_language_is_one_that_the_model_knows(
    run: Run, file: Path, model: str, languages: tuple[str, ...], status: int
) -> None:
    """An English model with another language is told before an engine is started for it."""
    for language in languages:
        file.write_text(f"model: {{name: {model}, language: {language}}}\n")

        assert run("check-config", str(file)) == status


def test_a_keys_file_that_cannot_be_used_is_told(
    run: Run, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What would keep the server from starting is told before, with what to do."""
    keys = tmp_path / "keys.json"
    file.write_text(f"auth: {{keys_file: {keys}}}\n")

    assert run("check-config", str(file)) == 78
    told = capsys.readouterr().err
    assert told.startswith(f"lwd: auth.keys_file ({file}): ")
    assert told.endswith(
        f"expected a keys file that can be used; {keys}: not there; put it back, or begin anew with lwd keys add\n"
    )

    assert run("keys", "add", "desk", "--config", str(file)) == 0
    assert run("check-config", str(file)) == 0


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


def test_a_model_in_a_store_without_access_may_be_there(
    run: Run, file: Path, tmp_path: Path
) -> None:
    """Whoever checks a configuration need not be the user who reads the models."""
    store = tmp_path / "store"
    store.mkdir()
    file.write_text(f"model: {{name: home-made, store: {store}}}\n")
    assert run("check-config", str(file)) == 78
    file.chmod(0o644)

    with barred(store):
        assert run("check-config", str(file)) == 0
