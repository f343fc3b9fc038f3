"""When an utterance has ended by the times of its words."""

import pytest

from lwd.stream.utterance_end import UtteranceTracker
from tests.stream.conftest import words


def test_an_utterance_ends_once() -> None:
    """UtteranceEnd comes when the gap has passed, and not again."""
    tracker = UtteranceTracker(1000)
    tracker.saw(words("good bye"), is_final=True)

    assert tracker.ended(1.9) is None
    assert tracker.ended(2.0) == pytest.approx(1.0)
    assert tracker.ended(9.0) is None


def test_an_utterance_goes_on_while_interims_have_words() -> None:
    """Words of an interim are newer than those of the last final."""
    tracker = UtteranceTracker(1000)
    tracker.saw(words("good bye"), is_final=True)
    tracker.saw(words("and"), is_final=False)
    assert tracker.ended(5.0) is None

    tracker.saw([], is_final=False)
    assert tracker.ended(5.0) == pytest.approx(1.0)


def test_silence_ends_no_utterance() -> None:
    """Nothing was said, so nothing ends; nor when nobody asked."""
    silent = UtteranceTracker(1000)
    silent.saw([], is_final=True)
    unasked = UtteranceTracker(None)
    unasked.saw(words("good bye"), is_final=True)

    assert silent.ended(100.0) is None
    assert unasked.ended(100.0) is None
