"""Frames that change their form in the middle of a stream."""

from av.audio.frame import AudioFrame

from lwd.decoding.uniform import Uniform


def frame(layout: str, sample_rate: int) -> AudioFrame:
    """A tenth of a second of silence."""
    made = AudioFrame("fltp", layout, sample_rate // 10)
    made.sample_rate = sample_rate
    return made


def test_later_frames_become_like_the_first() -> None:
    """A stream whose rate and channels change goes on as it began."""
    uniform = Uniform()
    sent = [frame("mono", 48_000), *[frame("stereo", 24_000)] * 10, frame("mono", 48_000)]

    made = [one for part in sent for one in uniform.convert(part)]

    assert {(one.sample_rate, one.layout.name) for one in made} == {(48_000, "mono")}
    assert abs(sum(one.samples for one in made) - 12 * 4_800) < 100
