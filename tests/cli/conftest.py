"""What the tests of every command share: running one."""

from collections.abc import Callable

import pytest

from lwd.cli import main
from tests.client.conftest import CLOSE_STREAM, Script, Serve, Start, heard, serve, start

__all__ = ["CLOSE_STREAM", "Run", "Script", "Serve", "Start", "heard", "serve", "start"]

Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    """Run `lwd` with the given arguments in this process and return its exit status."""

    def run_(*args: str) -> int:
        with pytest.raises(SystemExit) as end:
            main(args)
        assert isinstance(end.value.code, int)
        return end.value.code

    return run_
