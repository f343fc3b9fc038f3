"""The requirement files, and the check that tells when they no longer fit pyproject.toml."""

import copy
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import lock
import pytest

HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture
def pyproject() -> dict[str, Any]:
    """The project's tables, free to be changed."""
    return tomllib.loads((lock.ROOT / "pyproject.toml").read_text())


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory in place of ops/requirements."""
    monkeypatch.setattr(lock, "DIRECTORY", tmp_path)
    return tmp_path


def small_lock(platform: lock.Platform = lock.LINUX) -> lock.Lock:
    """A lock of MLX alone."""
    requirements = ("mlx==0.32.4", "mlx-cpu==0.32.4 ; sys_platform == 'linux'")
    return lock.Lock("runtime", platform, requirements, settings={}, closed=True)


def problems_of(wanted: lock.Lock, pins: str) -> list[str]:
    """What the check finds when the lock's file holds these pins."""
    wanted.path.parent.mkdir(exist_ok=True)
    wanted.path.write_text(wanted.header + pins)
    return list(lock.problems(wanted))


def test_committed_locks_are_fresh(pyproject: dict[str, Any]) -> None:
    """The committed requirement files fit pyproject.toml, on every platform."""
    assert {
        wanted.path.name: found
        for wanted in lock.locks(pyproject)
        if (found := list(lock.problems(wanted)))
    } == {}


def test_no_requirement_file_is_left_over(pyproject: dict[str, Any]) -> None:
    """Every file in ops/requirements is one that `make lock` writes."""
    assert sorted(lock.DIRECTORY.glob("*/*")) == sorted(
        wanted.path for wanted in lock.locks(pyproject)
    )


def test_every_platform_has_the_same_sets_but_for_two(pyproject: dict[str, Any]) -> None:
    """A set of requirements can be installed on either platform; only Linux needs OpenBLAS, and tries Caddy."""
    names = {
        platform.name: {
            wanted.name for wanted in lock.locks(pyproject) if wanted.platform is platform
        }
        for platform in (lock.LINUX, lock.MACOS)
    }

    extras = {"tiny-en", "base", "mic", "collect"}
    assert names["macos-arm64"] == {"runtime", "dev", "bench", "console", "build"} | extras
    assert names["linux-x86_64"] == names["macos-arm64"] | {"openblas", "ops"}


@pytest.mark.parametrize("package", ["torch", "numba", "scipy", "more-itertools"])
def test_what_no_import_needs_is_not_locked(package: str, pyproject: dict[str, Any]) -> None:
    """Nobody downloads what lightning-whisper-mlx asks for and lwd never imports.

    Only the benchmark runs its transcriber, and pins what that imports.
    """
    for wanted in lock.locks(pyproject):
        if wanted.name == "bench" and package != "torch":
            continue
        assert package not in lock.read_pins(wanted.path.read_text())


def test_added_requirement_makes_locks_stale(pyproject: dict[str, Any]) -> None:
    """A requirement added without `make lock` is noticed, in the lock and in what adds to it."""
    pyproject["project"]["dependencies"].append("left-pad>=1")

    stale = {wanted.name for wanted in lock.locks(pyproject) if list(lock.problems(wanted))}

    assert stale == {"runtime", "dev", "bench", "console", "mic", "collect"}


def test_raised_requirement_is_not_met(pyproject: dict[str, Any]) -> None:
    """A requirement raised beyond what is pinned is named with the version that is pinned."""
    pyproject["dependency-groups"]["test"] = ["pytest>=999"]
    (wanted,) = (one for one in lock.locks(pyproject) if one.path.match("macos-arm64/dev.txt"))

    pinned = lock.read_pins(wanted.path.read_text())["pytest"]

    assert list(lock.problems(wanted)) == [
        "does not fit the requirements in pyproject.toml",
        f"pytest>=999 is not met: {pinned} is pinned",
    ]


@pytest.mark.parametrize("key", ["exclude-dependencies", "override-dependencies", "exclude-newer"])
def test_changed_resolution_makes_locks_stale(key: str, pyproject: dict[str, Any]) -> None:
    """A changed override is noticed, although the requirements themselves are the same."""
    changed = copy.deepcopy(pyproject)
    del changed["tool"]["uv"][key]

    digests = [{wanted.digest for wanted in lock.locks(tables)} for tables in (pyproject, changed)]

    assert digests[0].isdisjoint(digests[1])


def test_missing_file_is_noticed(directory: Path) -> None:
    """A lock that was never compiled is a problem, not a crash."""
    (found,) = lock.problems(small_lock())

    assert str(directory / "linux-x86_64" / "runtime.txt") in found


@pytest.mark.usefixtures("directory")
def test_edited_header_is_noticed() -> None:
    """A file whose digest was written for other inputs is stale, whatever it pins."""
    wanted = small_lock()
    pins = f"mlx==0.32.4 {HASH}\nmlx-cpu==0.32.4 {HASH}\n"
    assert problems_of(wanted, pins) == []

    changed = replace(wanted, settings={"exclude-newer": "1 day"})

    assert list(lock.problems(changed)) == ["does not fit the requirements in pyproject.toml"]


