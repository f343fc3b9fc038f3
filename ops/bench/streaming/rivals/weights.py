"""The weights of one model, in every form that a rival reads."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import rival_models
from environment import Unavailable, reason
from lwd.models.store import ModelFiles

_CONVERTER = Path(__file__).with_name("torch_checkpoint.py")
"""It needs torch, which this process does not have."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model that lwd's store has, `files`; other forms of it are made under `scratch`."""

    model: str
    files: ModelFiles
    scratch: Path

    def ctranslate2(self) -> Path:
        """A directory, as faster-whisper reads it."""
        return rival_models.for_faster_whisper(self.model, self.scratch)

    def torch(self, python: Path) -> Path:
        """A checkpoint of openai-whisper, made by a Python that has torch.

        Raises Unavailable where it cannot be made.
        """
        checkpoint = self.scratch / f"{self.model}.pt"
        heads = json.dumps(self.files.alignment_heads)
        arguments = (self.files.weights, self.files.config, heads, checkpoint)
        done = subprocess.run(
            [python, str(_CONVERTER), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Unavailable(f"weights not converted: {reason(done.stderr)}")
        return checkpoint
