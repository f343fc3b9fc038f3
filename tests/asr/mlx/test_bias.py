"""Keyterms are heard where they are nearly what would be said anyway, and leave no trace elsewhere."""

from collections.abc import Sequence
from dataclasses import replace

import mlx.core as mx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd.asr.mlx.bias import NO_BIAS, Bias
from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.model import AudioCache
from lwd.asr.mlx.row import Decoded
from lwd.asr.types import Keyterm, Samples
from tests.asr.mlx.toys import Toy, assert_same, hear, text
from tests.conftest import SPOKEN, bare, word_errors

LENGTH = 18
AT = 6
"""Where in the plain text of a window its rival begins."""


class Heard:
    """A window of random audio, its plain text, and what nearly stood in it instead."""

    def __init__(self, toy: Toy, seed: int) -> None:
        self.toy, self.audio = toy, toy.audio(seed)
        self.plain = self.decode()
        before = self.plain.tokens[:AT]
        least_liked = Bias([((self.plain.tokens[AT],), -99.0)])
        runner_up = self.decode(least_liked, spoken=before, n=2).tokens[:1]
        self.rival = (*runner_up, *self.decode(spoken=[*before, *runner_up], n=1).tokens)
        self.said = tuple(self.plain.tokens[AT : AT + 2])

    def decode(
        self,
        bias: Bias = NO_BIAS,
        *,
        draft: Sequence[int] = (),
        spoken: Sequence[int] = (),
        n: int = LENGTH,
    ) -> Decoded:
        """What is heard with a bias."""
        request = self.toy.request(n, draft=draft)
        [decoded] = self.toy.decode(self.audio, replace(request, bias=bias, spoken=spoken))
        return decoded


@pytest.fixture(scope="session")
def heard(toy: Toy) -> Heard:
    """A window whose text is long enough."""
    return Heard(toy, 1)


@pytest.fixture(scope="session")
def unsaid(toy: Toy) -> int:
    """A token that is never said."""
    return toy.vocabulary.suppressed[0]


def find(part: Sequence[int], tokens: Sequence[int]) -> int | None:
    """Where a term stands first."""
    ends = range(len(tokens) - len(part) + 1)
    return next((n for n in ends if tuple(tokens[n : n + len(part)]) == tuple(part)), None)


def test_a_near_choice_turns_to_the_keyterm(heard: Heard) -> None:
    """The term stands where it was nearly said, and before it nothing has changed."""
    biased = heard.decode(Bias([(heard.rival, 1.0)])).tokens

    at = find(heard.rival, biased)
    assert find(heard.rival, heard.plain.tokens) is None
    assert at is not None
    assert biased[:at] == heard.plain.tokens[:at]


def test_half_a_keyterm_leaves_no_trace(
    heard: Heard, unsaid: int, passes: list[tuple[int, int]]
) -> None:
    """A bonus that leads to no term is taken back: the text, its likelihood and its times stay."""
    biased = heard.decode(Bias([((*heard.rival, unsaid), 1.0)]))

    assert_same(biased, heard.plain)
    assert len(passes) > len(heard.plain.tokens)


def test_the_beginning_of_a_longer_word_is_no_keyterm(heard: Heard) -> None:
    """After the term a word must begin: "Ann" is not heard in "anniversary"."""
    biased = heard.decode(Bias([(heard.rival, 1.0)], goes_on=lambda _: True))

    assert_same(biased, heard.plain)


def test_what_is_unwanted_is_not_said(heard: Heard) -> None:
    """The text goes another way where the term began."""
    biased = heard.decode(Bias([(heard.said, -3.0)])).tokens

    assert find(heard.said, biased) is None
    assert biased[:AT] == heard.plain.tokens[:AT]


def test_half_of_what_is_unwanted_may_be_said(heard: Heard, unsaid: int) -> None:
    """Words that only begin like it are not suppressed with it."""
    assert_same(heard.decode(Bias([((*heard.said, unsaid), -3.0)])), heard.plain)


def test_a_larger_boost_says_a_keyterm_more_often(heard: Heard) -> None:
    """An intensifier scales the bonus; with none the text is the plain one."""
    term = heard.rival[:1]

    counts = [
        heard.decode(Bias([(term, boost)])).tokens.count(*term) for boost in (0.0, 0.02, 1.0, 2.0)
    ]

    assert counts[0] == heard.plain.tokens.count(*term)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_a_keyterm_is_not_said_again_and_again(heard: Heard) -> None:
    """However large the boost, it does not follow upon itself."""
    term = heard.rival[:1]

    tokens = heard.decode(Bias([(term, 99.0)])).tokens

    assert tokens.count(*term) > 1
    assert find(term * 2, tokens) is None


