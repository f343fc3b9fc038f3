"""The encoder takes as little of a window's thirty seconds as is safe."""

from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.mlx.context import CONTEXTS, FULL_CONTEXT, SAMPLES_PER_POSITION, context_for, roomier
from lwd.asr.types import SAMPLE_RATE, JobKind

LONGEST = 30 * SAMPLE_RATE
FIRST_GUESSES = [JobKind.INTERIM, JobKind.FINAL]


@given(kind=st.sampled_from(JobKind), n_samples=st.integers(0, LONGEST))
def test_a_window_fits_its_context(kind: JobKind, n_samples: int) -> None:
    """All of it, with the slack without which Whisper goes astray, as far as there is room."""
    context = context_for(kind, n_samples)

    assert context in CONTEXTS
    needed = n_samples // SAMPLES_PER_POSITION + 128
    assert context >= min(needed, FULL_CONTEXT)


@given(st.sampled_from(JobKind), st.integers(0, LONGEST), st.integers(0, LONGEST))
def test_longer_windows_take_no_less(kind: JobKind, n: int, m: int) -> None:
    """So that what is alike in length is alike in cost."""
    assert context_for(kind, min(n, m)) <= context_for(kind, max(n, m))


def test_a_recording_takes_all() -> None:
    """Nobody waits for it."""
    assert context_for(JobKind.BATCH, SAMPLE_RATE) == FULL_CONTEXT == 1500


def test_interims_are_the_cheapest() -> None:
    """They come often, and the next one mends them."""
    interim, final = (context_for(kind, 2 * SAMPLE_RATE) for kind in FIRST_GUESSES)

    assert interim < final < FULL_CONTEXT


@given(kind=st.sampled_from(JobKind), n_samples=st.integers(0, LONGEST))
def test_what_is_hurried_costs_no_more_than_an_interim(kind: JobKind, n_samples: int) -> None:
    """Whatever it is for."""
    hurried = context_for(kind, n_samples, is_hurried=True)

    assert hurried == context_for(JobKind.INTERIM, n_samples)


def test_a_second_hearing_has_more_room() -> None:
    """By half, as far as Whisper goes."""
    assert [roomier(context) for context in (384, 512, 640, 1024, 1500)] == [
        576,
        768,
        1024,
        1500,
        1500,
    ]
