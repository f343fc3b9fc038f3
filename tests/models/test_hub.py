"""Pulling a model from the hub."""

import errno
import hashlib
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants

from lwd.errors import ModelCorrupt, ModelUnavailable, ModelUnreadable
from lwd.models.catalogue import Entry, find
from lwd.models.embedded import Wheel
from lwd.models.manifest import HubSource
from lwd.models.pins import RemoteFile
from lwd.models.pull import pull
from lwd.models.store import ModelFiles, ModelStore
from tests.models.toys import DIMENSIONS, REPO, REVISION, WEIGHTS, Hub, use_endpoint

Pull = Callable[[Entry], ModelFiles]


@pytest.fixture
def said() -> list[str]:
    """What the operator was told."""
    return []


@pytest.fixture
def run(store: ModelStore, said: list[str]) -> Pull:
    """Pulls an entry into the store."""
    return lambda entry: pull(store, entry, report=said.append, progress=lambda *_: None)


def assert_clean(store: ModelStore) -> None:
    """Nothing but the lock and models is in the store."""
    assert [path.name for path in store.root.glob(".*")] == [".lock"]


def test_installs_what_is_pinned(hub: Hub, run: Pull, store: ModelStore) -> None:
    """A pull leaves the model in the store as the pin describes it."""
    files = run(hub.entry())

    assert files == store.verify("toy")
    assert files.weights.read_bytes() == WEIGHTS
    assert files.config.read_text() == DIMENSIONS.to_json()
    assert files.manifest.source == HubSource(REPO, REVISION)
    assert files.alignment_heads == ((1, 2),)
    assert not files.manifest.multilingual
    assert_clean(store)


def test_reports_progress(hub: Hub, store: ModelStore) -> None:
    """The progress of a file ends at its size."""
    shown: list[tuple[str, int, int]] = []

    pull(store, hub.entry(), report=print, progress=lambda *step: shown.append(step))

    assert shown[-1] == ("weights.npz", len(WEIGHTS), len(WEIGHTS))


def test_goes_on_after_a_cut(hub: Hub, run: Pull, store: ModelStore) -> None:
    """A connection that breaks is taken up again where it broke, in the same pull."""
    hub.cuts = [300_000, 700_000]

    run(hub.entry())

    assert store.verify("toy").weights.read_bytes() == WEIGHTS
    assert hub.ranges == [None, "bytes=300000-", "bytes=700000-"]


def test_goes_on_in_the_next_pull(hub: Hub, run: Pull, store: ModelStore) -> None:
    """What a failed pull had downloaded is not downloaded again by the next."""
    hub.cuts = [300_000]
    hub.fails_after_cut = True
    with pytest.raises(ModelUnavailable, match="status 503; run the same command again"):
        run(hub.entry())
    assert store.installed() == []
    hub.fails_after_cut = False

    run(hub.entry())

    assert store.verify("toy").weights.read_bytes() == WEIGHTS
    assert hub.ranges[-1] == "bytes=300000-"
    assert_clean(store)


def test_refuses_other_bytes_than_promised(hub: Hub, run: Pull, store: ModelStore) -> None:
    """Bytes without the pinned SHA-256 never become a model, and are not kept either."""
    hub.corrupted["weights.npz"] = WEIGHTS[:-1] + b"\0"
    wrong = hashlib.sha256(hub.corrupted["weights.npz"]).hexdigest()
    right = hashlib.sha256(WEIGHTS).hexdigest()

    with pytest.raises(ModelCorrupt, match=rf"weights.npz has SHA-256 {wrong} instead of {right}"):
        run(hub.entry())

    assert store.installed() == []
    assert_clean(store)
    hub.corrupted.clear()
    run(hub.entry())
    assert store.verify("toy").weights.read_bytes() == WEIGHTS


def test_refuses_a_hub_that_offers_another_file(hub: Hub, run: Pull) -> None:
    """A hub that announces another SHA-256 than the pinned one is not downloaded from."""
    hub.files["weights.npz"] = b"other"

    with pytest.raises(ModelCorrupt, match="nothing was installed"):
        run(hub.entry())

    assert hub.downloads == []


def test_refuses_a_config_that_is_not_whispers(hub: Hub, run: Pull, store: ModelStore) -> None:
    """A repository whose config.json has another form does not become a model."""
    hub.files["config.json"] = b'{"num_mel_bins": 80}'

    with pytest.raises(ModelCorrupt, match=r"config.json of someone/toy: n_mels is None"):
        run(hub.entry())

    assert store.installed() == []


def test_pins_on_this_machine_what_lwd_does_not(hub: Hub, run: Pull, said: list[str]) -> None:
    """A model without a pin is taken as the hub has it now, and the operator is told so."""
    files = run(hub.entry(pinned=False))

    assert files.manifest.source == HubSource(REPO, REVISION)
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    told = "toy: not pinned by this release of lwd; pinned on this machine to"
    assert f"{told} revision {REVISION}" in said
    assert f"{told} SHA-256 {sha256}" in said


def test_tells_what_it_replaces(hub: Hub, run: Pull, store: ModelStore, said: list[str]) -> None:
    """A pull that mends says what is wrong, and does not advise to pull."""
    run(hub.entry())
    (store.root / "toy" / "weights.npz").write_bytes(b"broken")
    said.clear()

    run(hub.entry())

    assert said[0] == (
        f"replacing what is there: model toy: weights.npz: 6 bytes instead of {len(WEIGHTS)}"
    )


