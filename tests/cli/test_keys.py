"""`lwd keys`, as an operator runs it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lwd.auth.keyfile import read_keys, update_keys
from lwd.auth.keyring import Keyring
from lwd.auth.keys import format_keys

from .conftest import Run, full_stdout, gone_reader

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The keys file of the configuration, which is not there yet."""
    path = tmp_path / "keys.json"
    monkeypatch.setenv("LWD_AUTH__KEYS_FILE", str(path))
    return path


def said(capsys: Capture) -> str:
    """What was printed, without the line's end."""
    return capsys.readouterr().out.removesuffix("\n")


def listed(run: Run, capsys: Capture) -> list[dict[str, Any]]:
    """What `list --json` says."""
    assert run("keys", "list", "--json") == 0
    rows: list[dict[str, Any]] = json.loads(said(capsys))
    return rows


def test_a_key_is_made_and_shown_once(run: Run, file: Path, capsys: Capture) -> None:
    """The key alone stands on stdout, opens the door, and is nowhere in the file or the list."""
    assert run("keys", "add", "front desk", "--streams", "4", "--handshakes-per-minute", "60") == 0

    shown = capsys.readouterr()
    key = shown.out.removesuffix("\n")
    assert re.fullmatch("[0-9a-f]{40}", key)
    [entry] = listed(run, capsys)
    assert entry["id"] in shown.err
    assert (entry["label"], entry["state"]) == ("front desk", "enabled")
    assert (entry["streams"], entry["handshakes_per_minute"]) == (4, 60)
    assert key not in file.read_text() + str(entry) + shown.err
    found = Keyring([], file).find(key)
    assert found
    assert found.id == entry["id"]


def test_a_new_file_is_told_of(run: Run, file: Path, capsys: Capture) -> None:
    """Whoever lost the old one locks its clients out by it; whoever adds to one hears nothing."""
    assert run("keys", "add", "front desk") == 0
    assert f"{file} is new: no other key is in it" in capsys.readouterr().err

    assert run("keys", "add", "back desk") == 0
    assert "is new" not in capsys.readouterr().err


def test_a_key_has_an_end(run: Run, file: Path, capsys: Capture) -> None:
    """A day or a moment, in UTC; what has passed is shown as expired."""
    assert run("keys", "add", "guest", "--expires", "2999-01-31") == 0
    assert run("keys", "add", "guest", "--expires", "2999-01-31T12:00:00Z") == 0

    first, second = read_keys(file)
    assert first.expires == datetime(2999, 1, 31, tzinfo=UTC)
    assert second.expires == datetime(2999, 1, 31, 12, tzinfo=UTC)
    ended = replace(first, expires=datetime(2020, 1, 31, tzinfo=UTC))
    update_keys(file, lambda _: (ended, second))
    capsys.readouterr()
    shown = listed(run, capsys)
    assert [entry["state"] for entry in shown] == ["expired", "enabled"]
    assert [entry["expires"] for entry in shown] == ["2020-01-31T00:00:00Z", "2999-01-31T12:00:00Z"]


def test_the_list_is_lines_for_other_programs(run: Run, capsys: Capture) -> None:
    """Off a terminal: a line for each key under one of names, separated by tabs."""
    run("keys", "add", "front desk", "--streams", "4")
    capsys.readouterr()

    assert run("keys", "list") == 0

    head, line = [line.split("\t") for line in said(capsys).splitlines()]
    assert head == ["Id", "State", "Label", "Streams", "Handshakes/min", "Created", "Expires"]
    assert line[1:5] == ["enabled", "front desk", "4", "-"]


def test_a_disabled_key_stays_in_the_list(run: Run, file: Path, capsys: Capture) -> None:
    """The others stay as they are."""
    run("keys", "add", "one")
    run("keys", "add", "two")
    capsys.readouterr()
    one, two = (entry["id"] for entry in listed(run, capsys))

    assert run("keys", "disable", one) == 0

    assert said(capsys) == f"{one}: disabled"
    states = {entry["id"]: entry["state"] for entry in listed(run, capsys)}
    assert states == {one: "disabled", two: "enabled"}
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_rotated_key_keeps_all_but_itself(run: Run, file: Path, capsys: Capture) -> None:
    """The new one has the id and the limits of the old one, which is refused from then on."""
    run("keys", "add", "desk", "--streams", "2")
    old = said(capsys)
    [before] = listed(run, capsys)

    assert run("keys", "rotate", before["id"]) == 0

    new = said(capsys)
    assert re.fullmatch("[0-9a-f]{40}", new)
    assert listed(run, capsys) == [before]
    keyring = Keyring([], file)
    assert keyring.find(old) is None
    found = keyring.find(new)
    assert found
    assert (found.id, found.streams, found.generation) == (before["id"], 2, 1)


