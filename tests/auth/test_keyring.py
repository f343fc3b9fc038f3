"""Which keys are known while the daemon runs."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from lwd import metrics
from lwd.auth.keyfile import update_keys
from lwd.auth.keyring import Keyring
from lwd.auth.keys import Key, fingerprint
from lwd.errors import KeysFileInvalid


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the key `listed`."""
    path = tmp_path / "keys.json"
    add(path, "listed")
    return path


def add(path: Path, secret: str) -> None:
    """Add a key to the file, its id the secret."""
    update_keys(path, lambda keys: (*keys, Key(id=secret, sha256=fingerprint(secret))))


def known(keyring: Keyring, *secrets: str) -> list[bool]:
    """Which of the secrets are keys."""
    return [keyring.find(secret) is not None for secret in secrets]


def broken() -> float | None:
    """The metric of a file that cannot be used."""
    return metrics.REGISTRY.get_sample_value("lwd_keys_file_broken")


def test_keys_come_from_both_places(file: Path) -> None:
    """Those of the configuration are named by their place there, never by a part of them."""
    keyring = Keyring(["first", "second"], file)

    assert known(keyring, "first", "second", "listed", "other", "") == [
        True,
        True,
        True,
        False,
        False,
    ]
    found = keyring.find("second")
    assert found == keyring.named("auth.keys.1")
    assert found is not None
    assert (found.streams, found.handshakes_per_minute, found.expires) == (None, None, None)


def test_a_limit_of_the_file_holds_for_a_configured_key(file: Path) -> None:
    """A key in both places can be disabled in the file."""
    update_keys(file, lambda _: (Key(id="a", sha256=fingerprint("both"), disabled=True),))

    found = Keyring(["both"], file).find("both")

    assert found is not None
    assert found.disabled


def test_a_changed_file_is_read_again(file: Path) -> None:
    """A key that is added opens the next stream, and one that is removed none."""
    keyring = Keyring([], file)
    add(file, "new")

    with capture_logs() as logs:
        assert known(keyring, "listed", "new") == [True, True]
    assert [(line["event"], line["count"]) for line in logs] == [("keys_loaded", 2)]

    update_keys(file, lambda keys: keys[1:])
    assert known(keyring, "listed", "new") == [False, True]


def test_an_unchanged_file_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handshakes do not read and parse the file each time."""
    keyring = Keyring([], file)
    monkeypatch.setattr("lwd.auth.keyring.read_keys", lambda _: pytest.fail("read again"))

    assert known(keyring, "listed", "new") == [True, False]


@pytest.mark.parametrize("fault", ["text", "mode", "gone"])
def test_a_broken_file_leaves_the_keys_of_before(file: Path, fault: str) -> None:
    """One error names the fault, the metric stays up until the file is right again."""
    keyring = Keyring([], file)
    whole = file.read_bytes()
    if fault == "text":
        file.write_bytes(whole[:-9])
    elif fault == "mode":
        file.chmod(0o644)
    else:
        file.unlink()

    with capture_logs() as logs:
        assert known(keyring, "listed", "new") == [True, False]
        assert known(keyring, "listed", "new") == [True, False]
    [line] = logs
    assert (line["event"], line["log_level"]) == ("keys_file_broken", "error")
    assert line["reason"].startswith(f"{file}: ")
    assert broken() == 1

    file.unlink(missing_ok=True)
    add(file, "new")
    assert known(keyring, "listed", "new") == [False, True]
    assert broken() == 0


def test_a_broken_file_at_the_start_is_refused(file: Path) -> None:
    """There are no keys of before, so there is nothing to go on with."""
    os.truncate(file, 3)

    with pytest.raises(KeysFileInvalid, match="Invalid JSON"):
        Keyring(["another"], file)


def test_a_file_that_is_right_at_a_reload_is_not_broken(file: Path) -> None:
    """The new keyring has read it, though the one before never looked again."""
    keyring = Keyring([], file)
    file.chmod(0o644)
    keyring.refresh()
    assert broken() == 1

    file.chmod(0o600)
    Keyring([], file)
    assert broken() == 0
