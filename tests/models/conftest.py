"""A store, a toy model for it, and a hub that has one."""

from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import huggingface_hub
import pytest
from huggingface_hub import constants

from lwd.models.manifest import Digest, Manifest, WheelSource
from lwd.models.store import ModelFiles, ModelStore
from tests.models.toys import DIMENSIONS, WEIGHTS, Hub, HubHandler, use_endpoint


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """A store that does not exist yet."""
    return ModelStore(tmp_path / "store")


@pytest.fixture
def install(store: ModelStore) -> Callable[..., ModelFiles]:
    """Installs a toy model."""

    def install(model: str = "toy", weights: bytes = WEIGHTS) -> ModelFiles:
        with store.installing(lambda: None) as installation:
            (installation.directory / "config.json").write_text(DIMENSIONS.to_json())
            (installation.directory / "weights.npz").write_bytes(weights)
            paths = list(installation.directory.iterdir())
            manifest = Manifest(
                model=model,
                released="2024-01-01",
                source=WheelSource(("toy==1",), "0" * 64),
                files={path.name: Digest.of(path) for path in paths},
                multilingual=False,
                alignment_heads=((1, 2), (3, 4)),
            )
            return installation.publish(manifest)

    return install


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has the toy model, in place of the real one."""
    hub = Hub()
    handler = type("Handler", (HubHandler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        use_endpoint(monkeypatch, f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
        monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
        yield hub
        huggingface_hub.close_session()
        server.shutdown()
        thread.join()
