"""The directory that holds the models, one subdirectory for each.

Owns its layout, its checks and how a model gets into it: written beside the others under a hidden
name, then renamed, so that a model is either whole or not there. Knows nothing of where models
come from, and asks the catalogue for nothing but remedies: any model may be in the store.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lwd.errors import ModelCorrupt, ModelUnavailable, ModelUnreadable
from lwd.models.catalogue import CATALOGUE, remedy
from lwd.models.manifest import CONFIG_FILE, Digest, Heads, Manifest, ModelIdentity

MANIFEST_FILE = "manifest.json"
"""What `lwd` knows of the model beside it."""

_LOCK = ".lock"
_STAGING = ".staging"
_DISCARDED = ".discarded"
_PARTIAL = ".partial-"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """An installed model. `directory` holds config.json and the weights, as the engine reads it."""

    directory: Path
    manifest: Manifest

    @property
    def config(self) -> Path:
        """The model's dimensions, in the form of lightning-whisper-mlx."""
        return self.directory / CONFIG_FILE

    @property
    def weights(self) -> Path:
        """The weights under MLX's names, .npz or .safetensors."""
        return self.directory / self.manifest.weights_file

    @property
    def alignment_heads(self) -> Heads | None:
        """(layer, head) of the heads that follow the audio, or None where none are published."""
        return self.manifest.alignment_heads

    @property
    def alignment_lag_ms(self) -> int:
        """How far those heads lag behind the audio; 0 where nobody has measured it."""
        entry = CATALOGUE.get(self.manifest.model)
        return entry.family.alignment_lag_ms if entry else 0

    @property
    def identity(self) -> ModelIdentity:
        """How Deepgram's `model_info` names the model."""
        return self.manifest.identity

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(digest.size for digest in self.manifest.files.values())


class ModelStore:
    """The models under `root`, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def installed(self) -> list[str]:
        """Ids of the models that are there, intact or not, in order; raises ModelUnreadable."""
        try:
            directories = [path for path in self.root.iterdir() if not path.name.startswith(".")]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self.root, error) from error
        return sorted(path.name for path in directories if _is_there(path / MANIFEST_FILE))

    def files(self, model: str) -> ModelFiles:
        """The model's files, each of them there and of the right size.

        Raises ModelUnavailable (ModelUnreadable where this user has no access) or ModelCorrupt,
        with what mends it after a semicolon.
        """
        found = ModelFiles(self.root / model, self.manifest(model))
        for name, digest in found.manifest.files.items():
            size = _read(model, found.directory / name, os.path.getsize)
            if size != digest.size:
                raise _corrupt(model, name, f"{size} bytes instead of {digest.size}")
        return found

    def verify(self, model: str) -> ModelFiles:
        """Like `files`, after reading every byte: about a second for each GB."""
        found = self.files(model)
        for name, digest in found.manifest.files.items():
            sha256 = _read(model, found.directory / name, Digest.of).sha256
            if sha256 != digest.sha256:
                raise _corrupt(model, name, f"SHA-256 {sha256} instead of {digest.sha256}")
        return found

    @contextmanager
    def installing(self, on_wait: Callable[[], None]) -> Iterator["Installation"]:
        """Have the store to oneself; `on_wait` is called if another install must end first.

        Raises ModelUnavailable where the store cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with (self.root / _LOCK).open("wb") as lock:
                _acquire(lock.fileno(), on_wait)
                installation = Installation(self.root)
                installation.sweep()
                installation.directory.mkdir()
                try:
                    yield installation
                finally:
                    installation.sweep()
        except OSError as error:
            if error.errno is None:
                raise
            raise ModelUnavailable(
                f"store {self.root}: {os.strerror(error.errno)}; make room or give access to it, "
                f"or choose another directory by model.store or --store"
            ) from error

    def manifest(self, model: str) -> Manifest:
        """What is recorded of the model, whatever state its files are in; raises as `files`."""
        path = self.root / model / MANIFEST_FILE
        try:
            manifest = Manifest.from_json(path.read_bytes())
        except FileNotFoundError as error:
            others = ", ".join(self.installed())
            instead = f"; installed are: {others}" if others else ""
            raise ModelUnavailable(
                f"model {model}: not in the store '{self.root}'; {remedy(model)}{instead}"
            ) from error
        except PermissionError as error:
            raise _unreadable(path, error) from error
        except OSError as error:
            raise _corrupt(model, MANIFEST_FILE, str(error.strerror)) from error
        except ValueError as error:
            raise _corrupt(model, MANIFEST_FILE, str(error)) from error
        if manifest.model != model:
            raise _corrupt(model, MANIFEST_FILE, f"it describes {manifest.model}")
        return manifest


@dataclass(frozen=True, slots=True)
class Installation:
    """The right to change the store, until the context that gave it ends."""

    root: Path

    @property
    def directory(self) -> Path:
        """An empty directory to write a model's files into."""
        return self.root / _STAGING

    def partial(self, sha256: str) -> Path:
        """Where to download the file of that digest, so that a later install can go on with it."""
        return self.root / f"{_PARTIAL}{sha256}"

    def publish(self, manifest: Manifest) -> ModelFiles:
        """Make what is in `directory` the model that `manifest` describes, replacing an older."""
        target = self.root / manifest.model
        (self.directory / MANIFEST_FILE).write_bytes(manifest.to_json())
        for path in (*self.directory.iterdir(), self.directory):
            _fsync(path)
        if target.exists():
            target.rename(self.root / _DISCARDED)
        self.directory.rename(target)
        _fsync(self.root)
        for path in self.root.glob(f"{_PARTIAL}*"):
            path.unlink()
        return ModelFiles(target, manifest)

    def sweep(self) -> None:
        """Remove what an install that was killed left behind, but for unfinished downloads."""
        for name in (_STAGING, _DISCARDED):
            shutil.rmtree(self.root / name, ignore_errors=True)


def _acquire(fd: int, on_wait: Callable[[], None]) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(fd, fcntl.LOCK_EX)


def _fsync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _is_there(path: Path) -> bool:
    """Whether it is; what this user may not look at is taken to be there."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _read(model: str, path: Path, read: Callable[[Path], _T]) -> _T:
    try:
        return read(path)
    except FileNotFoundError as error:
        raise _corrupt(model, path.name, "missing") from error
    except PermissionError as error:
        raise _unreadable(path, error) from error
    except OSError as error:
        raise _corrupt(model, path.name, str(error.strerror)) from error


def _unreadable(path: Path, error: OSError) -> ModelUnreadable:
    return ModelUnreadable(
        f"{path}: {error.strerror}; run this as the user that lwd runs as, who must be able to read"
        " it and to enter every directory above it"
    )


def _corrupt(model: str, name: str, fault: str) -> ModelCorrupt:
    return ModelCorrupt(f"model {model}: {name}: {fault}; {remedy(model)}")
