"""What the tests of every command share: running one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

import pytest

from lwd.cli import main
from tests.client.conftest import CLOSE_STREAM, Script, Serve, Start, heard, serve, start

__all__ = [
    "CLOSE_STREAM",
    "Run",
    "Script",
    "Serve",
    "Start",
    "full_stdout",
    "gone_reader",
    "heard",
    "serve",
    "start",
]

Run = Callable[..., int]


@contextmanager
def full_stdout() -> Iterator[None]:
    """Let standard output take nothing, as that of a full device."""
    with os.fdopen(os.open(os.devnull, os.O_RDONLY), "w") as file, redirect_stdout(file):
        yield


@contextmanager
def gone_reader() -> Iterator[None]:
    """Let standard output be a pipe whose reader has gone away."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as file, redirect_stdout(file):
        yield


@pytest.fixture
def run() -> Run:
    """Run `lwd` with the given arguments in this process and return its exit status."""

    def run_(*args: str) -> int:
        with pytest.raises(SystemExit) as end:
            main(args)
        assert isinstance(end.value.code, int)
        return end.value.code

    return run_