@pytest.mark.usefixtures("directory")
def test_mlx_and_its_cpu_library_must_be_of_one_version() -> None:
    """An mlx-cpu of another version than mlx's, which would not import, is noticed."""
    found = problems_of(small_lock(), f"mlx==0.32.4 {HASH}\nmlx-cpu==0.32.3 {HASH}\n")

    assert "mlx-cpu is 0.32.3, but mlx is 0.32.4" in found


@pytest.mark.usefixtures("directory")
def test_markers_are_read_for_the_locked_platform() -> None:
    """What only Linux needs is missed in Linux's lock, and not in the Mac's."""
    pins = f"mlx==0.32.4 {HASH}\n"

    assert problems_of(small_lock(lock.MACOS), pins) == []
    (found,) = problems_of(small_lock(lock.LINUX), pins)
    assert found.endswith("is not met: no version is pinned")


@pytest.mark.usefixtures("directory")
def test_address_in_a_comment_is_noticed() -> None:
    """A lock names no index, not even in passing."""
    pins = f"# from https://example.org/simple\nmlx==0.32.4 {HASH}\n"

    assert problems_of(small_lock(lock.MACOS), pins) == ["holds an address"]


@pytest.mark.parametrize(
    "line",
    [
        "mlx==0.32.4",
        "mlx>=0.32.4 " + HASH,
        "mlx==0.32.4 --hash=md5:0",
        "mlx @ https://example.org/mlx.whl " + HASH,
        "--index-url https://example.org/simple",
        "--find-links wheels",
        "-e .",
    ],
)
def test_only_hashed_pins_are_accepted(line: str) -> None:
    """A line that could install what was not locked is an error."""
    with pytest.raises(ValueError, match="not a pin with hashes"):
        lock.read_pins(f"aiohttp==3.14.5 \\\n    {HASH}\n{line}\n")


def test_pins_are_read_whatever_their_spelling() -> None:
    """Continuation lines, comments and unusual spellings of a name do not matter."""
    text = f"# dev\n-r runtime.txt\nPy_YAML==6.0.3 \\\n    {HASH} \\\n    {HASH}\n    # via lwd\n"

    assert lock.read_pins(text) == {"py-yaml": "6.0.3"}


@pytest.mark.usefixtures("directory")
def test_check_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed check ends with the remedy, and with an exit status that stops make."""
    monkeypatch.setattr(sys, "argv", ["lock.py", "--check"])

    assert lock.main() == 1
    assert capsys.readouterr().err.endswith("Run `make lock`.\n")


FAKE_UV = f"""
import pathlib, sys
options = dict(word.split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
output = pathlib.Path(options["--output-file"])
kept = output.read_text() if output.exists() else ""
pathlib.Path("{{seen}}").write_text("\\n".join([sys.stdin.read(), *sys.argv, kept]))
output.write_text(\"\"\"pytest==9.2.0 \\\\
    {HASH}
    # via -r -

# The following packages were excluded from the output:
# mlx
\"\"\")
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for uv that pins pytest; the file tells what it was given."""
    path = tmp_path / "seen"
    (tmp_path / "uv.py").write_text(FAKE_UV.format(seen=path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return path


def development_lock() -> lock.Lock:
    """A lock that adds pytest to MLX, with its base compiled."""
    base = small_lock(lock.MACOS)
    base.path.parent.mkdir(exist_ok=True)
    base.path.write_text(f"{base.header}mlx==0.32.4 {HASH}\n")
    return lock.Lock("dev", lock.MACOS, ("pytest>=9",), {}, base=base, closed=True)


@pytest.mark.usefixtures("directory", "seen")
def test_written_lock_is_fresh() -> None:
    """What `make lock` writes is what `make check` accepts, and it includes its base."""
    wanted = development_lock()

    lock.write([wanted], upgrade=False)

    assert list(lock.problems(wanted)) == []
    assert wanted.path.read_text().splitlines()[2:] == [
        "-r runtime.txt",
        "pytest==9.2.0 \\",
        f"    {HASH}",
        "    # via lwd",
    ]


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("upgrade", [False, True])
def test_pins_stay_unless_upgraded(seen: Path, *, upgrade: bool) -> None:
    """`make lock` starts from the versions it pinned before; `make lock-upgrade` forgets them."""
    wanted = development_lock()
    wanted.path.write_text(f"# another header\n-r runtime.txt\npytest==9.1.0 {HASH}\n")

    lock.write([wanted], upgrade=upgrade)

    given = seen.read_text()
    assert given.startswith("pytest>=9\n")
    assert "--no-emit-package=mlx" in given
    assert ("pytest==9.1.0" in given) is not upgrade
    assert "-r runtime.txt" not in given


@pytest.mark.usefixtures("directory")
def test_what_does_not_resolve_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When uv finds no versions that fit, its status is make's, and no file changes."""
    (tmp_path / "uv.py").write_text("raise SystemExit(2)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["lock.py"])

    assert lock.main() == 2
    assert list(tmp_path.glob("*/*.txt")) == []
