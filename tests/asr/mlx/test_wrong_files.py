"""Files that make no model are refused, and the error says which model, why, and what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from lwd.asr.mlx.weights import load_whisper
from lwd.errors import ModelCorrupt
from tests.asr.mlx.toys import SHAPES, arrays_of, make_whisper, save

Damage = Callable[[Path], None]
FILES = ["weights.npz", "weights.safetensors"]


@pytest.fixture(scope="session")
def whisper() -> Any:
    """A small model."""
    return make_whisper(SHAPES["english"])


def cut(share: float) -> Damage:
    """Only the first part of the file is there."""

    def damage(file: Path) -> None:
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * share)])

    return damage


def rewrite(change: Callable[[dict[str, mx.array]], object]) -> Damage:
    """The file holds other arrays."""

    def damage(file: Path) -> None:
        weights = arrays_of(file)
        change(weights)
        if file.suffix == ".npz":
            mx.savez(str(file), **weights)
        else:
            mx.save_safetensors(str(file), weights)

    return damage


def configure(**change: Any) -> Damage:
    """The configuration says something else; None takes a key out."""

    def damage(file: Path) -> None:
        config = {**json.loads((file.parent / "config.json").read_text()), **change}
        kept = {key: value for key, value in config.items() if value is not None}
        (file.parent / "config.json").write_text(json.dumps(kept))

    return damage


def config_is(content: bytes) -> Damage:
    """The configuration is something else."""
    return lambda file: void((file.parent / "config.json").write_bytes(content))


def void(_: object) -> None:
    """Nothing."""


WEIGHT = "decoder.blocks.1.cross_attn.query.weight"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda file: file.unlink(), id="no weights"),
        pytest.param(cut(0.0), id="empty"),
        pytest.param(cut(0.001), id="cut near the start"),
        pytest.param(cut(0.5), id="cut in the middle"),
        pytest.param(cut(0.9999), id="cut near the end"),
        pytest.param(lambda file: void(file.write_bytes(b"<html>not found</html>")), id="a page"),
        pytest.param(rewrite(lambda weights: weights.pop(WEIGHT)), id="an array missing"),
        pytest.param(rewrite(lambda w: w.update({"one.more": mx.zeros(3)})), id="one array more"),
        pytest.param(rewrite(lambda w: w.update({WEIGHT: mx.zeros((3, 64))})), id="another shape"),
        pytest.param(configure(n_audio_state=32), id="another width in the configuration"),
        pytest.param(configure(n_text_layer=3), id="another depth in the configuration"),
        pytest.param(configure(n_mels=None), id="a dimension missing"),
        pytest.param(configure(n_mels="eighty"), id="a dimension that is no number"),
        pytest.param(configure(quantization={"bits": "four"}), id="bits that are no number"),
        pytest.param(lambda file: (file.parent / "config.json").unlink(), id="no configuration"),
        pytest.param(config_is(b""), id="an empty configuration"),
        pytest.param(config_is(b"{"), id="a configuration that is no JSON"),
        pytest.param(config_is(b"\xff\xfe{}"), id="a configuration that is no text"),
        pytest.param(config_is(b"[]"), id="a configuration that is no object"),
    ],
)
def test_a_wrong_file_is_named_with_the_remedy(
    tmp_path: Path, whisper: Any, damage: Damage, name: str
) -> None:
    """Whatever is wrong, an operator reads the model's name and the command that mends it."""
    file = save(whisper, tmp_path / "tiny.en", name=name)
    damage(file)

    with pytest.raises(ModelCorrupt, match=r"model tiny\.en: ") as caught:
        load_whisper(file)

    assert "lwd models pull tiny.en" in str(caught.value)
