"""Write the weights that lwd has as a checkpoint of openai-whisper. Runs in a rival's environment.

    python torch_checkpoint.py WEIGHTS.npz CONFIG.json HEADS CHECKPOINT.pt

HEADS is a JSON list of (layer, head).
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from numpy.typing import NDArray

_LONGEST_PERIOD = 10_000


def main(weights: Path, config: Path, heads: str, checkpoint: Path) -> None:
    """Convert; names stay those of MLX, which WhisperLiveKit knows."""
    dimensions = json.loads(config.read_text())
    with np.load(weights) as arrays:
        state = {name: torch.from_numpy(_openai(name, arrays[name])) for name in arrays.files}
    places = _sinusoids(dimensions["n_audio_ctx"], dimensions["n_audio_state"])
    state["encoder.positional_embedding"] = torch.from_numpy(places)
    state["alignment_heads"] = torch.tensor(json.loads(heads))
    torch.save({"dims": dimensions, "model_state_dict": state}, checkpoint)


def _openai(name: str, array: NDArray[np.float16]) -> NDArray[np.float32]:
    """MLX has a convolution's channels last."""
    is_kernel = ".conv" in name and name.endswith(".weight")
    turned = array.transpose(0, 2, 1) if is_kernel else array
    return np.ascontiguousarray(turned, dtype=np.float32)


def _sinusoids(length: int, channels: int) -> NDArray[np.float32]:
    """The encoder's positions, which MLX computes and openai-whisper stores."""
    step = np.log(_LONGEST_PERIOD) / (channels // 2 - 1)
    angles = np.arange(length)[:, None] * np.exp(-step * np.arange(channels // 2))[None, :]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
