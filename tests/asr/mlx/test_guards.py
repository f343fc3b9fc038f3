"""What is no transcript is told from what is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.mlx.guards import Alarm, is_silence, judge, loop_tokens, max_tokens

tokens = st.lists(st.integers(0, 3), max_size=40)


@pytest.mark.parametrize(
    ("said", "copies", "extra"),
    [
        ([], 2, 0),
        ([1], 2, 0),
        ([1, 2, 3, 1, 2, 3], 2, 3),
        ([9, 1, 2, 3, 1, 2, 3], 2, 3),
        ([1, 2, 3, 1, 2, 3, 9], 2, 0),
        ([1, 2, 3, 9, 1, 2, 3], 2, 0),
        ([1, 2, 3, 1, 2, 3], 3, 0),
        ([1, 2, 3, 1, 2, 3, 1, 2, 3], 3, 6),
        ([1, 2, 1, 2], 2, 0),
        ([1, 1, 1, 1, 1], 2, 0),
        ([1, 1, 1, 1, 1, 1], 2, 3),
        ([*range(15), *range(15)], 2, 15),
        ([*range(16), *range(16)], 2, 0),
    ],
)
def test_a_repetition_at_the_end_is_a_loop(said: list[int], copies: int, extra: int) -> None:
    """Phrases of 3 to 15 tokens, as often as asked; people may say a word or two twice."""
    assert loop_tokens(said, copies) == extra


@given(before=tokens, phrase=st.lists(st.integers(0, 9), min_size=3, max_size=15))
def test_every_loop_is_found(before: list[int], phrase: list[int]) -> None:
    """Whatever was said before it."""
    assert loop_tokens([*before, *phrase, *phrase], 2) > 0
    assert loop_tokens([*before, *phrase, *phrase, *phrase], 3) > 0


@given(said=tokens, copies=st.integers(2, 3))
def test_what_is_cut_off_only_repeats(said: list[int], copies: int) -> None:
    """Without the loop's copies, one of them is still there."""
    extra = loop_tokens(said, copies)

    rest = said[: len(said) - extra]
    assert not extra or rest[-(extra // (copies - 1)) :] * (copies - 1) == said[len(rest) :]


@pytest.mark.parametrize("duration_s", [0.0, 0.1, 1.0, 5.0, 30.0])
def test_a_text_has_room_for_fast_speech_and_no_more(duration_s: float) -> None:
    """Six words a second fit; a runaway does not fill the decoder's positions."""
    assert max_tokens(duration_s) >= min(200, 6 * duration_s * 1.5)
    assert 1 <= max_tokens(duration_s) <= 220


def test_a_repetitive_text_is_no_transcript() -> None:
    """Whisper's own rule: it compresses too well."""
    assert judge("I know. " * 20, -0.1) is Alarm.REPETITIVE


def test_a_text_that_the_model_doubts_is_unlikely() -> None:
    """Whisper's own rule: an average log-probability below -1."""
    assert judge("Then the good soul", -1.2) is Alarm.UNLIKELY
    assert judge("Then the good soul", -0.9) is None


def test_a_short_context_is_believed_less() -> None:
    """The full one may still tell it better."""
    assert judge("Then the good soul", -0.9, is_first=True) is Alarm.UNLIKELY
    assert judge("Then the good soul", -0.7, is_first=True) is None


@pytest.mark.parametrize("said", ["", "Yes.", "Then the good soul openly shouldered the burden."])
def test_an_ordinary_text_stands(said: str) -> None:
    """Neither short texts nor none at all are suspect."""
    assert judge(said, -0.4) is None


@pytest.mark.parametrize(
    ("no_speech", "log_probability", "silent"),
    [
        (0.9, -1.5, True),
        (0.9, -0.3, False),
        (0.1, -1.5, False),
        (0.57, -0.95, True),
        (0.57, -0.85, False),
        (0.45, -1.4, True),
        (0.45, -1.2, False),
        (0.25, -1.4, False),
    ],
)
def test_silence_takes_two_signs(no_speech: float, log_probability: float, silent: bool) -> None:
    """Words that the model is sure of are heard, however much it sounds like silence."""
    assert is_silence(no_speech, log_probability) is silent
