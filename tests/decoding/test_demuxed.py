"""Containers and bare frames, as live encoders and files have them."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forms import FORMS, LATE_INDEX, Form, written
from lwd.audio.containers import SNIFF_BYTES, container_of, frames_of
from lwd.decoding.containers import CONTAINERS
from lwd.errors import UndecodableAudio
from tests.audio.encoders import cuts, pieces
from tests.decoding.inputs import frames, samples

DECODED = {
    name: form
    for name, form in FORMS.items()
    if form.muxer not in (None, "s16le", "f32le", "mulaw", "alaw", "wav")
}
"""Forms that a decoder process decodes, and that may be cut anywhere."""

_S = 0.6
_CHIRP_HZ = (200, 1800)


def tone(sample_rate: int, channels: int = 1) -> NDArray[np.int16]:
    """A chirp, which a lossy codec keeps and which shows any shift."""
    n = round(_S * sample_rate)
    seconds = np.arange(n) / sample_rate
    low, high = _CHIRP_HZ
    chirp = np.sin(2 * np.pi * (low * seconds + (high - low) * seconds**2 / (2 * _S)))
    return np.repeat((12_000 * chirp).astype(np.int16)[:, None], channels, axis=1)


def rate_of(form: Form) -> int:
    """A rate that the form takes."""
    return form.rates[-1] if form.rates else 16_000


@cache
def stream(name: str) -> bytes:
    """The chirp in a form."""
    form = FORMS[name]
    return written(form, tone(rate_of(form), form.channels[0]), rate_of(form))[0]


def found(name: str) -> str:
    """What lwd takes the form for."""
    head, encoding = stream(name)[:SNIFF_BYTES], FORMS[name].encoding
    return container_of(head) or frames_of(head) or str(encoding)


@cache
def whole(name: str) -> NDArray[np.float32]:
    """What is decoded of a form that comes in one message."""
    return samples(frames(found(name), [stream(name)]))


def offset(heard: NDArray[np.floating], said: NDArray[np.floating]) -> int:
    """By how many samples `heard` is late."""
    size = len(heard) + len(said)
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    late = int(np.fft.irfft(product, size).argmax())
    return late if late < len(heard) else late - size


@pytest.mark.parametrize("name", DECODED)
def test_audio_is_what_was_encoded_and_where_it_was(name: str) -> None:
    """Words come at their times: no more than 7 ms late or early, and nothing is missing."""
    rate = rate_of(FORMS[name])
    heard, said = whole(name)[:, 0], tone(rate)[:, 0] / np.float32(32768)
    decoded_rate = next(iter(frames(found(name), [stream(name)]))).sample_rate

    assert decoded_rate == rate
    assert len(heard) >= len(said)
    assert abs(offset(heard, said)) <= 0.007 * rate


@pytest.mark.parametrize("name", [name for name, form in DECODED.items() if form.is_exact])
def test_lossless_audio_is_exact(name: str) -> None:
    """What loses nothing on its way comes out sample for sample."""
    rate, channels = rate_of(FORMS[name]), FORMS[name].channels[0]

    np.testing.assert_array_equal(whole(name), tone(rate, channels) / np.float32(32768))


@pytest.mark.parametrize("name", DECODED)
@given(cuts=cuts)
@settings(max_examples=12, deadline=None)
def test_stream_may_be_cut_anywhere(name: str, cuts: list[int]) -> None:
    """Where the messages end makes no difference, not even to a lossy codec."""
    parts = [part for part in pieces(stream(name), cuts) if part]

    np.testing.assert_array_equal(samples(frames(found(name), parts)), whole(name))


@pytest.mark.parametrize("name", DECODED)
def test_single_bytes_are_taken(name: str) -> None:
    """A client may send as little as it likes at a time."""
    parts = [bytes([byte]) for byte in stream(name)]

    np.testing.assert_array_equal(samples(frames(found(name), parts)), whole(name))


class _Counting:
    """Messages of 50 bytes, of which it is known how many were taken."""

    def __init__(self, data: bytes) -> None:
        self.n_bytes = 0
        self._data = data

    def __iter__(self) -> "_Counting":
        return self

    def __next__(self) -> bytes:
        part = self._data[self.n_bytes : self.n_bytes + 50]
        if not part:
            raise StopIteration
        self.n_bytes += len(part)
        return part


@pytest.mark.parametrize(
    ("name", "most_bytes"),
    [
        ("webm opus", 1_000),
        ("ogg opus", 1_000),
        ("webm camera", 2_000),
        ("m4a fragmented", 2_500),
        ("aac", 1_200),
        ("mp3 live", 1_500),
        ("amr", 100),
    ],
)
def test_audio_comes_long_before_the_end(name: str, most_bytes: int) -> None:
    """A live stream is decoded as it comes: the first audio after a fraction of a second."""
    parts = _Counting(stream(name))

    next(iter(frames(found(name), parts)))

    assert parts.n_bytes <= most_bytes


@pytest.mark.parametrize("name", DECODED)
def test_garbage_at_the_end_loses_only_itself(name: str) -> None:
    """What was decoded stays decoded when something else follows it."""
    garbage = np.random.default_rng(3).bytes(3_000)

    heard = samples(frames(found(name), [stream(name), garbage]))

    kept = len(whole(name)) - 2_304
    np.testing.assert_array_equal(heard[:kept], whole(name)[:kept])


@pytest.mark.parametrize("name", ["webm opus", "ogg opus", "aac", "mp3", "amr", "m4a fragmented"])
def test_damage_in_the_middle_loses_only_itself(name: str) -> None:
    """The audio goes on after some bytes that are wrong."""
    data, middle = stream(name), len(stream(name)) // 2
    damaged = data[:middle] + bytes(byte ^ 0x5A for byte in data[middle : middle + 20])
    damaged += data[middle + 20 :]

    heard = samples(frames(found(name), [damaged]))

    assert len(heard) > 0.7 * len(whole(name))


@pytest.mark.parametrize("tag_bytes", [0, 100, 70_000])
@given(cuts=cuts)
@settings(max_examples=8, deadline=None)
def test_tags_before_mp3_are_passed_over(tag_bytes: int, cuts: list[int]) -> None:
    """A cover picture is not heard, and costs the audio behind it nothing."""
    size = bytes(tag_bytes >> shift & 0x7F for shift in (21, 14, 7, 0))
    tag = b"ID3\x04\0\0" + size + np.random.default_rng(4).bytes(tag_bytes)
    frames_alone = stream("mp3 live")[stream("mp3 live").index(b"\xff") :]
    parts = [part for part in pieces(tag + frames_alone, cuts) if part]

    heard = samples(frames("mp3", parts))

    np.testing.assert_array_equal(heard, samples(frames("mp3", [frames_alone])))


LINKS = [
    ("ogg opus", 48_000, 1),
    ("ogg opus", 48_000, 2),
    ("ogg flac", 16_000, 1),
    ("ogg vorbis", 48_000, 2),
]


def link(name: str, sample_rate: int, channels: int) -> bytes:
    """The chirp as an Ogg stream with a serial number of its own."""
    return written(FORMS[name], tone(sample_rate, channels), sample_rate)[0]


@pytest.mark.parametrize("second", LINKS)
@pytest.mark.parametrize("first", LINKS)
def test_chained_streams_are_heard_one_after_the_other(
    first: tuple[str, int, int], second: tuple[str, int, int]
) -> None:
    """What follows in an Ogg stream is heard too, as whatever it is encoded."""
    streams = [link(*first), link(*second)]
    before, after = [samples(frames("ogg", [one])) for one in streams]

    heard = samples(frames("ogg", streams))

    np.testing.assert_array_equal(heard[: len(before)], before)
    rest, rate = heard[len(before) :, 0], first[1]
    assert len(rest) / rate == pytest.approx(len(after) / second[1], abs=0.002)
    assert abs(offset(rest, tone(rate)[:, 0] / np.float32(32768))) <= 0.007 * rate


def test_a_damaged_link_loses_only_itself() -> None:
    """What comes after a stream that cannot be decoded is heard."""
    first, second, third = [link(*LINKS[0]) for _ in range(3)]

    heard = samples(frames("ogg", [first, second.replace(b"OpusHead", bytes(8)), third]))

    expected = [samples(frames("ogg", [one])) for one in (first, third)]
    np.testing.assert_array_equal(heard, np.concatenate(expected))


def test_index_behind_the_audio_is_refused_at_once() -> None:
    """The sender learns what to do before it has sent all of its file."""
    [data] = written(LATE_INDEX, tone(16_000), 16_000)
    start = data[: data.index(b"mdat") + 100]

    with pytest.raises(UndecodableAudio, match="faststart"):
        samples(frames("mp4", [start]))


def test_a_track_that_comes_late_is_passed_over() -> None:
    """Damage may look like another track's description; the audio of the first goes on."""
    data = stream("m4a fragmented")
    start, fragment = data.index(b"trak") - 4, data.rindex(b"moof") - 4
    track = data[start : start + int.from_bytes(data[start : start + 4])]

    heard = samples(frames("mp4", [data[:fragment] + track + data[fragment:]]))

    np.testing.assert_array_equal(heard, whole("m4a fragmented"))


