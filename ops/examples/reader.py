"""A reader who does what a page says: saves its files, types its commands, and has lwd running.

Knows shells and directories; what is worth running is decided by who calls. The reader's machine is
a throw-away directory: a home with the models in it, and a checkout, which is links to the real one.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import click

from examples.blocks import Block
from lwd.cli import lwd
from lwd.cli.options import DEFAULT_URL

ROOT = Path(__file__).resolve().parent.parent.parent

_TIMEOUT_S = 300.0
_MOST_UNHEARD = 0.25
_FILE = re.compile(r"\bFILE\b")
_READY = '"event": "ready"'
_STOPPED = '"event": "stopped"'
_KEY_ID = "desk"
_CONFIG = "model: {name: tiny.en}\nauth: {keys_file: keys.json}\n"
_KEYS = f'{{"keys": [{{"id": "{_KEY_ID}", "sha256": "{"0" * 64}"}}]}}\n'


class ExampleFailed(Exception):
    """A command of a page ended badly; its text is the command and all that it printed."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running lwd without keys: host and port of its two listeners."""

    address: str
    ops: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody at `directory`, who finds `server` running and has models in `store`.

    `speech` is a WAV file in which `spoken` is said. What is in `path` is found before all else.
    """

    directory: Path
    server: Server
    store: Path
    speech: Path
    spoken: str
    path: Sequence[Path] = ()

    def settle(self) -> None:
        """Make the reader's machine: home, checkout and configuration."""
        checkout, home = self._checkout, self.directory / "home"
        (home / ".cache" / "lwd").mkdir(parents=True)
        (home / ".cache" / "lwd" / "models").symlink_to(self.store)
        # Compiling MLX's kernels anew would take a daemon a minute.
        kernels = Path.home() / ".cache" / "lwd" / "kernels"
        kernels.mkdir(parents=True, exist_ok=True)
        (home / ".cache" / "lwd" / "kernels").symlink_to(kernels)
        checkout.mkdir()
        for path in ROOT.iterdir():
            if not path.name.startswith("."):
                (checkout / path.name).symlink_to(path)
        self._link_environment(checkout / ".venv")
        (checkout / "lwd.yaml").write_text(_CONFIG)
        (checkout / "keys.json").write_text(_KEYS)
        (checkout / "keys.json").chmod(0o600)

    def save(self, block: Block) -> None:
        """Save a block under its name; raises ExampleFailed where that is a file of lwd's."""
        path = self._checkout / block.file
        if path.resolve().is_relative_to(ROOT):
            raise ExampleFailed(f"{block.file} would overwrite one of lwd's own files")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.meant(block.text))

    def type(self, block: Block) -> None:
        """Run commands; a daemon that they start is stopped with Ctrl-C once it is ready.

        Raises ExampleFailed when they end badly, or are given speech and do not print its words.
        """
        with self._shell(block) as process:
            output = "".join(_until_stopped(process))
        if process.returncode and _STOPPED not in output:
            raise ExampleFailed(f"{block.text}ended with {process.returncode}:\n{output}")
        if _FILE.search(block.text) and not self.is_heard(output):
            raise ExampleFailed(f"{block.text}printed other words than were spoken:\n{output}")

    @contextmanager
    def leave_running(self, block: Block) -> Iterator[None]:
        """Run commands that do not end by themselves."""
        with self._shell(block) as process:
            try:
                yield
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    def is_heard(self, text: str) -> bool:
        """Whether a text has the words that are spoken, but for a few."""
        spoken = set(self.spoken.split())
        unheard = spoken - set(re.findall(r"[a-z]+", text.lower()))
        return len(unheard) <= _MOST_UNHEARD * len(spoken)

    def meant(self, text: str) -> str:
        """A text with what stands for something replaced by it, such as FILE."""
        for pattern, value in self._meanings().items():
            text = re.sub(pattern, value, text)
        return text

    @property
    def _checkout(self) -> Path:
        return self.directory / "checkout"

    @property
    def _bin(self) -> Path:
        return self._checkout / ".venv" / "bin"

    def _meanings(self) -> dict[str, str]:
        url = f"ws://{self.server.address}"
        return {
            rf"\blwd ({'|'.join(_asking())})\b": rf"lwd \1 --url {url}",
            r"\b(127\.0\.0\.1|localhost):9000\b": self.server.address,
            r"\b127\.0\.0\.1:8081\b": self.server.ops,
            r"/usr/local/etc/lwd/": "",
            _FILE.pattern: str(self.speech),
            r"\bID\b": _KEY_ID,
        }

    def _link_environment(self, directory: Path) -> None:
        """Link this Python's environment, with newer stamps: what is there is not installed again."""
        directory.mkdir()
        now = time.time()
        for path in Path(sys.prefix).iterdir():
            if path.is_file() and path.name.startswith("."):
                (directory / path.name).touch()
                os.utime(directory / path.name, (now, now))
            else:
                (directory / path.name).symlink_to(path)

    def _shell(self, block: Block) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", self.meant(block.text)],  # noqa: S607 - a reader's own
            cwd=self._checkout,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        # What an outer make hands down, and an operator's own settings, are not a reader's.
        own = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "LWD_"))}
        return {
            **own,
            "PATH": os.pathsep.join(map(str, [*self.path, self._bin, os.environ["PATH"]])),
            "HOME": str(self.directory / "home"),
            "LWD_SERVER__PORT": "0",
            "LWD_OPS__LISTEN": "127.0.0.1:0",
            "LWD_LOG__FORMAT": "json",
            # One engine starts sooner than one for each core.
            "LWD_MODEL__REPLICAS": "1",
            # Its library is older than the stamps, as it should be.
            "MAKEFLAGS": "OPENBLAS=",
        }


def _asking() -> Iterator[str]:
    """The commands of lwd that ask a running one, which is at DEFAULT_URL unless they are told."""
    context = click.Context(lwd)
    for name in lwd.list_commands(context):
        command = lwd.get_command(context, name)
        if command and any(option.default == DEFAULT_URL for option in command.params):
            yield name


def _until_stopped(process: subprocess.Popen[str]) -> Iterator[str]:
    """The lines that a process prints; it is interrupted once a daemon in it is ready."""
    patience = Timer(_TIMEOUT_S, _ending(process, signal.SIGKILL))
    patience.start()
    try:
        for line in process.stdout or ():
            yield line
            if _READY in line:
                _ending(process, signal.SIGINT)()
        process.wait()
    finally:
        patience.cancel()


def _ending(process: subprocess.Popen[str], number: signal.Signals) -> Callable[[], None]:
    return lambda: os.killpg(process.pid, number)
