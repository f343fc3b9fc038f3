"""What servers are tried with."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lwd.trial.sounds import SPOKEN, n_heard, sentence, tone
from tests.conftest import SPOKEN as SAID


def test_the_sentence_is_there() -> None:
    """It comes with what lwd needs anyhow, and its words are known."""
    assert len(sentence()) / 16_000 > 6
    assert " ".join(SPOKEN) == SAID


def test_the_tone_is_a_tone() -> None:
    """Loud enough that a deaf path is no excuse, and of one frequency."""
    sound = tone(1.0)

    assert 9000 < np.abs(sound).max() < 12000
    assert np.abs(np.fft.rfft(sound)).argmax() == 440


def test_words_count_in_their_order() -> None:
    """Case and marks do not matter; other words and another order do."""
    assert n_heard(SAID.title() + ".") == len(SPOKEN)
    assert n_heard("Then the good, good soul!") == 4
    assert n_heard("soul good") == 1
    assert n_heard("nothing of that kind") == 0


@given(st.text())
def test_any_transcript_can_be_counted(text: str) -> None:
    """Never more than there are."""
    assert 0 <= n_heard(text) <= len(SPOKEN)
