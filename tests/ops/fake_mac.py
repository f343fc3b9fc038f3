"""A Mac as far as the installer can tell: directories of its own, and launchd's commands in PATH.

The commands are those in tests/ops/mac; they keep what they know in files.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

SERVER, HEALTH, GPU = "io.lwd.server", "io.lwd.health", "io.lwd.gpu"

ROOT = Path(__file__).resolve().parent.parent.parent
FAKES = Path(__file__).parent / "mac"
WATCHED = ("mkdir", "mv", "ln", "rm", "cp", "chmod", "touch")
"""The machine's own commands that change something."""


class Mac:
    """A machine below `root`, and a checkout of lwd to install on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commands = root / "commands"
        self.checkout = root / "checkout"
        self.code = root / "opt" / "lwd"
        self.config = root / "etc" / "lwd" / "lwd.yaml"
        self.state = root / "var" / "lib" / "lwd"
        self.daemon_log = root / "var" / "log" / "lwd" / "lwd.log"
        self.launchd_log = root / "var" / "log" / "lwd-launchd.log"
        self.plists = root / "Library" / "LaunchDaemons"
        self.newsyslog = root / "newsyslog.d" / "lwd.conf"
        self._kept = root.with_name(f"{root.name}-kept")
        self._make_commands()
        self._make_checkout()

    def install(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`make install`, or what the arguments make of it."""
        return self.run("install", *arguments, **variables)

    def run(
        self, script: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the installer's scripts from the checkout, in a process group of its own."""
        (self.commands / "calls").write_text("")
        (self.commands / "step").write_text("1\n")
        return subprocess.run(
            [self.checkout / "ops" / "install" / f"{script}.sh", *arguments],
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
        )

    def environment(self, **variables: str) -> dict[str, str]:
        """What the installer finds in its environment."""
        return {
            "PATH": f"{self.commands / 'bin'}:{os.environ['PATH']}",
            "REAL_PATH": os.environ["PATH"],
            "MAC": str(self.commands),
            "PYTHON": str(self.commands / "bin" / "python"),
            "PREFIX": str(self.root / "opt"),
            "SYSCONFDIR": str(self.root / "etc"),
            "LOCALSTATEDIR": str(self.root / "var"),
            "DAEMONDIR": str(self.plists),
            "NEWSYSLOGDIR": str(self.newsyslog.parent),
            "READY_WITHIN_S": "1",
            **variables,
        }

    def release(self, version: str) -> None:
        """Check another version out."""
        (self.checkout / "lwd" / "__init__.py").write_text(f'__version__ = "{version}"\n')

    def breaks(self, version: str) -> None:
        """Say which version never becomes ready."""
        (self.commands / "broken").write_text(f"{version}\n")

    def keep(self) -> None:
        """Remember the machine as it is now."""
        shutil.copytree(self.root, self._kept, symlinks=True)

    def restore(self) -> None:
        """Make the machine what it was when it was kept."""
        shutil.rmtree(self.root)
        shutil.copytree(self._kept, self.root, symlinks=True)

    @property
    def releases(self) -> list[Path]:
        """What there is of releases."""
        return sorted((self.code / "releases").glob("*"))

    @property
    def jobs(self) -> dict[str, str]:
        """The loaded jobs, each with the version that it was started with."""
        return {
            path.name: path.read_text().partition("-")[0]
            for path in sorted((self.commands / "jobs").iterdir())
        }

    @property
    def calls(self) -> list[str]:
        """The commands of the last run, with their arguments."""
        return (self.commands / "calls").read_text().splitlines()

    def count(self, start: str) -> int:
        """How many calls of the last run began so."""
        return sum(call.startswith(start) for call in self.calls)

    def index(self, start: str, part: str) -> int:
        """Where the only call with such a start and such a part stands in the last run."""
        [found] = [
            n for n, call in enumerate(self.calls) if call.startswith(start) and part in call
        ]
        return found

    def link(self, name: str) -> str | None:
        """The version that a link leads to."""
        path = self.code / name
        return path.readlink().name.partition("-")[0] if path.is_symlink() else None

    def record(self, name: str) -> dict[str, str]:
        """A record of the directory service."""
        directory = self.commands / "records" / name
        return {path.name: path.read_text().strip() for path in directory.glob("*")}

    def lies(self) -> dict[str, str]:
        """Everything that the installer left on the machine: paths, modes and content."""
        return {
            str(path.relative_to(self.root)): _what(path)
            for path in sorted(self.root.rglob("*"))
            if not path.is_relative_to(self.checkout)
            and (not path.is_relative_to(self.commands) or path.parent.name in {"jobs", "leaving"})
            and not path.is_relative_to(self.code / ".new")
        }

    def _make_commands(self) -> None:
        for name in ("bin", "jobs", "leaving", "records/Users", "records/Groups"):
            (self.commands / name).mkdir(parents=True)
        (self.commands / "fakes").symlink_to(FAKES)
        fakes = {path.name for path in FAKES.iterdir()} - {"wrapper"}
        for name in (*fakes, *WATCHED):
            (self.commands / "bin" / name).symlink_to(FAKES / "wrapper")
        (self.commands / "broken").write_text("none\n")
        self.plists.mkdir(parents=True)
        self.newsyslog.parent.mkdir()

    def _make_checkout(self) -> None:
        for name in ("launchd", "config"):
            shutil.copytree(ROOT / name, self.checkout / name)
        (self.checkout / "ops").mkdir()
        (self.checkout / "ops" / "install").symlink_to(ROOT / "ops" / "install")
        shutil.copy(ROOT / "ops" / "healthcheck", self.checkout / "ops" / "healthcheck")
        (self.checkout / "lwd").mkdir()
        locks = self.checkout / "ops" / "requirements" / "macos-arm64"
        locks.mkdir(parents=True)
        for path in (
            *(self.checkout / name for name in ("pyproject.toml", "README.md", "LICENSE")),
            *(locks / name for name in ("runtime.txt", "build.txt")),
        ):
            path.write_text(f"{path.name}\n")
        self.release("1.0")


NewMac = Callable[[], Mac]
"""Makes machines that lwd was never on."""


def _what(path: Path) -> str:
    if path.is_symlink():
        return f"to {path.readlink()}"
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{mode:o} {path.read_text() if path.is_file() else 'directory'}"
