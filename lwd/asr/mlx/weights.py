"""A model's weights: from its files to lightning-whisper-mlx's module tree."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx import nn

from lwd.asr.mlx import lightning
from lwd.errors import ModelCorrupt


def load_whisper(weights_file: Path) -> Any:
    """The module tree of a model whose config.json lies beside its weights (.npz or .safetensors).

    On a GPU weights are float16 or quantized as published. On a CPU they are all float32, because
    only that reaches the BLAS. Raises ModelCorrupt naming what does not fit.
    """
    directory = weights_file.parent
    config = _read_config(directory)
    is_cpu = mx.default_device() == mx.Device(mx.cpu)
    dtype = mx.float32 if is_cpu else mx.float16
    try:
        weights = mx.load(str(weights_file))
        if not isinstance(weights, dict):
            raise TypeError("holds a single array")
        quantization = config.get("quantization")
        if quantization and is_cpu:
            weights = _dequantize(weights, **quantization)
        names = {field.name for field in fields(lightning.ModelDimensions)}
        dims = lightning.ModelDimensions(**{k: v for k, v in config.items() if k in names})
        whisper = lightning.Whisper(dims, dtype)
        if quantization and not is_cpu:
            nn.quantize(
                whisper,
                **quantization,
                class_predicate=lambda path, _: f"{path}.scales" in weights,
            )
        weights.setdefault("alignment_heads", whisper.alignment_heads)
        whisper.load_weights(
            [(name, _cast(array, dtype)) for name, array in weights.items()], strict=True
        )
        mx.eval(whisper.parameters(), whisper.encoder._positional_embedding)  # noqa: SLF001 - lightning's name
    except (OSError, TypeError, ValueError, KeyError, RuntimeError) as error:
        raise ModelCorrupt(
            f"model {directory.name}: {weights_file.name} and config.json make no model ({error}); "
            f"run: lwd models pull {directory.name}"
        ) from error
    return whisper


def _read_config(directory: Path) -> dict[str, Any]:
    try:
        config = json.loads((directory / "config.json").read_bytes())
        if not isinstance(config, dict):
            raise TypeError("is not an object")
    except (OSError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelCorrupt(
            f"model {directory.name}: config.json: {reason}; run: lwd models pull {directory.name}"
        ) from error
    return config


def _cast(array: mx.array, dtype: mx.Dtype) -> mx.array:
    return array.astype(dtype) if mx.issubdtype(array.dtype, mx.floating) else array


def _dequantize(
    weights: Mapping[str, mx.array], *, group_size: int, bits: int
) -> dict[str, mx.array]:
    """Every quantized `.weight` multiplied out with its `.scales` and `.biases`."""
    plain = dict(weights)
    for name in weights:
        if not name.endswith(".scales"):
            continue
        layer = name.removesuffix(".scales")
        plain[f"{layer}.weight"] = mx.dequantize(
            weights[f"{layer}.weight"],
            plain.pop(name),
            plain.pop(f"{layer}.biases"),
            group_size=group_size,
            bits=bits,
        )
    return plain
