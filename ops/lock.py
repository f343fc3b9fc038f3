"""Hash-pinned requirement files: `make lock` compiles them, `make check` proves them fresh offline.

Owns ops/requirements: a file for each platform and set of requirements. None holds an address, so
pip asks the index that its machine is set up for. Knows nothing of lwd's code: it reads
pyproject.toml and runs uv.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / "ops" / "requirements"

# Extras whose requirements require others; those with weights need nothing that lwd would load.
CLOSED_EXTRAS = ("mic", "collect")

# The oldest Python that lwd supports, so that every later one finds wheels of the same versions.
PYTHON = "3.11"
# uv assumes an older macOS, for which it would silently lock an older mlx.
ENVIRONMENT = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}


@dataclass(frozen=True, slots=True)
class Platform:
    """A kind of machine: its name here, uv's name for it, and what requirement markers see."""

    name: str
    uv_name: str
    markers: dict[str, str]


LINUX = Platform(
    "linux-x86_64",
    "x86_64-manylinux_2_35",
    {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": PYTHON},
)
MACOS = Platform(
    "macos-arm64",
    "aarch64-apple-darwin",
    {"sys_platform": "darwin", "platform_machine": "arm64", "python_version": PYTHON},
)


@dataclass(frozen=True, slots=True)
class Lock:
    """What one requirement file pins.

    A lock with a `base` adds to it. A `closed` one also pins what its requirements require, and a
    `whole` one leaves nothing out that the settings exclude.
    """

    name: str
    platform: Platform
    requirements: tuple[str, ...]
    settings: dict[str, Any]
    base: "Lock | None" = None
    closed: bool = False
    whole: bool = False

    @property
    def path(self) -> Path:
        """The requirement file."""
        return DIRECTORY / self.platform.name / f"{self.name}.txt"

    @property
    def options(self) -> list[str]:
        """What uv is told, but for paths."""
        return [
            f"--python-platform={self.platform.uv_name}",
            f"--python-version={PYTHON}",
            "--only-binary=:all:",
            "--generate-hashes",
            "--no-header",
            *([] if self.closed else ["--no-deps"]),
            *(
                ["--no-config", f"--exclude-newer={self.settings.get('exclude-newer')}"]
                * self.whole
            ),
        ]

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides the pins, save what the index offers on the day."""
        base = self.base.digest if self.base else None
        inputs = [self.requirements, self.settings, self.options, ENVIRONMENT, base]
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    @property
    def header(self) -> str:
        """The lines above the pins."""
        lines = [
            f"# {self.name} on {self.platform.name}: written by `make lock`, do not edit.",
            f"# inputs sha256:{self.digest}",
            *([f"-r {self.base.path.name}"] if self.base else []),
        ]
        return "\n".join(lines) + "\n"


def locks(pyproject: dict[str, Any]) -> Iterator[Lock]:
    """Yield every lock of the project; a base comes before the lock that adds to it."""
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    settings = pyproject["tool"]["uv"]
    extras = project["optional-dependencies"]
    weights = {name: extras[name] for name in extras if name not in CLOSED_EXTRAS}
    unclosed = {"build": pyproject["build-system"]["requires"], **weights}
    for platform, sets in (
        (LINUX, unclosed | {name: groups[name] for name in ("openblas", "ops")}),
        (MACOS, unclosed),
    ):
        runtime = Lock("runtime", platform, tuple(project["dependencies"]), settings, closed=True)
        development = (*groups["dev"], *groups["test"])
        yield runtime
        yield Lock("dev", platform, development, settings, base=runtime, closed=True)
        bench = tuple(groups["bench"])
        yield Lock("bench", platform, bench, settings, base=runtime, closed=True, whole=True)
        for name in CLOSED_EXTRAS:
            yield Lock(name, platform, tuple(extras[name]), settings, base=runtime, closed=True)
        console = tuple(groups["console"])
        yield Lock("console", platform, console, settings, base=runtime, closed=True)
        for name, requirements in sets.items():
            yield Lock(name, platform, tuple(requirements), settings)


def read_pins(text: str) -> dict[str, str]:
    """Return the version that a requirement file pins of each package.

    Raises ValueError for a line that is neither a pin with hashes nor an include.
    """
    pins: dict[str, str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        words = line.partition("#")[0].split()
        if not words or words[0] == "-r":
            continue
        name, _, version = words[0].partition("==")
        hashes = words[1:]
        if not (version and hashes and all(word.startswith("--hash=sha256:") for word in hashes)):
            raise ValueError(f"{words[0]} is not a pin with hashes")
        pins[canonicalize_name(name)] = version
    return pins


def problems(lock: Lock) -> Iterator[str]:
    """Yield what is wrong with a lock's file as it stands."""
    try:
        text = lock.path.read_text()
        base = read_pins(lock.base.path.read_text()) if lock.base else {}
        pins = base | read_pins(text)
    except (OSError, ValueError) as error:
        yield str(error)
        return
    if not text.startswith(lock.header):
        yield "does not fit the requirements in pyproject.toml"
    if "://" in text:
        yield "holds an address"
    yield from unmet(lock, pins)
    if "mlx-cpu" in pins and pins["mlx-cpu"] != pins.get("mlx"):
        yield f"mlx-cpu is {pins['mlx-cpu']}, but mlx is {pins.get('mlx')}"


def unmet(lock: Lock, pins: dict[str, str]) -> Iterator[str]:
    """Yield the lock's requirements that apply to its platform and that no pin meets."""
    for requirement in map(Requirement, lock.requirements):
        if requirement.marker and not requirement.marker.evaluate(dict(lock.platform.markers)):
            continue
        version = pins.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            yield f"{requirement} is not met: {version or 'no version'} is pinned"


def compile_pins(lock: Lock, *, upgrade: bool) -> str:
    """Resolve a lock with uv, from the file as it stands unless told to upgrade."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / lock.path.name
        if lock.path.exists() and not upgrade:
            output.write_text(without_header(lock.path.read_text()))
        subprocess.run(
            [
                *(sys.executable, "-m", "uv", "pip", "compile", "-", "--quiet"),
                *lock.options,
                *without_base(lock),
                f"--output-file={output}",
            ],
            input="\n".join(lock.requirements),
            env=os.environ | ENVIRONMENT,
            cwd=ROOT,
            check=True,
            text=True,
        )
        pins, _, _ = output.read_text().partition("\n# The following packages were excluded")
        return pins.replace("-r -", "lwd")


def without_header(text: str) -> str:
    """Return the pins of a lock's file, whatever header it was written with."""
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(("#", "-r"))
    )


