"""The store: whole models or none."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest

from lwd.errors import ModelCorrupt, ModelUnavailable, ModelUnreadable
from lwd.models.store import ModelFiles, ModelStore
from tests.barred import barred
from tests.models.toys import WEIGHTS

Install = Callable[..., ModelFiles]


def test_gives_what_was_installed(store: ModelStore, install: Install) -> None:
    """An installed model is listed, found and intact."""
    files = install()

    assert store.installed() == ["toy"]
    assert store.files("toy") == store.verify("toy") == files
    assert files.directory == store.root / "toy"
    assert files.weights == files.directory / "weights.npz"
    assert files.config == files.directory / "config.json"
    assert files.size == len(WEIGHTS) + files.config.stat().st_size
    assert files.identity.name == "toy-whisper"


def test_names_the_command_for_a_missing_model(store: ModelStore) -> None:
    """A model that is not there is answered with the command that gets it."""
    assert store.installed() == []
    with pytest.raises(ModelUnavailable) as raised:
        store.files("tiny.en")

    assert str(raised.value) == (
        f"model tiny.en: not in the store '{store.root}'; run: lwd models pull tiny.en"
    )


def test_names_what_is_there_instead(store: ModelStore, install: Install) -> None:
    """Who has other models need not pull one."""
    install("base")
    install("toy")

    with pytest.raises(
        ModelUnavailable,
        match=r"pull small; installed are: base, toy$",
    ):
        store.files("small")


def test_names_the_way_out_for_an_unknown_model(store: ModelStore, install: Install) -> None:
    """Where no pull can help, none is advised, and what the store has still loads."""
    with pytest.raises(ModelUnavailable) as raised:
        store.verify("smal")

    assert str(raised.value) == (
        f"model smal: not in the store '{store.root}'; not in the catalogue; did you mean small?"
    )
    assert install("smal") == store.verify("smal")


def test_finds_a_changed_byte(store: ModelStore, install: Install) -> None:
    """One wrong byte of the same length is found by `verify`, and told with both digests."""
    weights = install().weights
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)

    with pytest.raises(ModelCorrupt, match=r"model toy: weights.npz: SHA-256 \w{64} instead of"):
        store.verify("toy")


@pytest.mark.parametrize("name", ["weights.npz", "config.json"])
def test_finds_a_truncated_file(store: ModelStore, install: Install, name: str) -> None:
    """A file of another length is found without reading it."""
    path = install("tiny").directory / name
    os.truncate(path, 7)

    with pytest.raises(
        ModelCorrupt,
        match=rf"model tiny: {name}: 7 bytes instead of \d+; run: lwd models pull tiny",
    ):
        store.files("tiny")


def test_finds_a_missing_file(store: ModelStore, install: Install) -> None:
    """A file that is gone is named."""
    install("tiny").weights.unlink()

    with pytest.raises(ModelCorrupt, match=r"tiny: weights.npz: missing; run: lwd models pull"):
        store.files("tiny")


@pytest.mark.parametrize(
    ("text", "fault"), [(b"", "EOF"), (b"{}", "model: Field required"), (b"\xff", "Invalid JSON")]
)
def test_finds_a_broken_manifest(
    store: ModelStore, install: Install, text: bytes, fault: str
) -> None:
    """A manifest that cannot be read is named, with the command that mends the model."""
    (install("tiny").directory / "manifest.json").write_bytes(text)

    with pytest.raises(
        ModelCorrupt, match=rf"tiny: manifest.json: .*{fault}.*run: lwd models pull"
    ):
        store.files("tiny")


def test_finds_a_renamed_model(store: ModelStore, install: Install) -> None:
    """A directory that was renamed does not pass for another model."""
    install().directory.rename(store.root / "large-v3")

    with pytest.raises(ModelCorrupt, match=r"model large-v3: manifest.json: it describes toy"):
        store.files("large-v3")


def test_tells_of_what_it_cannot_read(store: ModelStore, install: Install) -> None:
    """What the disk does not give is damaged: it is named, with the command that replaces it."""
    weights = install("tiny").weights
    weights.unlink()
    weights.symlink_to(weights)

    with pytest.raises(ModelCorrupt, match=r"tiny: weights.npz: Too many .*; run: lwd models pull"):
        store.files("tiny")
    with pytest.raises(ModelCorrupt, match=r"toy: manifest.json: Not a directory"):
        ModelStore(store.root / "tiny" / "config.json").files("toy")


def test_tells_of_what_it_may_not_read(store: ModelStore, install: Install) -> None:
    """That is neither damaged nor away: the path is named, and who must be able to read it."""
    files = install()
    remedy = "Permission denied; run this as the user that lwd runs as, who must be able to read it"

    with barred(store.root):
        with pytest.raises(ModelUnreadable, match=rf"{store.root}: {remedy}"):
            store.installed()
        with pytest.raises(ModelUnreadable, match=rf"toy/manifest.json: {remedy}"):
            store.files("toy")
        with pytest.raises(ModelUnreadable):
            store.verify("other")
    with barred(files.directory):
        assert store.installed() == ["toy"]


def test_tells_of_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    """A store that cannot be made is named with the ways out."""
    (tmp_path / "file").touch()

    with (
        pytest.raises(ModelUnavailable, match=r"store .*/file/store: Not a directory; make room"),
        ModelStore(tmp_path / "file" / "store").installing(lambda: None),
    ):
        pytest.fail("there is nowhere to install to")


def test_replaces_a_broken_model(store: ModelStore, install: Install) -> None:
    """An install puts a whole model in the place of a broken one."""
    install().weights.write_bytes(b"broken")

    install()

    assert store.verify("toy").weights.read_bytes() == WEIGHTS
    assert [path.name for path in store.root.iterdir() if path.name != ".lock"] == ["toy"]


def test_installs_one_at_a_time(store: ModelStore) -> None:
    """A second install waits for the first, says so, and then has the store to itself."""
    waits, done = Event(), []

    def second() -> None:
        with store.installing(waits.set) as installation:
            done.append([path.name for path in installation.directory.iterdir()])

    with store.installing(lambda: None) as installation:
        (installation.directory / "half").touch()
        thread = Thread(target=second)
        thread.start()
        assert waits.wait(10)
        assert done == []
    thread.join()

    assert done == [[]]
    assert store.installed() == []


def dies_at(operation: int, root: Path, install: Callable[[], object]) -> bool:
    """Install in a child that is killed at its n-th change of the store; False if it had less."""
    child = os.fork()
    if child == 0:
        changes = count()

        def kill(event: str, arguments: tuple[object, ...]) -> None:
            changing = event in {"os.mkdir", "os.rename", "os.remove", "shutil.rmtree"}
            if (
                (changing or event == "open")
                and str(arguments[0]).startswith(str(root))
                and next(changes) == operation
            ):
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        install()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("before", [None, b"an older model"])
def test_survives_being_killed(store: ModelStore, install: Install, before: bytes | None) -> None:
    """Wherever an install is killed, a model is whole or not there, and the next one succeeds."""
    for operation in count():
        if before is not None:
            install(weights=before)
        if not dies_at(operation, store.root, install):
            break
        for model in store.installed():
            assert store.verify(model).weights.read_bytes() in {before, WEIGHTS}

        install()

        assert store.verify("toy").weights.read_bytes() == WEIGHTS
        assert {path.name for path in store.root.iterdir()} == {".lock", "toy"}
        if before is None:
            shutil.rmtree(store.root / "toy")
    assert operation > 8
