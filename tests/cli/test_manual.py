"""What all commands have in common: their help, their JSON, their place in the documentation."""

import json
import re
import shlex
from pathlib import Path

import pytest

from lwd.cli.exits import EXITS
from tests.cli.manual import commands, options, page

from .conftest import Run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
COMMANDS = commands()

every_command = pytest.mark.parametrize("name", COMMANDS)


@every_command
def test_help_is_a_manual_page(name: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command tells how it is called, what it does, by an example, and how it ends."""
    assert run(*name.split(), "--help") == 0

    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: lwd {name} ")
    heads = [line for line in shown.splitlines() if line.endswith(":") and line[0] != " "]
    assert heads[:3] == ["Options:", "Examples:", "Exit status:"]
    assert f"$ lwd {name}" in shown
    assert re.search(r"^  64 +the command line is wrong$", shown, re.MULTILINE)


@every_command
def test_every_command_speaks_json(name: str) -> None:
    """A program can read what any command answers."""
    assert any("--json" in option.opts for option in options(COMMANDS[name]))


@every_command
def test_every_option_is_explained(name: str) -> None:
    """No option is without a line of help."""
    assert all(
        option.help and option.help.endswith((".", ")")) for option in options(COMMANDS[name])
    )


@every_command
def test_examples_can_be_typed(name: str) -> None:
    """Each example names the command, and its options are there and take what they are given."""
    command = COMMANDS[name]
    for line in command.examples:
        shell = shlex.shlex(line, posix=True, punctuation_chars="|&;()<>")
        shell.whitespace_split = True
        words = list(shell)
        if "make" in words:
            continue
        start = words.index("lwd", words.index("|") if words[0] == "ffmpeg" else 0)
        mine = words[start + 1 :]
        end = next((n for n, word in enumerate(mine) if word in "|>;)"), len(mine))
        given = mine[len(name.split()) : end]

        assert mine[: len(name.split())] == name.split(), line
        assert command.make_context(name, given) is not None, line


@every_command
def test_statuses_are_known(name: str) -> None:
    """A command ends in no way that the table of all does not have."""
    assert COMMANDS[name].exits.keys() <= EXITS.keys()


def test_documentation_is_complete() -> None:
    """docs/cli.md has every command as its help has it, and no other."""
    _, heading, documented = PAGE.read_text().partition("\n## Commands\n\n")

    assert heading
    assert documented == page()


def test_the_page_begins_with_a_table_of_all() -> None:
    """Each command is in the table at the top, with a link to its manual."""
    for name in COMMANDS:
        anchor = f"lwd-{name}".replace(" ", "-")
        assert f"| [`lwd {name}`](#{anchor}) |" in PAGE.read_text()


def test_help_ends_with_every_status(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`lwd --help` has the statuses of all commands at its end."""
    assert run("--help") == 0

    listed = capsys.readouterr().out.partition("Exit status:\n")[2]
    assert [int(line.split()[0]) for line in listed.splitlines() if line[2:3].isdigit()] == list(
        EXITS
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_for_lwd(shell: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Each shell gets a script that asks lwd what may follow."""
    assert run("completion", shell) == 0
    assert f"_LWD_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_completion_without_a_shell_names_them(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, as every refusal is."""
    assert run("completion") == 64
    assert (
        capsys.readouterr().err == "lwd: Missing argument 'SHELL'. Choose from: bash, zsh, fish\n"
    )


def test_completion_knows_commands_options_files_and_models(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a shell asks while one types is answered."""
    for typed, expected in (
        ("lwd tra", "plain,transcribe"),
        ("lwd transcribe --form", "plain,--format"),
        ("lwd listen sp", "file,sp"),
        ("lwd transcribe a.wav sp", "file,sp"),
        ("lwd transcribe a.wav --output sp", "file,sp"),
        ("lwd simulate sp", "file,sp"),
        ("lwd collect sp", "file,sp"),
        ("lwd collect a.wav --output sp", "dir,sp"),
        ("lwd serve --model tin", "plain,tiny.en"),
        ("lwd transcribe --model tin", "plain,tiny.en"),
        ("lwd models pull base tin", "plain,tiny.en"),
        ("lwd listen --model tin", "plain,tiny.en"),
        ("lwd models list --store sp", "dir,sp"),
        ("lwd serve --log-level de", "plain,debug"),
    ):
        assert expected in completed(run, typed, capsys), typed


def test_completion_knows_what_is_installed(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """No model can be verified but those of the store; a fault is for the command to tell."""
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "manifest.json").touch()
    verify = f"lwd models verify --store {tmp_path} t"

    assert completed(run, verify, capsys) == ["plain,tiny"]
    assert completed(run, verify.replace("--store", "--config"), capsys) == []


def test_completion_knows_the_ids_of_keys(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Those of the file that is named, by itself or in the configuration."""
    file, config = tmp_path / "keys.json", tmp_path / "lwd.yaml"
    config.write_text(f"auth: {{keys_file: {file}}}\n")
    assert run("keys", "add", "desk", "--json", "--file", str(file)) == 0
    key_id = json.loads(capsys.readouterr().out)["id"]

    for command in ("disable", "enable", "rotate"):
        for option in (f"--file {file}", f"--config {config}"):
            typed = f"lwd keys {command} {option} {key_id[:3]}"
            assert completed(run, typed, capsys) == [f"plain,{key_id}"]
    assert completed(run, f"lwd keys disable --file {tmp_path}/none {key_id[:3]}", capsys) == []


def completed(run: Run, typed: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What bash is told that the last word of a line may become."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("_LWD_COMPLETE", "bash_complete")
        environment.setenv("COMP_WORDS", typed)
        environment.setenv("COMP_CWORD", str(len(typed.split()) - 1))
        assert run() == 0
    return capsys.readouterr().out.split()