def test_a_disabled_key_can_be_enabled(run: Run, file: Path, capsys: Capture) -> None:
    """It opens the door again; one that has expired does not, and is told as such."""
    run("keys", "add", "desk")
    key = said(capsys)
    [entry] = listed(run, capsys)
    run("keys", "disable", entry["id"])
    capsys.readouterr()

    assert run("keys", "enable", entry["id"]) == 0

    assert said(capsys) == f"{entry['id']}: enabled"
    found = Keyring([], file).find(key)
    assert found
    assert found.state(datetime.now(UTC)) == "enabled"
    update_keys(file, lambda keys: (replace(keys[0], expires=datetime(2020, 1, 31, tzinfo=UTC)),))
    assert run("keys", "enable", entry["id"]) == 0
    assert said(capsys) == f"{entry['id']}: expired"


def test_no_key_is_made_that_opens_nothing(run: Run, file: Path, capsys: Capture) -> None:
    """One that is disabled or has expired is not rotated, and the remedy is named."""
    run("keys", "add", "desk")
    [key] = read_keys(file)
    capsys.readouterr()
    for changed, remedy in (
        (replace(key, disabled=True), f"lwd keys enable {key.id}"),
        (replace(key, expires=datetime(2020, 1, 31, tzinfo=UTC)), "lwd keys add"),
    ):
        before = format_keys((changed,))
        file.write_bytes(before)

        assert run("keys", "rotate", key.id) == 64

        shown = capsys.readouterr()
        assert (shown.out, remedy in shown.err) == ("", True)
        assert file.read_bytes() == before


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_key_that_nobody_saw_is_not_kept(run: Run, file: Path, options: tuple[str, ...]) -> None:
    """Where it cannot be printed, nothing is added, and the old one is not replaced."""
    run("keys", "add", "desk")
    [key] = before = read_keys(file)

    for unread in (full_stdout, gone_reader):
        with unread():
            assert run("keys", "add", "other", *options) == 73
        with unread():
            assert run("keys", "rotate", key.id, *options) == 73

    assert read_keys(file) == before
    assert list(file.parent.iterdir()) == [file]


def test_answers_are_json_where_asked(run: Run, capsys: Capture) -> None:
    """Each command that changes a key tells what it is now; the new key stands beside."""
    assert run("keys", "add", "desk", "--json") == 0
    added = json.loads(said(capsys))
    key = added.pop("key")
    assert re.fullmatch("[0-9a-f]{40}", key)
    assert listed(run, capsys) == [added]

    assert run("keys", "rotate", added["id"], "--json") == 0
    rotated = json.loads(said(capsys))
    assert rotated.pop("key") != key
    assert rotated == added

    assert run("keys", "disable", added["id"], "--json") == 0
    assert json.loads(said(capsys)) == {**added, "state": "disabled"}


def test_the_file_can_be_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself, or by the configuration that names it."""
    monkeypatch.delenv("LWD_AUTH__KEYS_FILE")
    config, named, direct = (tmp_path / name for name in ("lwd.yaml", "named.json", "direct.json"))
    config.write_text(f"auth: {{keys_file: {named}}}\n")

    assert run("keys", "add", "one", "--config", str(config)) == 0
    assert run("keys", "add", "two", "--file", str(direct), "--config", str(config)) == 0

    assert [key.label for key in read_keys(named)] == ["one"]
    assert [key.label for key in read_keys(direct)] == ["two"]


def test_without_a_file_there_is_a_remedy(
    run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no file is configured, the command says how to name one."""
    monkeypatch.delenv("LWD_AUTH__KEYS_FILE")

    assert run("keys", "list") == 64
    assert "--file, or by auth.keys_file" in capsys.readouterr().err


def test_what_cannot_be_is_refused(run: Run, file: Path, capsys: Capture) -> None:
    """An unknown id, a limit out of bounds, no file: one line each, and nothing is changed."""
    assert run("keys", "list") == 78
    assert run("keys", "disable", "nobody") == 78
    assert run("keys", "rotate", "nobody") == 78
    assert run("keys", "add", "desk", "--streams", "0") == 64
    assert run("keys", "add", "desk", "--handshakes-per-minute", "10001") == 64
    assert run("keys", "add", "desk", "--expires", "soon") == 64
    assert run("keys", "add", "desk", "--expires", "2020-01-31") == 64
    assert run("keys", "add", " ") == 64
    assert run("keys", "add", "\udcff") == 78

    told = capsys.readouterr().err.splitlines()
    wanted = (
        *("not there; put it back, or begin anew with lwd keys add",) * 3,
        "'--streams'",
        "'--handshakes-per-minute'",
        "soon; expected 2027-01-31 or 2027-01-31T12:00:00Z",
        "--expires 2020-01-31T00:00:00Z: is past",
        "LABEL is empty",
        "not changed: ",
    )
    for line, words in zip(told, wanted, strict=True):
        assert words in line
    assert not file.exists()


def test_an_unknown_id_is_refused(run: Run, file: Path, capsys: Capture) -> None:
    """With the command that shows those that there are."""
    run("keys", "add", "desk")
    before = file.read_bytes()

    for command in ("disable", "enable", "rotate"):
        assert run("keys", command, "nobody") == 64
        assert "nobody: no key in" in capsys.readouterr().err.splitlines()[-1]
    assert file.read_bytes() == before