def test_holds_to_what_it_pinned(hub: Hub, run: Pull, store: ModelStore) -> None:
    """After the hub moved on, a broken model is restored from the recorded revision."""
    run(hub.entry(pinned=False))
    hub.main = "b2" * 20
    hub.revisions[hub.main] = {**hub.files, "weights.npz": b"newer"}
    (store.root / "toy" / "weights.npz").write_bytes(b"broken")

    run(hub.entry(pinned=False))

    assert store.verify("toy").weights.read_bytes() == WEIGHTS
    assert hub.downloads[-1] == f"{REVISION}/weights.npz"


def test_follows_the_catalogue(hub: Hub, run: Pull, store: ModelStore, said: list[str]) -> None:
    """A release of lwd that pins another revision replaces the installed one."""
    run(hub.entry())
    newer = "b2" * 20
    hub.revisions[newer] = {**hub.files, "weights.npz": b"newer"}
    entry = hub.entry()
    weights = RemoteFile("weights.npz", 5, hashlib.sha256(b"newer").hexdigest())

    run(replace(entry, pin=replace(entry.pin, revision=newer, weights=weights)))

    assert store.verify("toy").weights.read_bytes() == b"newer"
    assert "toy: replacing another revision" in said


def test_leaves_an_intact_model_alone(hub: Hub, run: Pull, said: list[str]) -> None:
    """A second pull downloads nothing."""
    run(hub.entry())
    hub.downloads.clear()

    run(hub.entry())

    assert hub.downloads == []
    assert said[-1] == "toy: already installed"


def test_keeps_the_old_model_when_a_pull_fails(hub: Hub, run: Pull, store: ModelStore) -> None:
    """A pull that cannot finish leaves what was installed before."""
    run(hub.entry())
    entry = hub.entry()

    with pytest.raises(ModelUnavailable):
        run(replace(entry, pin=replace(entry.pin, revision="b2" * 20)))

    assert store.verify("toy").weights.read_bytes() == WEIGHTS


def test_names_what_the_hub_does_not_have(hub: Hub, run: Pull) -> None:
    """A missing repository, revision or file is named with what to do about it."""
    entry = hub.entry()
    pin = entry.pin

    with pytest.raises(ModelUnavailable, match=r"someone/other@.*does not have it; pull another"):
        run(replace(entry, pin=replace(pin, repo="someone/other")))
    with pytest.raises(ModelUnavailable, match=r"someone/toy@b2b2b2b2b2b2: .*does not have it"):
        run(replace(entry, pin=replace(pin, revision="b2" * 20)))
    with pytest.raises(ModelUnavailable, match=r"the hub has no model.safetensors in it"):
        run(replace(entry, pin=replace(pin, weights=RemoteFile("model.safetensors"))))


def test_tells_that_there_is_no_network(
    hub: Hub, run: Pull, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a connection the error says so, and where to read how to do without."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        use_endpoint(monkeypatch, f"http://127.0.0.1:{unused.getsockname()[1]}")

        with pytest.raises(
            ModelUnavailable, match=r"no connection to the hub http.*docs/models.md"
        ):
            run(hub.entry())

    assert store.installed() == []


def test_names_the_packages_where_there_are_some(
    hub: Hub, store: ModelStore, run: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a connection, a model that comes in Python packages too is led to them."""
    absent = Wheel(("no-such-distribution==1",), ("model.bin",), "0" * 64)
    carried = replace(find("tiny.en"), family=replace(hub.entry().family, wheel=absent))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        use_endpoint(monkeypatch, f"http://127.0.0.1:{unused.getsockname()[1]}")

        with pytest.raises(ModelUnavailable, match=r"from Python packages: make models$"):
            run(carried)

    assert store.installed() == []


@pytest.mark.parametrize("page", [b"<html>Log in</html>", b"{}", b"[]"])
def test_tells_of_a_login_page(hub: Hub, run: Pull, page: bytes) -> None:
    """A network that answers everything with a page of its own is told from a hub."""
    hub.portal = page

    with pytest.raises(ModelUnavailable, match=r"is no model hub; check HF_ENDPOINT"):
        run(hub.entry())


def test_honours_offline_mode(hub: Hub, run: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_HUB_OFFLINE keeps a pull from the network, and is named."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(ModelUnavailable, match="HF_HUB_OFFLINE"):
        run(hub.entry())


def test_tells_that_the_disk_is_full(
    hub: Hub, run: Pull, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is named with the store and what to do."""

    def no_room(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr("lwd.models.hub._CountedFile.write", no_room)

    with pytest.raises(ModelUnavailable) as raised:
        run(hub.entry())

    assert str(raised.value).startswith(f"store {store.root}: {os.strerror(errno.ENOSPC)}; make")
    assert store.installed() == []


def test_replaces_nothing_that_it_may_not_read(
    hub: Hub, run: Pull, install: Callable[..., ModelFiles], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model may be intact for those who may read it."""
    install()

    def deny(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_bytes", deny)
    with pytest.raises(ModelUnreadable, match=r"toy/manifest.json: Permission denied"):
        run(hub.entry())

    assert hub.downloads == []
