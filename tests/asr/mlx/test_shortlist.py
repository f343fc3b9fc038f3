"""Guesses make the text come sooner and never change it."""

from collections.abc import Sequence

import mlx.core as mx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.model import AudioCache
from lwd.asr.mlx.row import Decoded
from lwd.asr.mlx.shortlist import Shortlist, commonest
from lwd.asr.types import Samples
from tests.asr.mlx.toys import Toy, assert_same, mel_of

ROWS = 3
LENGTH = 24


class Guessed:
    """Random audio, and what is heard in it without guesses."""

    def __init__(self, toy: Toy) -> None:
        self.toy, self.audio = toy, toy.audio(*range(ROWS))
        self.requests = [toy.request(LENGTH) for _ in range(ROWS)]
        self.expected = toy.decode(self.audio, *self.requests)

    def decode(self, shortlist: Sequence[int], draft: Sequence[int]) -> list[Decoded]:
        """What is heard with guesses among these tokens, and a draft of the first row."""
        among = Shortlist(self.toy.model.embedding, shortlist, self.toy.vocabulary.end)
        requests = [self.toy.request(LENGTH, draft=draft), *self.requests[1:]]
        return self.toy.decode(self.audio, *requests, shortlist=among)


@pytest.fixture(scope="session")
def random_texts(toy: Toy) -> Guessed:
    """Rows of which one comes to an end before the others."""
    return Guessed(toy)


@settings(max_examples=20)
@given(
    known=st.lists(st.integers(0, ROWS * LENGTH), max_size=ROWS * LENGTH),
    others=st.lists(st.integers(0, 50255), min_size=1, max_size=50),
    n_drafted=st.integers(0, LENGTH),
)
def test_any_shortlist_gives_the_text_of_none(
    random_texts: Guessed, known: list[int], others: list[int], n_drafted: int
) -> None:
    """Whatever is on it, and wherever a draft ends."""
    said = [token for row in random_texts.expected for token in row.tokens]
    shortlist = {*(said[n % len(said)] for n in known), *others}

    guessed = random_texts.decode(
        sorted(shortlist), draft=random_texts.expected[0].tokens[:n_drafted]
    )

    for heard, expected in zip(guessed, random_texts.expected, strict=True):
        assert_same(heard, expected)


@pytest.fixture(scope="session")
def spoken(tiny_en: MlxEngine, speech: Samples) -> tuple[Toy, AudioCache]:
    """The real clip on a real model."""
    toy = Toy(tiny_en.model)
    return toy, toy.model.attend(toy.model.encode(mel_of(speech, 512)))


def test_speech_gives_the_same_text_with_fewer_looks_at_the_whole_vocabulary(
    spoken: tuple[Toy, AudioCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commonest tokens guess most of what is said."""
    toy, audio = spoken
    looks: list[mx.array] = []
    logits = toy.model.logits

    def look(hidden: mx.array) -> mx.array:
        looks.append(hidden)
        return logits(hidden)

    monkeypatch.setattr(toy.model, "logits", look)
    [expected] = toy.decode(audio, toy.request(100))
    n_without = len(looks)

    tokens = commonest(toy.vocabulary.suppressed)
    shortlist = Shortlist(toy.model.embedding, tokens, toy.vocabulary.end)
    [guessed] = toy.decode(audio, toy.request(100), shortlist=shortlist)

    assert_same(guessed, expected)
    assert len(looks) - n_without < n_without / 2
