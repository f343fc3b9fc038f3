"""Where speech begins, ends and is cut."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.types import SAMPLE_RATE
from lwd.stream.segmenter import Segmenter, SpeechStarted, WindowEnded
from tests.stream.conftest import FRAME, SEGMENTER


def frames(seconds: float, probability: float) -> list[float]:
    """That many seconds of frames with one probability."""
    return [probability] * round(seconds * SAMPLE_RATE / FRAME)


def speech(seconds: float) -> list[float]:
    """Frames of clear speech."""
    return frames(seconds, 0.95)


def silence(seconds: float) -> list[float]:
    """Frames of clear silence."""
    return frames(seconds, 0.02)


def seconds(samples: int) -> float:
    """A stream position in seconds."""
    return samples / SAMPLE_RATE


def test_speech_starts_where_it_began_not_where_it_was_noticed() -> None:
    """The first frame of the run counts."""
    segmenter = Segmenter(SEGMENTER)

    events = list(segmenter.feed([*silence(1.0), *speech(0.5)]))

    (started,) = events
    assert isinstance(started, SpeechStarted)
    assert seconds(started.at) == pytest.approx(1.0, abs=0.04)


def test_a_click_is_no_speech() -> None:
    """A burst shorter than `min_speech_ms` starts nothing."""
    segmenter = Segmenter(SEGMENTER)

    assert list(segmenter.feed([*silence(1.0), *speech(0.06), *silence(1.0)])) == []


def test_an_endpoint_comes_after_the_silence_that_was_asked_for() -> None:
    """`endpointing` after the last speech, within a frame."""
    segmenter = Segmenter(SEGMENTER)

    events = list(segmenter.feed([*speech(1.0), *silence(1.0)]))

    ended = events[-1]
    assert isinstance(ended, WindowEnded)
    assert ended.is_endpoint
    assert seconds(ended.end) == pytest.approx(1.0 + 0.3, abs=0.05)


def test_a_pause_shorter_than_endpointing_ends_nothing() -> None:
    """A breath inside a sentence is no endpoint."""
    segmenter = Segmenter(SEGMENTER)

    events = list(segmenter.feed([*speech(1.0), *silence(0.25), *speech(1.0)]))

    assert [type(event) for event in events] == [SpeechStarted]


def test_a_doubtful_frame_does_not_end_speech() -> None:
    """Between the thresholds the state stays as it is."""
    segmenter = Segmenter(SEGMENTER)

    events = list(segmenter.feed([*speech(1.0), *frames(2.0, 0.4)]))

    assert [type(event) for event in events] == [SpeechStarted]


def test_endpointing_false_never_ends_an_utterance() -> None:
    """The pause still closes a window, because its words should not wait for more speech."""
    segmenter = Segmenter(replace(SEGMENTER, endpointing_ms=None))

    events = list(segmenter.feed([*speech(1.0), *silence(2.0)]))

    ended = events[-1]
    assert isinstance(ended, WindowEnded)
    assert not ended.is_endpoint


def test_long_speech_is_not_ended() -> None:
    """Where it is cut is for its words to say."""
    events = list(Segmenter(SEGMENTER).feed(speech(60.0)))

    assert [type(event) for event in events] == [SpeechStarted]


@pytest.mark.parametrize(("endpointing_ms", "pause_s"), [(0, 0.1), (10, 0.1), (500, 0.5)])
def test_a_pause_is_expected_to_be_the_end_after_a_tenth_of_a_second(
    endpointing_ms: int, pause_s: float
) -> None:
    """So that its final can be ready in time; no endpoint is earlier than that."""
    segmenter = Segmenter(replace(SEGMENTER, endpointing_ms=endpointing_ms))
    list(segmenter.feed(speech(1.0)))
    n_paused, n = 0, 0

    while not list(segmenter.feed(silence(0.032))):
        n += 1
        n_paused += segmenter.has_paused

    assert (n + 1) * 0.032 == pytest.approx(pause_s, abs=0.032)
    assert n - n_paused <= 2
    assert not segmenter.has_paused


def test_silence_is_closed_every_chunk() -> None:
    """A client that sums durations sees time pass."""
    segmenter = Segmenter(SEGMENTER)

    ends = [e for e in segmenter.feed(silence(11.0)) if isinstance(e, WindowEnded)]

    assert [round(seconds(e.end)) for e in ends] == [5, 10]
    assert all(e.is_endpoint for e in ends)


def test_a_finalize_restarts_the_silent_window() -> None:
    """A window that was closed for another reason is not closed again at once."""
    segmenter = Segmenter(SEGMENTER)
    list(segmenter.feed(silence(4.0)))

    segmenter.end_window(4 * SAMPLE_RATE)

    ends = [e for e in segmenter.feed(silence(6.0)) if isinstance(e, WindowEnded)]
    assert [round(seconds(e.end)) for e in ends] == [9]


def test_when_somebody_spoke_is_remembered_until_it_is_forgotten() -> None:
    """Speech, without the silences that are long enough to be one."""
    segmenter = Segmenter(SEGMENTER)
    list(segmenter.feed([*silence(2.0), *speech(1.0), *silence(0.2), *speech(1.0), *silence(1.0)]))

    edges = [seconds(edge) for span in segmenter.speech(0, 6 * SAMPLE_RATE) for edge in span]
    assert edges == pytest.approx([2.0, 3.0, 3.2, 4.2], abs=0.07)
    assert segmenter.speech(0, SAMPLE_RATE) == []

    segmenter.forget_before(3 * SAMPLE_RATE + FRAME)
    assert len(segmenter.speech(0, 6 * SAMPLE_RATE)) == 1


def test_speech_that_goes_on_is_not_forgotten() -> None:
    """However long ago it was heard of last."""
    segmenter = Segmenter(SEGMENTER)
    list(segmenter.feed([*speech(1.0), *silence(0.2)]))

    segmenter.forget_before(10 * SAMPLE_RATE)

    assert [type(event) for event in segmenter.feed(silence(1.0))] == [WindowEnded]


@given(
    probabilities=st.lists(st.floats(0, 1), max_size=400),
    cuts=st.lists(st.integers(0, 400), max_size=20),
)
def test_any_split_gives_the_same_events(probabilities: list[float], cuts: list[int]) -> None:
    """How the frames arrive makes no difference."""
    whole = list(Segmenter(SEGMENTER).feed(probabilities))

    segmenter = Segmenter(SEGMENTER)
    edges = [0, *sorted(min(c, len(probabilities)) for c in cuts), len(probabilities)]
    parts = [
        event
        for first, last in pairwise(edges)
        for event in segmenter.feed(probabilities[first:last])
    ]

    assert parts == whole


@given(st.lists(st.floats(0, 1), max_size=2000))
def test_windows_end_in_order(probabilities: list[float]) -> None:
    """Whatever the VAD says, no window ends before it begins, and no silence has no result."""
    segmenter = Segmenter(SEGMENTER)
    ends = [e.end for e in segmenter.feed(probabilities) if isinstance(e, WindowEnded)]

    assert all(before < after for before, after in pairwise([0, *ends]))
    now = len(probabilities) * FRAME
    silent_since = max([0, *ends, *(end for _, end in segmenter.speech(0, now))])
    assert now - silent_since <= 5 * SAMPLE_RATE + FRAME
