"""What the store records of an installed model: where it came from and what its files hold.

Owns manifest.json. Knows neither the store's layout nor the catalogue.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

CONFIG_FILE = "config.json"
"""The model's dimensions."""

WEIGHT_FILES = ("weights.safetensors", "model.safetensors", "weights.npz")
"""Names that a model's weights may have."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Heads = tuple[tuple[int, int], ...]
"""(decoder layer, head) of each cross-attention head that follows the audio."""

_MODELS = uuid.uuid5(uuid.NAMESPACE_DNS, "models.lwd")


@dataclass(frozen=True, slots=True)
class Digest:
    """What a file must hold."""

    sha256: Sha256
    size: Annotated[int, Field(ge=0)]

    @classmethod
    def of(cls, path: Path) -> "Digest":
        """The digest of the file at `path`; raises OSError."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return cls(sha256, file.tell())


@dataclass(frozen=True, slots=True)
class HubSource:
    """A commit of a repository on the model hub."""

    repo: str
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision[:12]}"


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A model converted from installed distributions; `sha256` is that of its model.bin."""

    distributions: tuple[str, ...]
    sha256: Sha256

    def __str__(self) -> str:
        return " ".join(self.distributions)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """How Deepgram's `model_info` names a model."""

    name: str
    version: str
    uuid: uuid.UUID
    arch: str = "whisper"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of manifest.json.

    `released` is the day on which the weights were published. `alignment_heads` is None where
    nobody has published them.
    """

    schema: Literal[1] = 1
    _: KW_ONLY
    model: str
    released: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    source: HubSource | WheelSource
    files: Mapping[str, Digest]
    multilingual: bool
    alignment_heads: Heads | None

    @property
    def weights_file(self) -> str:
        """Name of the file that holds the weights; raises ValueError where there is none."""
        for name in WEIGHT_FILES:
            if name in self.files:
                return name
        raise ValueError(f"it lists none of {', '.join(WEIGHT_FILES)}")

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and UUID; the last two change with the weights, and only with them."""
        sha256 = self.files[self.weights_file].sha256
        return ModelIdentity(
            name=f"{self.model.replace('.', '-')}-whisper",
            version=f"{self.released}.{int(sha256[:4], 16)}",
            uuid=uuid.uuid5(_MODELS, sha256),
        )

    def to_json(self) -> bytes:
        """The text of manifest.json; the UUID stands in it for people to read."""
        fields = _ADAPTER.dump_python(self, mode="json")
        return _JSON.dump_json({**fields, "uuid": str(self.identity.uuid)}, indent=2) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """Read a manifest.json; raises ValueError saying what is wrong with it."""
        try:
            manifest = _ADAPTER.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(key) for key in first["loc"])
            raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from error
        if CONFIG_FILE not in manifest.files:
            raise ValueError(f"it does not list {CONFIG_FILE}")
        manifest.weights_file  # noqa: B018 - raises where there is none
        return manifest


_ADAPTER = TypeAdapter(Manifest)
_JSON = TypeAdapter(dict[str, object])
