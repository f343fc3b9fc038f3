"""What is recorded of a model."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from lwd.models.dimensions import Dimensions
from lwd.models.manifest import Digest, HubSource, Manifest, ModelIdentity, WheelSource
from tests.models.toys import DIMENSIONS, REPO, REVISION

MANIFEST = Manifest(
    model="medium.en",
    released="2022-09-21",
    source=HubSource(REPO, REVISION),
    files={"config.json": Digest("c" * 64, 262), "weights.npz": Digest("d" * 64, 5)},
    multilingual=False,
    alignment_heads=((11, 4), (14, 1)),
)


@pytest.mark.parametrize(
    "manifest",
    [
        MANIFEST,
        replace(MANIFEST, alignment_heads=None),
        replace(MANIFEST, source=WheelSource(("one==1", "two==2"), "e" * 64)),
    ],
)
def test_reads_what_it_writes(manifest: Manifest) -> None:
    """A manifest.json says what was recorded, whatever the source."""
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_names_the_model_as_deepgram_does() -> None:
    """The identity has Deepgram's style, and its UUID stands in manifest.json."""
    identity = MANIFEST.identity

    assert identity == ModelIdentity(
        name="medium-en-whisper",
        version="2022-09-21.56797",
        uuid=UUID("d8fbf0ee-8c67-59f6-8748-93c90e22e6ef"),
        arch="whisper",
    )
    assert json.loads(MANIFEST.to_json())["uuid"] == str(identity.uuid)


def test_identity_follows_the_weights() -> None:
    """Other weights have another version and UUID; another config or source has not."""
    files = {**MANIFEST.files, "weights.npz": Digest("a" * 64, 5)}
    moved = replace(MANIFEST, source=HubSource(REPO, "f" * 40))

    assert moved.identity == MANIFEST.identity
    assert replace(MANIFEST, files=files).identity.uuid != MANIFEST.identity.uuid
    assert replace(MANIFEST, files=files).identity.version != MANIFEST.identity.version


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"schema": 2}, "schema: "),
        ({"released": "soon"}, "released: "),
        ({"files": {"config.json": {"sha256": "c" * 64, "size": 1}}}, "it lists none of"),
        ({"files": {"weights.npz": {"sha256": "c" * 64, "size": 1}}}, "it does not list config"),
        ({"files": {"weights.npz": {"sha256": "C", "size": 1}}}, "files.weights.npz.sha256: "),
    ],
)
def test_says_what_is_wrong_with_a_manifest(change: dict[str, object], fault: str) -> None:
    """A manifest that is not as this release writes it names the field."""
    text = json.dumps({**json.loads(MANIFEST.to_json()), **change})

    with pytest.raises(ValueError, match=fault):
        Manifest.from_json(text.encode())


def test_reads_a_config_with_other_keys() -> None:
    """The config.json of a quantised model of mlx-community is understood."""
    config = {**json.loads(DIMENSIONS.to_json()), "quantization": {"bits": 4}, "model_type": "w"}

    assert Dimensions.from_json(json.dumps(config).encode()) == DIMENSIONS
    assert not DIMENSIONS.multilingual
    assert replace(DIMENSIONS, n_vocab=51865).multilingual


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"[]", "it holds no object"),
        (b"{}", "n_mels is None"),
        (DIMENSIONS.to_json().replace("1500", "true").encode(), "n_audio_ctx is True"),
        (DIMENSIONS.to_json().replace("1500", "0").encode(), "n_audio_ctx is 0"),
        (b"{", "Expecting"),
    ],
)
def test_refuses_a_config_without_dimensions(text: bytes, fault: str) -> None:
    """A config.json that is not Whisper's says which key is wrong."""
    with pytest.raises(ValueError, match=fault):
        Dimensions.from_json(text)
