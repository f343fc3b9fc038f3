"""A log on disk: whole lines, in files that do not grow beyond a bound, or that others rename.

Knows nothing of what a line says. One process writes it, from one thread at a time. The standard
library's handlers leave half a line behind when the disk is full, and cost every line twice.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path

_MODE = 0o640


class LogFile:
    """Appends lines to the file at `path`; opens it anew when it is renamed or removed."""

    def __init__(self, path: Path, max_bytes: int | None, keep: int) -> None:
        """Open the file; raises OSError.

        A line that would make it larger than `max_bytes` goes into a new one, and the old becomes
        `path.1`, that before it `path.2`, up to `keep` of them.
        """
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._open()

    def write(self, line: bytes) -> None:
        """Append all of a line, or raise OSError and append nothing of it."""
        self._follow()
        if self._max_bytes is not None and 0 < self._size > self._max_bytes - len(line):
            self._turn()
        written = os.write(self._fd, line)
        if written < len(line):
            os.ftruncate(self._fd, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def close(self) -> None:
        """Write no more."""
        os.close(self._fd)

    def _open(self) -> None:
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE)
        status = os.fstat(self._fd)
        self._size = status.st_size
        self._identity = (status.st_dev, status.st_ino)

    def _follow(self) -> None:
        """Leave a file that is no longer at the path."""
        with suppress(FileNotFoundError):
            status = self._path.stat()
            if (status.st_dev, status.st_ino) == self._identity:
                return
        self._reopen()

    def _turn(self) -> None:
        """Make room by one more old file, or by one more that is gone."""
        for n in range(self._keep - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._old(n).replace(self._old(n + 1))
        self._path.replace(self._old(1))
        self._reopen()

    def _reopen(self) -> None:
        before = self._fd
        self._open()
        os.close(before)

    def _old(self, n: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{n}")
