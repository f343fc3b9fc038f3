"""The keys that are known at this moment: the configuration's, and those of a file that may change.

Knows nothing of requests. What a key allows is for others to say.
"""

import hmac
from collections.abc import Iterable
from pathlib import Path

import structlog

from lwd import metrics
from lwd.auth.keyfile import read_keys
from lwd.auth.keys import Key, fingerprint
from lwd.errors import KeysFileInvalid

log = structlog.get_logger()


class Keyring:
    """Finds keys. A file that cannot be used any more leaves the keys of before in force."""

    def __init__(self, configured: Iterable[str], file: Path | None) -> None:
        """Read the file for the first time; raises KeysFileInvalid."""
        self._configured = tuple(
            Key(id=f"auth.keys.{n}", sha256=fingerprint(secret))
            for n, secret in enumerate(configured)
        )
        self._file = file
        self._version = _version(file)
        self._listed = read_keys(file) if file else ()
        metrics.KEYS_FILE_BROKEN.set(0)

    def find(self, secret: str) -> Key | None:
        """The key, in force or not, that a client has presented."""
        given = fingerprint(secret)
        # Every key is compared, so that the time taken tells nothing.
        found = [key for key in self._keys() if hmac.compare_digest(given, key.sha256)]
        return found[0] if found else None

    def named(self, key_id: str) -> Key | None:
        """The key of that id, in force or not."""
        return next((key for key in self._keys() if key.id == key_id), None)

    def _keys(self) -> tuple[Key, ...]:
        """All keys; those of the file first, as they may be disabled or limited."""
        self.refresh()
        return *self._listed, *self._configured

    def refresh(self) -> None:
        """Read the file again if it has changed; a fault is logged, not raised."""
        version = _version(self._file)
        if self._file and version != self._version:
            self._version = version
            self._reload(self._file)

    def _reload(self, file: Path) -> None:
        try:
            self._listed = read_keys(file)
        except KeysFileInvalid as error:
            metrics.KEYS_FILE_BROKEN.set(1)
            log.error("keys_file_broken", reason=str(error))
        else:
            metrics.KEYS_FILE_BROKEN.set(0)
            log.info("keys_loaded", count=len(self._listed))


def _version(file: Path | None) -> tuple[int, ...] | None:
    """What differs after every change of the file, of its mode too; None while it is not there."""
    try:
        stat = file.stat() if file else None
    except OSError:
        return None
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) if stat else None
