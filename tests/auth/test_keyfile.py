"""The keys file on the disk."""

import os
import threading
from pathlib import Path

import pytest

from lwd.auth.keyfile import read_keys, update_keys
from lwd.auth.keys import Key, fingerprint
from lwd.errors import KeysFileInvalid, UsageError


def key(key_id: str) -> Key:
    """A key of that id."""
    return Key(id=key_id, sha256=fingerprint(key_id))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one key."""
    path = tmp_path / "keys.json"
    update_keys(path, lambda keys: (*keys, key("one")))
    return path


def test_the_file_is_made_for_its_owner_alone(file: Path) -> None:
    """Mode 0600 from the first byte on, and nothing is left beside it."""
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_keys(file) == (key("one"),)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_file_that_others_reach_is_refused(file: Path, mode: int) -> None:
    """Hashes of keys and who has them are nobody else's business."""
    file.chmod(mode)

    with pytest.raises(KeysFileInvalid, match="chmod 600"):
        read_keys(file)


def test_a_file_that_is_not_there_has_a_remedy(tmp_path: Path) -> None:
    """The command that makes it is named."""
    with pytest.raises(
        KeysFileInvalid,
        match=r"keys\.json: not there; put it back, or begin anew with lwd keys add",
    ):
        read_keys(tmp_path / "keys.json")
    with pytest.raises(KeysFileInvalid, match="Is a directory"):
        read_keys(tmp_path)
    with pytest.raises(KeysFileInvalid, match=r"none/keys\.json: .*/none is not there; make it"):
        update_keys(tmp_path / "none" / "keys.json", lambda keys: keys)


def test_a_change_that_fails_changes_nothing(file: Path) -> None:
    """Neither an error of the change nor keys that could not be read again reach the file."""
    before = file.read_bytes()

    def refuse(_: tuple[Key, ...]) -> tuple[Key, ...]:
        raise UsageError("no")

    with pytest.raises(UsageError):
        update_keys(file, refuse)
    with pytest.raises(KeysFileInvalid, match=r"keys\.1\.id: another key has it too"):
        update_keys(file, lambda keys: keys * 2)
    with pytest.raises(KeysFileInvalid, match=r"keys\.0\.streams"):
        update_keys(file, lambda _: (Key(id="a", sha256=fingerprint("a"), streams=0),))

    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_writers_wait_for_each_other(file: Path) -> None:
    """Of keys that are added at once, none is lost."""
    threads = [
        threading.Thread(target=update_keys, args=(file, lambda keys, n=n: (*keys, key(f"k{n}"))))
        for n in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {key.id for key in read_keys(file)} == {"one", *(f"k{n}" for n in range(8))}


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    """The file that it leads to is replaced."""
    link = tmp_path / "link.json"
    link.symlink_to(file)

    update_keys(link, lambda keys: (*keys, key("two")))

    assert link.is_symlink()
    assert read_keys(file) == (key("one"), key("two"))


def test_the_owner_stays_the_owner(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that root edits stays readable to the user that lwd runs as."""
    owner = file.stat()
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: owner.st_uid + 1)
    monkeypatch.setattr(os, "fchown", lambda _, user, group: given.append((user, group)))

    update_keys(file, lambda keys: (*keys, key("two")))

    assert given == [(owner.st_uid, owner.st_gid)]


def test_a_missing_file_is_named_with_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path alone does not tell where it was looked for."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(KeysFileInvalid, match=f"^{tmp_path}/keys.json: not there"):
        read_keys(Path("keys.json"))
