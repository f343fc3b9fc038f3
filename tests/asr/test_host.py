"""What an engine needs of the machine, and what is said where it is not there."""

from pathlib import Path

import pytest

from lwd.asr.host import make_kernel_directory
from lwd.errors import EngineUnavailable
from tests.barred import barred


def test_kernels_are_private(tmp_path: Path) -> None:
    """Another user who could write there could plant code; it may be there already."""
    kernels = tmp_path / "a" / "kernels"

    make_kernel_directory(kernels)
    make_kernel_directory(kernels)

    assert kernels.stat().st_mode & 0o777 == 0o700


def test_the_directory_in_the_way_is_named(tmp_path: Path) -> None:
    """A home directory alone is no remedy where there is one that cannot be written."""
    home = tmp_path / "home"
    home.mkdir()

    with (
        barred(home),
        pytest.raises(EngineUnavailable, match=rf"Permission denied; .* write to {home}, or"),
    ):
        make_kernel_directory(home / ".cache" / "lwd" / "kernels")
