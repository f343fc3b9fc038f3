"""The `lwd` command as a whole: what it loads, and how it ends."""

import subprocess
import sys
from types import SimpleNamespace

import click
import pytest

from lwd import __version__
from lwd.cli import COMMANDS, main
from lwd.errors import ConfigInvalid, StartError

from .conftest import Run, full_stdout, gone_reader


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Add a command `fail` that raises what is put into `error`."""
    box = SimpleNamespace(error=None)

    @click.command()
    def fail() -> None:
        raise box.error

    box.fail = fail
    monkeypatch.setitem(sys.modules, "lwd_test_command", box)
    monkeypatch.setitem(COMMANDS, "fail", ("lwd_test_command:fail", "Fail."))
    return box


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"]])
def test_help_names_every_command(
    run: Run, args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without arguments, or asked for help, lwd says what it can do."""
    assert run(*args) == 0

    shown = capsys.readouterr().out
    assert all(f"{name} " in shown and summary in shown for name, (_, summary) in COMMANDS.items())


def test_version(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`lwd --version` prints the version alone."""
    assert run("--version") == 0
    assert capsys.readouterr().out == f"lwd {__version__}\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["frobnicate"], "lwd: No such command 'frobnicate'.\n"),
        (["lisen"], "lwd: No such command 'lisen'. Did you mean 'listen'?\n"),
        (["simulate"], "lwd: Missing argument 'WAV|-'.\n"),
        (
            ["serve", "--port", "x"],
            "lwd: Invalid value for '--port': 'x' is not a valid integer.\n",
        ),
        (
            ["bench", "--most", "x"],
            "lwd: Invalid value for '--most': 'x' is not a valid whole number from 1 to 1000.\n",
        ),
        (
            ["status", "--timeout", "x"],
            "lwd: Invalid value for '--timeout': 'x' is not a valid number from 0.1 to 60.\n",
        ),
    ],
)
def test_wrong_usage_is_one_line(
    run: Run, args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line ends with one line and status 64."""
    assert run(*args) == 64
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize("kind", [k for k in StartError.__subclasses__() if k is not ConfigInvalid])
def test_start_error_is_one_line(
    run: Run, kind: type[StartError], failing: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that lwd raises on purpose ends with its message and its own status."""
    failing.error = kind("port 9000 is taken")

    assert run("fail") == kind.exit_code
    assert capsys.readouterr() == ("", "lwd: port 9000 is taken\n")


def test_config_problems_are_a_line_each(
    run: Run, failing: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each fault of a configuration is a line of its own."""
    failing.error = ConfigInvalid(["a: wrong", "b: wrong"])

    assert run("fail") == 78
    assert capsys.readouterr() == ("", "lwd: a: wrong\nlwd: b: wrong\n")


def test_interrupt_is_silent(
    run: Run, failing: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C ends with status 130 and says nothing."""
    failing.error = KeyboardInterrupt()

    assert run("fail") == 130
    shown = capsys.readouterr()
    assert (shown.out, shown.err.strip()) == ("", "")


@pytest.mark.parametrize("args", [[], ["--help"], ["check-config"], ["check-config", "--json"]])
def test_output_that_cannot_be_written_is_one_line(
    run: Run, args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A full device is no fault of lwd: status 73, and nothing more at its end."""
    with full_stdout():
        assert run(*args) == 73

    assert capsys.readouterr().err == "lwd: standard output: Bad file descriptor\n"


@pytest.mark.parametrize(
    "args", [[], ["check-config"], ["check-config", "--json"], ["models", "list"], ["serve", "-h"]]
)
def test_a_reader_who_leaves_is_no_failure(
    run: Run, args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """`lwd … | head -1` ends quietly, whatever the command."""
    with gone_reader():
        assert run(*args) == 0

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), FileNotFoundError(2, "a bug")])
def test_unexpected_error_is_not_hidden(error: Exception, failing: SimpleNamespace) -> None:
    """A fault of lwd itself keeps its traceback."""
    failing.error = error

    with pytest.raises(type(error)):
        main(["fail"])


def loaded_by(*args: str) -> set[str]:
    """Run lwd in a fresh interpreter and return the modules it has loaded by the end."""
    program = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "from lwd.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *args], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_help_loads_nothing_heavy() -> None:
    """`lwd --help` answers at once: no command's own libraries are loaded for it."""
    assert loaded_by("--help").isdisjoint({"pydantic", "aiohttp", "rich", "numpy", "mlx"})


@pytest.mark.parametrize("command", ["bench", "transcribe"])
def test_manuals_load_no_engine(command: str) -> None:
    """The manual of a command answers soon: the server and MLX are loaded only to run."""
    loaded = loaded_by(command, "--help")

    assert not {name for name in loaded if name.startswith(("lwd.server", "mlx"))}


def test_models_loads_no_server() -> None:
    """`lwd models` works where the server could not: nothing of it is loaded."""
    loaded = loaded_by("models", "--help")

    assert "lwd.cli.models" in loaded
    assert not {name for name in loaded if name.startswith(("lwd.server", "lwd.asr", "mlx"))}


def test_module_is_the_command() -> None:
    """`python -m lwd` is `lwd`."""
    done = subprocess.run(
        [sys.executable, "-m", "lwd", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"lwd {__version__}\n"
