"""Throw-away environments, one for each client, and how its driver is started in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clients.process import Command
from environment import Environment, run

_DRIVERS = Path(__file__).parent / "drivers"


class Kit(Protocol):
    """What a client and its driver need."""

    def install(self, directory: Path) -> Command:
        """Put it there unless it is there; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class PythonKit:
    """What pip installs, into a virtual environment."""

    requirement: str
    driver: str

    def install(self, directory: Path) -> Command:
        """See Kit."""
        python = Environment(directory.name, [self.requirement]).install(directory.parent)
        # -E: what this process was told to import from is not for it.
        return Command([str(python), "-E", str(_DRIVERS / self.driver)], directory)


@dataclass(frozen=True, slots=True)
class NodeKit:
    """What npm installs, into a directory."""

    package: str
    driver: str

    def install(self, directory: Path) -> Command:
        """See Kit."""
        # npm writes it when all else is there.
        if not (directory / "node_modules" / ".package-lock.json").exists():
            run(["npm", "install", "--silent", "--prefix", str(directory), self.package])
        return Command(["node", str(_DRIVERS / self.driver)], directory)
