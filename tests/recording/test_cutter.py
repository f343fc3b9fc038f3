"""Where recordings are cut, for whatever a speech detector says."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.recording.cutter import CutSettings, Cutter, Span

FRAME = 512
S = 16_000 // FRAME  # frames in a second, about

probabilities = st.lists(
    st.tuples(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), st.integers(1, 90)), max_size=25
).map(lambda runs: [p for p, n in runs for _ in range(n)])


def settings(longest_s: float = 5.0, pause_s: float = 1.0, shortest_s: float = 0.0) -> CutSettings:
    """Few seconds, so that few frames show what happens."""
    return CutSettings(FRAME, longest_s=longest_s, pause_s=pause_s, shortest_s=shortest_s)


def cut(parts: Iterable[Iterable[float]], chosen: CutSettings) -> list[Span]:
    """All pieces, in frames."""
    cutter = Cutter(chosen)
    spans = [span for part in parts for span in cutter.feed(part)]
    return [(start // FRAME, end // FRAME) for start, end in (*spans, *cutter.finish())]


@given(probabilities)
def test_pieces_hold_all_speech_once(frames: list[float]) -> None:
    """Nothing that is said is left out or heard twice, and no piece is too long."""
    spans = cut([frames], settings())

    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert all(0 <= start < end <= len(frames) for start, end in spans)
    assert all(end - start <= round(5 * 16_000 / FRAME) for start, end in spans)
    covered = {n for start, end in spans for n in range(start, end)}
    assert {n for n, p in enumerate(frames) if p >= 0.5} <= covered


@given(probabilities, st.lists(st.integers(0, 500), max_size=5))
def test_it_does_not_matter_how_audio_comes(frames: list[float], cuts: list[int]) -> None:
    """Blocks of any length are cut at the same places."""
    bounds = [0, *sorted(cuts), len(frames)]
    parts = [frames[a:b] for a, b in pairwise(bounds)]

    assert cut(parts, settings()) == cut([frames], settings())


@given(probabilities)
def test_what_is_no_longer_needed_is_not(frames: list[float]) -> None:
    """No piece begins in audio that could be forgotten, so little need be held."""
    cutter, forgotten = Cutter(settings()), 0
    for frame in frames:
        for start, _ in cutter.feed([frame]):
            assert start >= forgotten
        forgotten = cutter.needed_from
        assert forgotten >= 0
    assert all(start >= forgotten for start, _ in cutter.finish())


def test_silence_makes_no_piece() -> None:
    """An hour in which nobody speaks is nothing to hear, and takes no memory."""
    cutter = Cutter(settings())

    assert list(cutter.feed([0.1] * 1000)) == []
    assert cutter.needed_from >= 980 * FRAME
    assert list(cutter.finish()) == []


def test_a_pause_ends_a_piece_with_a_margin() -> None:
    """What is soft before and after speech is heard with it."""
    frames = [0.0] * S + [1.0] * S + [0.0] * 2 * S + [1.0] * S

    first, second = cut([frames], settings())

    margin = round(0.5 * 16_000 / FRAME)
    assert first == (S - margin, 2 * S + margin)
    assert second == (4 * S - margin, 5 * S)


def test_long_speech_is_cut_at_its_longest_pause() -> None:
    """Not at the last one, and in its middle."""
    frames = [1.0] * 3 * S + [0.0] * 10 + [1.0] * S + [0.0] * 4 + [1.0] * 2 * S

    first, second = cut([frames], settings())

    assert first[1] == second[0] == 3 * S + 5


def test_speech_without_a_pause_is_cut_where_it_is_least_like_speech() -> None:
    """Somewhere it must be."""
    frames = [0.9] * 4 * S + [0.5] + [0.9] * 3 * S

    assert [start for start, _ in cut([frames], settings())] == [0, 4 * S]


@pytest.mark.parametrize(("n_frames", "n_pieces"), [(1, 0), (2, 0), (3, 1)])
def test_a_click_is_no_speech(n_frames: int, n_pieces: int) -> None:
    """A burst of less than a tenth of a second makes no piece."""
    frames = [0.0] * S + [1.0] * n_frames + [0.0] * 2 * S

    assert len(cut([frames], settings(shortest_s=0.1))) == n_pieces