def without_base(lock: Lock) -> Iterator[str]:
    """Yield the options that keep uv to the pins of the lock's base, and leave them out."""
    if lock.base:
        yield f"--constraint={lock.base.path}"
        for name in read_pins(lock.base.path.read_text()):
            yield f"--no-emit-package={name}"


def write(wanted: list[Lock], *, upgrade: bool) -> None:
    """Write every lock's file that changes: make installs again what is newer than its stamp."""
    for lock in wanted:
        text = lock.header + compile_pins(lock, upgrade=upgrade)
        if not lock.path.exists() or lock.path.read_text() != text:
            lock.path.parent.mkdir(parents=True, exist_ok=True)
            lock.path.write_text(text)
            print(f"{lock.path.relative_to(DIRECTORY)}: {len(read_pins(text))} packages")


def check(wanted: list[Lock]) -> bool:
    """Print what is wrong with any lock's file; return whether all is well."""
    found = [
        f"{lock.path.relative_to(DIRECTORY)}: {problem}"
        for lock in wanted
        for problem in problems(lock)
    ]
    if found:
        print(*found, "Run `make lock`.", sep="\n", file=sys.stderr)
    return not found


def main() -> int:
    """Compile or check the locks, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true", help="check the files, offline")
    modes.add_argument("--upgrade", action="store_true", help="pin the newest versions")
    arguments = parser.parse_args()
    wanted = list(locks(tomllib.loads((ROOT / "pyproject.toml").read_text())))
    if arguments.check:
        return 0 if check(wanted) else 1
    try:
        write(wanted, upgrade=arguments.upgrade)
    except subprocess.CalledProcessError as error:
        return int(error.returncode)  # uv has said why
    return 0


if __name__ == "__main__":
    sys.exit(main())