@pytest.mark.parametrize("name", ["webm opus", "ogg opus", "m4a fragmented", "mp3", "aac", "amr"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5])
def test_cut_off_streams_are_audio_or_refused(name: str, share: float) -> None:
    """What a stream had before it broke off is heard, and one without audio is refused."""
    data = stream(name)
    cut_off = data[: round(share * len(data))]
    try:
        heard = samples(frames(found(name), [cut_off] if cut_off else []))
    except UndecodableAudio:
        assert share < 0.5
    else:
        assert len(heard) >= 0.8 * share * len(whole(name)) - 2_304
        np.testing.assert_array_equal(heard[:-2_304], whole(name)[: len(heard)][:-2_304])


@st.composite
def hostile(draw: st.DrawFn) -> tuple[str, Sequence[bytes]]:
    """A stream that was damaged, cut short or made of nothing, and what it is taken for."""
    name = draw(st.sampled_from([*DECODED]))
    data = bytearray(stream(name))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 40))] = draw(st.binary(max_size=40))
    if draw(st.booleans()):
        data[12:] = draw(st.binary(max_size=300))
    return found(name), [part for part in pieces(bytes(data), draw(cuts)) if part]


@given(sent=hostile())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_audio_or_refused(sent: tuple[str, Sequence[bytes]]) -> None:
    """Nothing that a client sends can do more than end its own stream."""
    name, parts = sent
    try:
        heard = samples(frames(name, parts))
    except (UndecodableAudio, MemoryError):
        return

    assert heard.ndim == 2


def test_every_container_has_a_test() -> None:
    """Whatever is decoded is decoded here, or made by hand in the tests of bare frames."""
    by_hand = {"amr-wb", "g729"}

    assert {found(name) for name in DECODED} | by_hand >= CONTAINERS.keys()
