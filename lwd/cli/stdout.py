"""Standard output that nobody reads any more, or that cannot be written."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from lwd.errors import OutputUnwritable


@contextmanager
def checked_stdout(*, must_be_read: bool = False) -> Iterator[None]:
    """Raise OutputUnwritable where what is printed meanwhile cannot be; any other OSError stays.

    A reader who has gone away has seen enough: all ends quietly then, unless it `must_be_read`.
    """
    try:
        yield
    except OSError as error:
        if not _is_broken():
            raise
        _silence()
        if must_be_read or not isinstance(error, BrokenPipeError):
            raise OutputUnwritable(f"standard output: {error.strerror}") from error


def _is_broken() -> bool:
    """Whether a line's end cannot be written either: the error does not say what it is about."""
    try:
        click.echo()
    except OSError:
        return True
    return False


def _silence() -> None:
    """Forget what is still to be printed, so that Python does not stumble over it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
