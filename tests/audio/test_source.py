"""The bytes of a client as 16 kHz audio."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lwd.audio.decode import AudioFormat
from lwd.audio.source import AudioSource, AudioSpec
from lwd.errors import UndecodableAudio
from tests.audio.encoders import cuts, flac, floats, noise, pieces, wav

SAMPLES = noise(4_000, channels=2)
RAW = SAMPLES.astype("<i2").tobytes()
EXPECTED = floats(4_000, channels=2).T


def spec(
    encoding: Literal["linear16", "flac"] | None = "linear16",
    sample_rate: int | None = 16_000,
    channels: int = 2,
    *,
    mixdown: bool = False,
) -> AudioSpec:
    """What a request asks for."""
    return AudioSpec(encoding, sample_rate, channels, mixdown, assumed_sample_rate=16_000)


def audio(source: AudioSource, *parts: bytes) -> NDArray[np.float32]:
    """All audio of a stream that comes in `parts`."""
    blocks = [source.feed(part) for part in parts]
    return np.concatenate([*blocks, source.flush()], axis=1)


STREAMS = [
    pytest.param(RAW, AudioFormat("linear16", 44_100, 2), id="linear16"),
    pytest.param(wav(SAMPLES, sample_rate=44_100), AudioFormat("wav", 44_100, 2), id="wav"),
    pytest.param(flac(SAMPLES, sample_rate=44_100), AudioFormat("flac", 44_100, 2), id="flac"),
]


@pytest.mark.parametrize(("stream", "found"), STREAMS)
@given(cuts=cuts, mixdown=st.booleans())
def test_stream_may_be_cut_anywhere(
    stream: bytes, found: AudioFormat, cuts: list[int], *, mixdown: bool
) -> None:
    """Raw audio and containers of the same samples give the same audio, wherever messages end."""
    reference = audio(AudioSource(spec(None, 44_100, mixdown=mixdown)), RAW)
    source = AudioSource(spec(None, 44_100, mixdown=mixdown))

    samples = audio(source, *pieces(stream, cuts))

    assert source.format == found
    assert samples.shape == (1 if mixdown else 2, round(4_000 * 16_000 / 44_100))
    np.testing.assert_array_equal(samples, reference, strict=True)


def test_channels_are_kept() -> None:
    """With multichannel each channel is heard apart."""
    np.testing.assert_array_equal(audio(AudioSource(spec()), RAW), EXPECTED, strict=True)


def test_channels_are_mixed_down() -> None:
    """Otherwise one channel is the average of all."""
    mixed = audio(AudioSource(spec(mixdown=True)), RAW)

    np.testing.assert_allclose(mixed, EXPECTED.mean(axis=0, keepdims=True), atol=1e-7)


@given(cuts=cuts)
def test_mixing_many_channels_does_not_depend_on_the_messages(cuts: list[int]) -> None:
    """Sums of many channels are rounded alike in short and in long messages."""
    raw = noise(200, channels=20).astype("<i2").tobytes()
    many = spec(channels=20, mixdown=True)

    np.testing.assert_array_equal(
        audio(AudioSource(many), *pieces(raw, cuts)), audio(AudioSource(many), raw)
    )


@pytest.mark.parametrize("stream", [wav(SAMPLES), flac(SAMPLES)], ids=["wav", "flac"])
@pytest.mark.parametrize("encoding", [None, "linear16", "flac"])
def test_container_wins_over_the_request(
    stream: bytes, encoding: Literal["linear16", "flac"] | None
) -> None:
    """What the request says of encoding, rate and channels is noted, not followed."""
    source = AudioSource(spec(encoding, sample_rate=8_000, channels=1))

    np.testing.assert_array_equal(audio(source, stream), EXPECTED)
    assert source.format is not None
    assert source.format.sample_rate == 16_000
    assert source.format.contradicts_encoding == (encoding not in {None, source.format.name})


@pytest.mark.parametrize(
    ("sample_rate", "taken"), [(None, 16_000), (8_000, 8_000), (48_000, 48_000)]
)
def test_audio_without_a_container_is_linear16(sample_rate: int | None, taken: int) -> None:
    """A request that says nothing gets linear16 at the assumed rate."""
    source = AudioSource(spec(None, sample_rate))

    samples = audio(source, RAW)

    assert source.format == AudioFormat("linear16", taken, 2)
    assert samples.shape == (2, 4_000 * 16_000 // taken)


@pytest.mark.parametrize("size", [0, 4, 8])
def test_shortest_streams_are_raw(size: int) -> None:
    """A stream that ends before its container could be recognised is raw audio."""
    source = AudioSource(spec())

    assert source.feed(RAW[:size]).shape == (2, 0)
    assert source.format is None
    np.testing.assert_array_equal(source.flush(), EXPECTED[:, : size // 4])


@pytest.mark.parametrize(
    ("asked", "stream", "reason"),
    [
        (spec("linear16"), b"OggS" + bytes(100), "The stream is Ogg"),
        (spec("flac"), RAW, "encoding=flac, but the stream does not start with 'fLaC'"),
        (spec("flac"), b"short", "encoding=flac, but the stream does not start with 'fLaC'"),
        (spec(None), b"\xff\xfb\x90\x64" + bytes(100), "The stream is MP3"),
        (spec(None, 4_000), RAW, "linear16 at 4000 Hz"),
        (spec(None, channels=21), RAW, "linear16 with 21 channels"),
        (spec(None), wav(SAMPLES)[:40], "The WAV stream ended before"),
    ],
)
def test_what_cannot_be_decoded_is_refused(asked: AudioSpec, stream: bytes, reason: str) -> None:
    """The stream ends with a reason that its sender can act on."""
    with pytest.raises(UndecodableAudio, match=reason):
        audio(AudioSource(asked), stream)


def test_linear16_may_start_like_mp3() -> None:
    """A request for linear16 is trusted where only two bytes speak against it."""
    stream = b"\xff\xfb\x90\x64" * 100

    assert audio(AudioSource(spec("linear16")), stream).shape == (2, 100)


STARTS = [b"", b"RIFF\0\0\0\0WAVE", b"fLaC", wav(SAMPLES)[:36], flac(SAMPLES)[:42]]


@given(start=st.sampled_from(STARTS), data=st.binary(max_size=400), cuts=cuts)
@settings(max_examples=300)
def test_any_bytes_are_audio_or_refused(start: bytes, data: bytes, cuts: list[int]) -> None:
    """Nothing that a client sends can do more than end its own stream."""
    try:
        samples = audio(AudioSource(spec(None)), *pieces(start + data, cuts))
    except UndecodableAudio:
        return

    assert np.all(np.abs(samples) <= 1)


@pytest.mark.parametrize(("stream", "found"), STREAMS)
def test_single_bytes_are_taken(stream: bytes, found: AudioFormat) -> None:
    """A client may send as little as it likes at a time."""
    source = AudioSource(spec(None, 44_100))

    samples = audio(source, *(stream[i : i + 1] for i in range(len(stream))))

    assert source.format == found
    assert samples.shape == (2, round(4_000 * 16_000 / 44_100))


def test_large_messages_are_taken() -> None:
    """A whole file may come in one message."""
    samples = np.zeros((5_000_000, 1), dtype=np.int16)

    for stream in (samples.tobytes(), wav(samples)):
        assert audio(AudioSource(spec(None, channels=1)), stream).shape == (1, 5_000_000)
