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
    """`endpointing` plus the hangover after the last speech, within a frame or two."""
    segmenter = Segmenter(SEGMENTER)

    events = list(segmenter.feed([*speech(1.0), *silence(1.0)]))

    ended = events[-1]
    assert isinstance(ended, WindowEnded)
    assert ended.is_endpoint
    assert not ended.is_cut
    assert seconds(ended.end) == pytest.approx(1.0 + 0.3 + 0.1, abs=0.07)


def test_a_pause_shorter_than_endpointing_ends_nothing() -> None:
    """A breath inside a sentence is no endpoint."""
    segmenter = Segmenter(SEGMENTER)

    events = list(segmenter.feed([*speech(1.0), *silence(0.3), *speech(1.0)]))

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
    assert not ended.is_cut


def test_long_speech_is_cut_every_chunk() -> None:
    """Nobody waits longer than `chunk_s` for a final."""
    segmenter = Segmenter(SEGMENTER)

    ends = [e for e in segmenter.feed(speech(16.0)) if isinstance(e, WindowEnded)]

    assert [round(seconds(e.end)) for e in ends] == [5, 10, 15]
    assert all(e.is_cut and not e.is_endpoint for e in ends)


def test_silence_is_closed_every_chunk() -> None:
    """A client that sums durations sees time pass."""
    segmenter = Segmenter(SEGMENTER)

    ends = [e for e in segmenter.feed(silence(11.0)) if isinstance(e, WindowEnded)]

    assert [round(seconds(e.end)) for e in ends] == [5, 10]
    assert all(e.is_endpoint and not e.is_cut for e in ends)


def test_a_finalize_restarts_the_chunk() -> None:
    """A window that was closed for another reason is not cut at once."""
    segmenter = Segmenter(SEGMENTER)
    list(segmenter.feed(speech(4.0)))

    segmenter.end_window(4 * SAMPLE_RATE)

    ends = [e for e in segmenter.feed(speech(6.0)) if isinstance(e, WindowEnded)]
    assert [round(seconds(e.end)) for e in ends] == [9]


def test_a_window_is_trimmed_to_its_speech_with_a_margin() -> None:
    """Silence around speech is not transcribed, but soft first and last sounds are."""
    segmenter = Segmenter(SEGMENTER)
    list(segmenter.feed([*silence(2.0), *speech(1.0), *silence(1.0)]))

    heard = segmenter.speech_between(0, 4 * SAMPLE_RATE)

    assert heard is not None
    assert seconds(heard[0]) == pytest.approx(1.7, abs=0.04)
    assert seconds(heard[1]) == pytest.approx(3.3, abs=0.04)
    assert segmenter.speech_between(0, SAMPLE_RATE) is None


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
def test_windows_end_in_order_and_never_too_late(probabilities: list[float]) -> None:
    """Whatever the VAD says, no stretch without a final is longer than a chunk."""
    ends = [0]
    ends += [e.end for e in Segmenter(SEGMENTER).feed(probabilities) if isinstance(e, WindowEnded)]

    gaps = [after - before for before, after in pairwise(ends)]
    assert all(0 < gap <= 5 * SAMPLE_RATE + FRAME for gap in gaps)
