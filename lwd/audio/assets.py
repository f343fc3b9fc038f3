"""Data files inside installed packages whose code must not run."""

from importlib.util import find_spec
from pathlib import Path


def asset(package: str, *parts: str) -> Path:
    """A file of a package, found without importing it: its `__init__` may want what is not there."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed")
    return Path(spec.submodule_search_locations[0], *parts)
