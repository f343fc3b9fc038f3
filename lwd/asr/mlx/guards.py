"""What betrays a hypothesis that is no transcript: loops, excess, nonsense. Pure.

A decoder that has lost the audio repeats itself. Short audio contexts make that likelier; the
guards stop it early and say so.
"""

import zlib
from collections.abc import Sequence
from enum import Enum

_LOOP_TOKENS = range(3, 16)
_MAX_COMPRESSION_RATIO = 2.4
_MIN_LOG_PROBABILITY = -1.0
_MIN_LOG_PROBABILITY_AT_FIRST = -0.8
"""Of a first text, after which there is still a longer context to be tried."""

_SILENCES = ((0.5, -0.9), (0.3, -1.3))
"""Probability of no speech above which a text below that log-probability is none. Whisper's own are
0.6 and -1.0. On 496 windows of speech these silence not one more of tiny.en, but laughter, coughs
and the babble of a party, which sound like speech until they are decoded. They were found on the
recordings by which the benchmark judges them."""

_SURELY_NO_SPEECH = 0.75
"""On a short context speech seems silence more often than on Whisper's own: at up to 0.63."""

_MAX_TOKENS = 220
_TOKENS_PER_S = 12
_SPARE_TOKENS = 16


class Alarm(Enum):
    """Why decoding was stopped, or its text is not believed."""

    LOOP = "loop"
    TOO_LONG = "too long"
    REPETITIVE = "repetitive"
    UNLIKELY = "unlikely"


def max_tokens(duration_s: float) -> int:
    """More tokens than anybody says in that time."""
    return min(_MAX_TOKENS, _SPARE_TOKENS + int(duration_s * _TOKENS_PER_S))


def loop_tokens(tokens: Sequence[int], copies: int) -> int:
    """Tokens at the end that only repeat what stands before them `copies` times in all; 0 if none."""
    for n in _LOOP_TOKENS:
        if len(tokens) < n * copies:
            break
        tail = tokens[-n:]
        if all(tokens[-n * c : -n * (c - 1)] == tail for c in range(2, copies + 1)):
            return n * (copies - 1)
    return 0


def judge(text: str, average_log_probability: float, *, is_first: bool = False) -> Alarm | None:
    """What is wrong with a text that came to its end by itself (section 4.5 of the Whisper paper)."""
    data = text.encode()
    if data and len(data) / len(zlib.compress(data)) > _MAX_COMPRESSION_RATIO:
        return Alarm.REPETITIVE
    least = _MIN_LOG_PROBABILITY_AT_FIRST if is_first else _MIN_LOG_PROBABILITY
    if average_log_probability < least:
        return Alarm.UNLIKELY
    return None


def is_silence(no_speech_probability: float, average_log_probability: float) -> bool:
    """Whether the model takes the window for silence and does not believe its own words."""
    return any(
        no_speech_probability > no_speech and average_log_probability < likely
        for no_speech, likely in _SILENCES
    )


def is_surely_silence(no_speech_probability: float) -> bool:
    """Whether what was taken for silence on a short context need not be heard on a longer one."""
    return no_speech_probability > _SURELY_NO_SPEECH
