"""The file that lists API keys: read whole, and replaced whole by one writer at a time.

Owns its permissions and its durability; what it says is keys.py's.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lwd.auth.keys import Key, format_keys, parse_keys
from lwd.errors import KeysFileInvalid

_OTHERS = 0o077


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys in the file; raises KeysFileInvalid where others have access or it is wrong."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except FileNotFoundError as error:
        raise KeysFileInvalid(
            f"{path.absolute()}: not there; put it back, or begin anew with lwd keys add"
        ) from error
    except OSError as error:
        raise _inaccessible(path, error) from error
    if mode & _OTHERS:
        raise KeysFileInvalid(f"{path}: others than its owner have access to it; chmod 600 it")
    try:
        return parse_keys(text)
    except ValueError as error:
        raise KeysFileInvalid(f"{path}: {error}; correct it") from error


def update_keys(
    path: Path,
    change: Callable[[tuple[Key, ...]], tuple[Key, ...]],
    tell: Callable[[], None] = lambda: None,
) -> None:
    """Replace the file by one with what `change` makes of its keys; at first there are none.

    `tell` is called when nothing is left to do but to put the new file in its place. Nothing is
    changed where either raises. Raises KeysFileInvalid.
    """
    target = path.resolve()
    try:
        with _locked(target.parent) as directory:
            _replace(target, change(read_keys(target) if target.exists() else ()), tell)
            os.fsync(directory)
    except FileNotFoundError as error:
        raise KeysFileInvalid(
            f"{path}: {target.parent} is not there; make it, as the user that lwd runs as"
        ) from error
    except PermissionError as error:
        raise KeysFileInvalid(
            f"{path}: {target.parent}: {error.strerror}; a new file is written there, so run this as"
            " who may"
        ) from error
    except OSError as error:
        raise _inaccessible(path, error) from error
    except ValueError as error:
        raise KeysFileInvalid(f"{path}: not changed: {error}; give another value") from error


def _inaccessible(path: Path, error: OSError) -> KeysFileInvalid:
    return KeysFileInvalid(f"{path}: {error.strerror}; give the user that lwd runs as access to it")


@contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """The directory's descriptor, once no other writer has it."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _replace(path: Path, keys: tuple[Key, ...], tell: Callable[[], None]) -> None:
    text = format_keys(keys)
    # mkstemp gives mode 0600.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            # Else a file that root edits would be lost to the daemon's user.
            if path.exists() and (owner := path.stat()).st_uid != os.geteuid():
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        tell()
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
