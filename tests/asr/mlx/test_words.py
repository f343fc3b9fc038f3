"""Words have times inside their window, in order, where they are spoken."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lwd.asr.mlx.row import Decoded
from lwd.asr.mlx.vocabulary import Vocabulary
from lwd.asr.mlx.words import Alignment, words
from lwd.asr.types import SAMPLE_RATE, Samples, Word

VOCABULARY = Vocabulary(is_multilingual=True, n_languages=99)
TEXT = " Then the good soul."
TOKENS: list[int] = VOCABULARY._tokenizer.encode(TEXT)
POSITIONS = 400
STEADY = np.full(4 * SAMPLE_RATE, 0.1, dtype=np.float32)
"""Four seconds in which nothing is louder than the rest."""


def looking_at(*positions: int) -> list[NDArray[np.float32]]:
    """Attention to one place for each token."""
    at = np.arange(POSITIONS)
    return [
        np.exp(-0.5 * ((at - position) / 4.0) ** 2)[None].astype(np.float32)
        for position in positions
    ]


def decoded(*positions: int, copies: int = 1) -> Decoded:
    """TEXT, spoken at these positions; the end token's is the last, if it is there."""
    attention = looking_at(*positions)
    return Decoded(
        row=0,
        temperature=0.0,
        tokens=TOKENS * copies,
        log_probabilities=[-0.1] * len(attention),
        attention=attention,
    )


def timed(what: Decoded, samples: Samples = STEADY, **alignment: object) -> list[Word]:
    """The words of a window."""
    return list(words(what, "en", samples, VOCABULARY, Alignment(**alignment)))  # type: ignore[arg-type]


SPOKEN_AT = (20, 60, 100, 140, 170, 190)


def test_words_begin_where_attention_moves_on() -> None:
    """Each between its predecessor's place and its own."""
    heard = timed(decoded(*SPOKEN_AT))

    assert [word.text for word in heard] == [" Then", " the", " good", " soul", "."]
    for before, word, at in zip(SPOKEN_AT, heard[1:], SPOKEN_AT[1:], strict=False):
        assert before * 0.02 < word.start_s <= at * 0.02
    assert all(a.end_s == b.start_s for a, b in pairwise(heard))


def test_heads_that_lag_are_put_right() -> None:
    """By as much as the model's heads are known to be late."""
    late, right = timed(decoded(*SPOKEN_AT)), timed(decoded(*SPOKEN_AT), lag_ms=200)

    for a, b in zip(late[1:], right[1:], strict=True):
        assert b.start_s == pytest.approx(a.start_s - 0.2)
    assert right[0].start_s == 0.0


def test_words_are_trimmed_to_their_sound() -> None:
    """A pause belongs to neither the word before it nor the one after."""
    samples = np.full(4 * SAMPLE_RATE, 1e-4, dtype=np.float32)
    samples[SAMPLE_RATE : 2 * SAMPLE_RATE] = 0.3
    heard = timed(decoded(10, 70, 75, 90, 170, 190), samples)

    assert heard[1].start_s == pytest.approx(1.0, abs=0.02)
    assert heard[3].end_s == pytest.approx(2.0, abs=0.02)


def test_a_text_that_was_stopped_ends_with_its_window() -> None:
    """Its end token was never reached."""
    heard = timed(decoded(*SPOKEN_AT[:-1]))

    assert heard[-1].end_s == pytest.approx(4.0)


def test_a_probability_is_the_mean_of_a_words_tokens() -> None:
    """A word of several tokens is as sure as they are on average."""
    what = decoded(*SPOKEN_AT)
    what.log_probabilities = [float(np.log(p)) for p in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)]

    assert [word.probability for word in timed(what)] == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5])


def test_without_alignment_the_window_is_shared_out() -> None:
    """Words still have times, as long as each other."""
    heard = timed(decoded(*SPOKEN_AT), aligned=False)

    assert [word.start_s for word in heard] == pytest.approx([0.0, 0.8, 1.6, 2.4, 3.2])
    assert heard[-1].end_s == pytest.approx(4.0)


def test_what_was_said_once_is_there_once() -> None:
    """A decoder that goes on after the end of the speech writes it again, in no time."""
    heard = timed(decoded(*SPOKEN_AT[:-1], 182, 183, 184, 185, 186, 190, copies=2))

    assert "".join(word.text for word in heard) == TEXT
    assert heard[-1].end_s == pytest.approx(182 * 0.02, abs=0.2)


def test_what_was_said_twice_stays() -> None:
    """However quickly a person can say it again."""
    heard = timed(decoded(10, 30, 50, 70, 90, 110, 120, 130, 140, 150, 190, copies=2))

    assert "".join(word.text for word in heard) == TEXT * 2


def test_no_tokens_are_no_words() -> None:
    """A window without speech."""
    assert timed(Decoded(0, 0.0, attention=looking_at(3), log_probabilities=[0.0])) == []


@settings(max_examples=60)
@given(
    n_samples=st.integers(0, 3 * SAMPLE_RATE),
    seed=st.integers(0, 99),
    lag_ms=st.integers(-200, 200),
    has_ended=st.booleans(),
    aligned=st.booleans(),
)
def test_times_are_in_order_inside_the_window(
    *, n_samples: int, seed: int, lag_ms: int, has_ended: bool, aligned: bool
) -> None:
    """However confused the model is, however short the window, and whatever its sound."""
    generator = np.random.default_rng(seed)
    what = decoded(*generator.integers(0, POSITIONS, len(TOKENS) + has_ended))
    bursts = generator.random(n_samples // 800 + 1).repeat(800)[:n_samples] > 0.7
    samples = (generator.normal(0, 0.1, n_samples) * (bursts + 1e-3)).astype(np.float32)

    heard = timed(what, samples, lag_ms=lag_ms, aligned=aligned)

    edges = [0.0, *(t for word in heard for t in (word.start_s, word.end_s)), n_samples / 16_000]
    assert len(heard) == 5
    assert all(before <= after + 1e-9 for before, after in pairwise(edges))
