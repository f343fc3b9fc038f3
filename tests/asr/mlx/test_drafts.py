"""A draft makes the text come sooner and never changes it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.guards import Alarm
from lwd.asr.mlx.model import AudioCache
from lwd.asr.mlx.row import Decoded
from lwd.asr.types import Samples
from tests.asr.mlx.toys import Toy, assert_same, mel_of

ROWS = 3
LENGTH = 24


class Drafted:
    """Some audio, and what is heard in it without a draft."""

    def __init__(self, toy: Toy, audio: AudioCache, max_tokens: int) -> None:
        self.toy, self.audio, self.max_tokens = toy, audio, max_tokens
        self.expected = self.decode(())

    def decode(self, draft: Sequence[int]) -> Decoded:
        """What is heard with a draft."""
        request = self.toy.request(self.max_tokens, draft=draft)
        [decoded] = self.toy.decode(self.audio, request)
        return decoded


@pytest.fixture(scope="session")
def random_texts(toy: Toy) -> list[Drafted]:
    """Windows of random audio, one of which comes to an end and one of which does not."""
    audio = toy.audio(*range(ROWS))
    return [Drafted(toy, audio.rows([row]), LENGTH) for row in range(ROWS)]


@pytest.fixture(scope="session")
def spoken(tiny_en: MlxEngine, speech: Samples) -> Drafted:
    """The real clip on a real model."""
    toy = Toy(tiny_en.model)
    return Drafted(toy, toy.model.attend(toy.model.encode(mel_of(speech, 512))), 100)


edits = st.lists(
    st.tuples(
        st.sampled_from(["replace", "insert", "delete"]),
        st.integers(0, LENGTH),
        st.integers(0, 51864),
    ),
    max_size=5,
)


def edited(tokens: Sequence[int], changes: Sequence[tuple[str, int, int]]) -> list[int]:
    """The tokens with some changed."""
    draft = list(tokens)
    for change, at, token in changes:
        draft[at : at + (change != "insert")] = [] if change == "delete" else [token]
    return draft


def test_the_random_texts_are_fit_for_the_tests(random_texts: list[Drafted]) -> None:
    """They differ, are not trivial, and both ways to end occur."""
    texts = [window.expected for window in random_texts]

    assert len({tuple(decoded.tokens) for decoded in texts}) == ROWS
    assert {decoded.alarm for decoded in texts} == {None, Alarm.TOO_LONG}
    assert all(len(set(decoded.tokens)) > 5 for decoded in texts)


@settings(max_examples=20)
@given(row=st.integers(0, ROWS - 1), changes=edits, length=st.integers(0, LENGTH + 5))
def test_any_draft_gives_the_text_of_none(
    random_texts: list[Drafted], row: int, changes: list[tuple[str, int, int]], length: int
) -> None:
    """Tokens are replaced, inserted, deleted or missing at the end: all comes out the same."""
    window = random_texts[row]

    drafted = window.decode(edited(window.expected.tokens, changes)[:length])

    assert_same(drafted, window.expected)


@settings(max_examples=8)
@given(row=st.integers(0, ROWS - 1), garbage=st.lists(st.integers(0, 51864), max_size=60))
def test_garbage_gives_the_text_of_none(
    random_texts: list[Drafted], row: int, garbage: list[int]
) -> None:
    """A draft may hold anything, special tokens too, and be longer than any text."""
    assert_same(random_texts[row].decode(garbage), random_texts[row].expected)


@pytest.mark.parametrize(
    ("changes", "at_most"),
    [
        pytest.param([], 1, id="right"),
        pytest.param([("replace", 5, 1000)], 3, id="a wrong token"),
        pytest.param([("insert", 5, 1000)], 2, id="a token too many"),
        pytest.param([("delete", 5, 0)], 3, id="a token missing"),
        pytest.param([("replace", 4, 1000), ("delete", 12, 0)], 5, id="two mistakes"),
        pytest.param([("replace", at, 1000) for at in range(6, LENGTH)], 18, id="a wrong end"),
    ],
)
def test_a_draft_saves_passes(
    random_texts: list[Drafted],
    passes: list[tuple[int, int]],
    changes: list[tuple[str, int, int]],
    at_most: int,
) -> None:
    """What the draft has right costs one pass of the decoder, before and after a mistake."""
    window = random_texts[2]
    assert len(window.expected.tokens) == LENGTH

    window.decode(edited(window.expected.tokens, changes))

    assert len(passes) <= at_most


@pytest.mark.parametrize(
    ("changes", "length", "share"),
    [
        pytest.param([], 100, 0.0, id="right"),
        pytest.param([], 20, 0.5, id="the first words"),
        pytest.param([("replace", 3, 1000), ("insert", 9, 2000)], 100, 0.25, id="two mistakes"),
        pytest.param([("delete", 0, 0), ("delete", 7, 0)], 100, 0.25, id="two gaps"),
        pytest.param([("replace", at, 50_000 - at) for at in range(24)], 24, 1.0, id="garbage"),
        pytest.param([("insert", 100, 11)], 101, 0.1, id="a word too many"),
    ],
)
def test_speech_gives_the_same_text_with_fewer_passes(
    spoken: Drafted,
    passes: list[tuple[int, int]],
    changes: list[tuple[str, int, int]],
    length: int,
    share: float,
) -> None:
    """On real speech an earlier hypothesis, right or not, saves time and changes no word."""
    tokens = spoken.expected.tokens
    assert len(tokens) > 20

    drafted = spoken.decode(edited(tokens, changes)[:length])

    assert_same(drafted, spoken.expected)
    assert len(passes) <= 1 + share * len(tokens)


def test_a_loop_stops_at_the_same_token_with_its_draft(toy: Toy) -> None:
    """A hypothesis that was cut for a loop is a fine draft of the next."""
    audio = toy.audio(1)
    [looped] = toy.decode(audio, toy.request(40, copies=2))
    [again] = toy.decode(audio, toy.request(40, copies=2, draft=looped.tokens))

    assert_same(again, looped)