def test_a_keyterm_keeps_no_text_from_ending(toy: Toy) -> None:
    """What is not said any more is not heard."""
    window = Heard(toy, 0)
    assert window.plain.alarm is None
    term = window.rival[:1]
    after = window.plain.tokens

    ended = window.decode(Bias([(term, 99.0)]), spoken=after)

    assert ended.tokens == []


def test_spoken_words_begin_a_keyterm(heard: Heard) -> None:
    """Its first word may stand in the window before."""
    before = [*heard.plain.tokens[:AT], heard.rival[0]]
    other = heard.decode(Bias([(heard.rival[1:], -99.0)]), spoken=before, n=2).tokens[:1]
    term = (heard.rival[0], *other)

    biased = heard.decode(Bias([(term, 1.0)]), spoken=before, n=1)

    assert biased.tokens == other != list(heard.rival[1:])


def test_keyterms_are_sampled_too(heard: Heard) -> None:
    """A text that is decoded again at a temperature has its keyterms still."""
    term = heard.rival[:1]
    audio = heard.audio.rows([0] * 8)
    request = heard.toy.request(LENGTH, temperature=0.8)

    mx.random.seed(1)
    plain = heard.toy.decode(audio, *[request] * 8)
    biased = heard.toy.decode(audio, *[replace(request, bias=Bias([(term, 2.0)]))] * 8)

    assert sum(term[0] in row.tokens for row in plain) < 4
    assert sum(term[0] in row.tokens for row in biased) > 6


def test_each_row_has_its_own_keyterms(heard: Heard, unsaid: int) -> None:
    """Callers who share a batch do not hear each other's."""
    biases = [
        NO_BIAS,
        Bias([(heard.rival, 1.0)]),
        Bias([((*heard.rival, unsaid), 1.0)]),
        Bias([(heard.said, -3.0)]),
    ]
    audio = AudioCache.join([heard.audio] * len(biases))
    request = heard.toy.request(LENGTH)

    rows = heard.toy.decode(audio, *(replace(request, bias=bias) for bias in biases))

    for row, bias in zip(rows, biases, strict=True):
        assert_same(row, heard.decode(bias))
    assert len({tuple(row.tokens) for row in rows}) == 3


place = st.integers(0, LENGTH + 7)


@settings(max_examples=12)
@given(
    terms=st.lists(
        st.tuples(st.lists(place, min_size=1, max_size=4), st.floats(-2, 2)), max_size=5
    ),
    base=st.sampled_from(["the text", "the plain text", "garbage"]),
    changes=st.lists(st.tuples(place, place), max_size=4),
)
def test_any_draft_gives_the_text_of_none(
    heard: Heard,
    unsaid: int,
    terms: list[tuple[list[int], float]],
    base: str,
    changes: list[tuple[int, int]],
) -> None:
    """Whatever the keyterms, and whether the draft is the text, that without keyterms, or neither."""
    pool = [*heard.plain.tokens, *heard.rival, *heard.said, unsaid, 11, 13, 1000]
    bias = Bias([([pool[n] for n in term], boost) for term, boost in terms])
    expected = heard.decode(bias)
    draft = {
        "the text": [*expected.tokens],
        "the plain text": [*heard.plain.tokens],
        "garbage": [pool[(7 * n) % len(pool)] for n in range(LENGTH)],
    }[base]
    for at, changed in changes:
        draft[at : at + 1] = [pool[changed]]

    assert_same(heard.decode(bias, draft=draft), expected)


@pytest.fixture(scope="session")
def plain_text(tiny_en: MlxEngine, speech: Samples) -> str:
    """What tiny.en hears in the real clip, told nothing."""
    return text(hear(tiny_en, speech))


def test_keyterms_are_heard_in_speech(tiny_en: MlxEngine, speech: Samples, plain_text: str) -> None:
    """Words that Whisper would misspell, and none that nobody said."""
    keyterms = tuple(map(Keyterm, ("good soul", "shouldered", "Kubernetes", "borden", "brave")))

    biased = text(hear(tiny_en, speech, keyterms=keyterms))

    assert "soul" not in plain_text
    assert "shouldered" not in plain_text
    assert bare(biased) == bare(SPOKEN)


def test_unwanted_words_are_not_heard_in_speech(
    tiny_en: MlxEngine, speech: Samples, plain_text: str
) -> None:
    """Those that a negative intensifier is for; the others are heard as before."""
    biased = text(hear(tiny_en, speech, keyterms=(Keyterm("burden", -3.0),)))

    assert "burden" in plain_text
    assert "burden" not in biased
    assert word_errors(bare(biased), bare(plain_text)) == 1
