"""Which of several models serves a client."""

from pathlib import Path

import pytest

from lwd.server.engines import Engines, LoadedModel
from tests.server.conftest import MODEL, make_pool


@pytest.mark.parametrize(
    ("asked", "known"),
    [(None, True), ("", True), ("Small", True), ("whisper-small", True), ("x", True), ("y", False)],
)
def test_an_unknown_model_is_told_from_none(asked: str | None, known: bool, tmp_path: Path) -> None:
    """Who asks for nothing gets the default on purpose; who asks for what is not there does not."""
    engines = Engines([LoadedModel("small", make_pool(tmp_path), MODEL)], None, {"x": "small"})

    assert engines.knows(asked) is known


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        (None, "large-v3-turbo"),
        ("small", "small"),
        ("whisper-small", "small"),
        ("Tiny.EN", "tiny.en"),
        ("WHISPER-tiny.en", "tiny.en"),
        ("nova-3", "small"),
        ("NOVA-3", "small"),
        ("General", "tiny.en"),
        ("whisper-nova-3", "large-v3-turbo"),
        ("nova-2", "large-v3-turbo"),
        ("base", "large-v3-turbo"),
        ("", "large-v3-turbo"),
    ],
)
def test_a_client_gets_the_model_that_its_name_means(
    asked: str | None, served: str, tmp_path: Path
) -> None:
    """A loaded model's name, or an alias, in any case; every other name means the default."""
    pool = make_pool(tmp_path)
    models = [LoadedModel(name, pool, MODEL) for name in ("large-v3-turbo", "small", "tiny.en")]
    aliases = {"Nova-3": "small", "general": "tiny.en", "small": "tiny.en"}

    assert Engines(models, None, aliases).choose(asked).name == served
