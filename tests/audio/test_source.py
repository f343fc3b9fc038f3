"""The bytes of a client as 16 kHz audio."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lwd.audio.decode import Decoder, Frames
from lwd.audio.format import AudioFormat, Coding
from lwd.audio.source import AudioSource, AudioSpec, EncodingName
from lwd.errors import UndecodableAudio
from tests.audio.encoders import cuts, flac, floats, noise, pieces, wav

SAMPLES = noise(4_000, channels=2)
RAW = SAMPLES.astype("<i2").tobytes()
EXPECTED = floats(4_000, channels=2).T


class Elsewhere:
    """A decoder of what is compressed, which is told each message and gives a frame for each."""

    def __init__(self, coding: Coding) -> None:
        self.coding = coding
        self.messages: list[bytes] = []
        self.is_closed = False
        self.format: AudioFormat | None = None

    async def feed(self, data: bytes) -> AsyncIterator[Frames]:
        """See Decoder."""
        self.messages.append(data)
        self.format = AudioFormat(self.coding.name, 16_000, 2)
        yield np.full((1, 2), len(self.messages) / 100, np.float32)

    async def flush(self) -> AsyncIterator[Frames]:
        """See Decoder."""
        yield np.ones((1, 2), np.float32)

    async def close(self) -> None:
        """See Decoder."""
        self.is_closed = True


class Opened(list[Elsewhere]):
    """The decoders that a source has asked for."""

    async def __call__(self, coding: Coding) -> Decoder:
        """See OpenDecoder."""
        self.append(Elsewhere(coding))
        return self[-1]


def source_of(asked: AudioSpec) -> AudioSource:
    """A source that needs no other decoders."""
    return AudioSource(asked, Opened())


def spec(
    encoding: EncodingName | None = "linear16",
    sample_rate: int | None = 16_000,
    channels: int = 2,
    *,
    mixdown: bool = False,
) -> AudioSpec:
    """What a request asks for."""
    return AudioSpec(encoding, sample_rate, channels, mixdown, assumed_sample_rate=16_000)


def audio(source: AudioSource, *parts: bytes) -> NDArray[np.float32]:
    """All audio of a stream that comes in `parts`."""
    return asyncio.run(_audio(source, *parts))


async def _audio(source: AudioSource, *parts: bytes) -> NDArray[np.float32]:
    blocks = [block for part in parts async for block in source.feed(part)]
    blocks += [block async for block in source.flush()]
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((2, 0), np.float32)


STREAMS = [
    pytest.param(RAW, AudioFormat("linear16", 44_100, 2), id="linear16"),
    pytest.param(wav(SAMPLES, sample_rate=44_100), AudioFormat("wav", 44_100, 2), id="wav"),
]


@pytest.mark.parametrize(("stream", "found"), STREAMS)
@given(cuts=cuts, mixdown=st.booleans())
@settings(deadline=None)
def test_stream_may_be_cut_anywhere(
    stream: bytes, found: AudioFormat, cuts: list[int], *, mixdown: bool
) -> None:
    """Raw audio and containers of the same samples give the same audio, wherever messages end."""
    reference = audio(source_of(spec(None, 44_100, mixdown=mixdown)), RAW)
    source = source_of(spec(None, 44_100, mixdown=mixdown))

    samples = audio(source, *pieces(stream, cuts))

    assert source.format == found
    assert samples.shape == (1 if mixdown else 2, round(4_000 * 16_000 / 44_100))
    np.testing.assert_array_equal(samples, reference, strict=True)


def test_channels_are_kept() -> None:
    """With multichannel each channel is heard apart."""
    np.testing.assert_array_equal(audio(source_of(spec()), RAW), EXPECTED, strict=True)


def test_channels_are_mixed_down() -> None:
    """Otherwise one channel is the average of all."""
    mixed = audio(source_of(spec(mixdown=True)), RAW)

    np.testing.assert_allclose(mixed, EXPECTED.mean(axis=0, keepdims=True), atol=1e-7)


@given(cuts=cuts)
@settings(deadline=None)
def test_mixing_many_channels_does_not_depend_on_the_messages(cuts: list[int]) -> None:
    """Sums of many channels are rounded alike in short and in long messages."""
    raw = noise(200, channels=20).astype("<i2").tobytes()
    many = spec(channels=20, mixdown=True)

    np.testing.assert_array_equal(
        audio(source_of(many), *pieces(raw, cuts)), audio(source_of(many), raw)
    )


@pytest.mark.parametrize("encoding", [None, "linear16", "mulaw", "flac", "opus"])
def test_container_wins_over_the_request(encoding: EncodingName | None) -> None:
    """What the request says of encoding, rate and channels is noted, not followed."""
    source = source_of(spec(encoding, sample_rate=8_000, channels=1))

    np.testing.assert_array_equal(audio(source, wav(SAMPLES)), EXPECTED)
    assert source.format is not None
    assert source.format.sample_rate == 16_000
    assert source.format.contradicts_encoding == (encoding not in {None, source.format.name})


@pytest.mark.parametrize(
    ("sample_rate", "taken"), [(None, 16_000), (8_000, 8_000), (48_000, 48_000)]
)
def test_audio_without_a_container_is_linear16(sample_rate: int | None, taken: int) -> None:
    """A request that says nothing gets linear16 at the assumed rate."""
    source = source_of(spec(None, sample_rate))

    samples = audio(source, RAW)

    assert source.format == AudioFormat("linear16", taken, 2)
    assert samples.shape == (2, 4_000 * 16_000 // taken)


@pytest.mark.parametrize("size", [0, 4, 8])
def test_shortest_streams_are_raw(size: int) -> None:
    """A stream that ends before its container could be recognised is raw audio."""
    source = source_of(spec())
    np.testing.assert_array_equal(audio(source, RAW[:size]), EXPECTED[:, : size // 4])


@pytest.mark.parametrize(
    ("asked", "stream", "reason"),
    [
        (spec("ogg-opus"), RAW, "encoding=ogg-opus, but the stream does not start with 'OggS'"),
        (spec("flac"), RAW, "encoding=flac, but the stream does not start with 'fLaC'"),
        (spec("flac"), b"short", "encoding=flac, but the stream does not start with 'fLaC'"),
        (spec(None, 4_000), RAW, "linear16 at 4000 Hz"),
        (spec(None, channels=21), RAW, "linear16 with 21 channels"),
        (spec(None), wav(SAMPLES)[:40], "The WAV stream ended before"),
    ],
)
def test_what_cannot_be_decoded_is_refused(asked: AudioSpec, stream: bytes, reason: str) -> None:
    """The stream ends with a reason that its sender can act on."""
    with pytest.raises(UndecodableAudio, match=reason):
        audio(source_of(asked), stream)


@pytest.mark.parametrize(
    ("encoding", "stream", "name"),
    [
        (None, b"OggS" + bytes(100), "ogg"),
        ("mulaw", b"\x1a\x45\xdf\xa3" + bytes(100), "webm"),
        ("flac", flac(SAMPLES), "flac"),
        (None, b"\xff\xfb\x90\x64" + bytes(100), "mp3"),
        (None, b"\xff\xf1\x50\x80\x04\x3f\xfc" + bytes(100), "aac"),
        ("opus", bytes(100), "opus"),
        ("speex", bytes(100), "speex"),
        ("g729", bytes(100), "g729"),
        ("amr-nb", bytes(100), "amr-nb"),
        ("amr-wb", b"#!AMR-WB\n" + bytes(100), "amr"),
    ],
)
def test_what_is_compressed_is_decoded_elsewhere(
    encoding: EncodingName | None, stream: bytes, name: str
) -> None:
    """The decoder is told what it is, and each message as it came: it may be a packet."""
    opened = Opened()
    parts = [stream[:3], stream[3:10], stream[10:]]
    source = AudioSource(spec(encoding, 8_000), opened)

    heard = audio(source, *parts)
    asyncio.run(source.close())

    [decoder] = opened
    assert decoder.coding == Coding(name, 8_000, 2)
    assert decoder.messages == parts
    assert decoder.is_closed
    assert source.format is not None
    assert source.format.contradicts_encoding == (encoding == "mulaw")
    np.testing.assert_allclose(heard, [[0.01, 0.02, 0.03, 1]] * 2)


class Failing(Elsewhere):
    """A decoder that gives a tenth of a second for each message of zeros, and bears no other."""

    async def feed(self, data: bytes) -> AsyncIterator[Frames]:
        """See Decoder."""
        if any(data):
            raise UndecodableAudio("not zeros")
        self.format = AudioFormat(self.coding.name, 8_000, 2)
        yield np.full((800, 2), 0.5, np.float32)


async def test_audio_before_the_failure_is_whole() -> None:
    """What the resampler holds back is heard before the stream is given up."""

    async def opened(coding: Coding) -> Decoder:
        return Failing(coding)

    source = AudioSource(spec("amr-nb", 8_000), opened)
    blocks: list[NDArray[np.float32]] = []

    async def hear(message: bytes) -> None:
        async for block in source.feed(message):
            blocks.append(block)  # noqa: PERF401 - a list made at once would be lost with the error

    await hear(bytes(20))
    with pytest.raises(UndecodableAudio):
        await hear(b"\1" * 20)

    assert np.concatenate(blocks, axis=1).shape == (2, 1_600)


RAW_ENCODINGS: list[tuple[EncodingName, str, float]] = [
    ("linear16", "<i2", 16_384),
    ("linear32", "<f4", 0.5),
    ("mulaw", "u1", 0x8F),
    ("alaw", "u1", 0xA5),
]


@pytest.mark.parametrize(("encoding", "dtype", "half"), RAW_ENCODINGS)
@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 20])
def test_raw_encodings_at_every_rate(
    encoding: EncodingName, dtype: str, half: float, sample_rate: int, channels: int
) -> None:
    """The audio is as long and as loud as it was sent, at any rate and with any channels."""
    sent = np.full((sample_rate // 10, channels), half, dtype).tobytes()

    heard = audio(source_of(spec(encoding, sample_rate, channels)), sent[:7], sent[7:])

    assert heard.shape == (channels, round(sample_rate // 10 * 16_000 / sample_rate))
    np.testing.assert_allclose(heard[:, 500:1_000], 0.5, atol=0.03)


def test_linear16_may_start_like_mp3() -> None:
    """A request for linear16 is trusted where only two bytes speak against it."""
    stream = b"\xff\xfb\x90\x64" * 100

    assert audio(source_of(spec("linear16")), stream).shape == (2, 100)


STARTS = [b"", b"RIFF\0\0\0\0WAVE", b"fLaC", wav(SAMPLES)[:36]]


@given(start=st.sampled_from(STARTS), data=st.binary(max_size=400), cuts=cuts)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_audio_or_refused(start: bytes, data: bytes, cuts: list[int]) -> None:
    """Nothing that a client sends can do more than end its own stream."""
    try:
        samples = audio(source_of(spec(None)), *pieces(start + data, cuts))
    except UndecodableAudio:
        return

    assert np.all(np.abs(samples) <= 1)


@pytest.mark.parametrize(("stream", "found"), STREAMS)
def test_single_bytes_are_taken(stream: bytes, found: AudioFormat) -> None:
    """A client may send as little as it likes at a time."""
    source = source_of(spec(None, 44_100))

    samples = audio(source, *(stream[i : i + 1] for i in range(len(stream))))

    assert source.format == found
    assert samples.shape == (2, round(4_000 * 16_000 / 44_100))


def test_large_messages_are_taken() -> None:
    """A whole file may come in one message."""
    samples = np.zeros((5_000_000, 1), dtype=np.int16)

    for stream in (samples.tobytes(), wav(samples)):
        assert audio(source_of(spec(None, channels=1)), stream).shape == (1, 5_000_000)
