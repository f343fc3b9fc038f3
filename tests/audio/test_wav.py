"""WAV as a stream."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.audio.decode import ALAW, MULAW, Frames, SampleFormat
from lwd.audio.format import AudioFormat
from lwd.audio.wav import MAX_HEADER_BYTES, WavDecoder
from lwd.errors import UndecodableAudio
from tests.audio.encoders import (
    EXTENSIBLE,
    IEEE_FLOAT,
    PCM,
    chunk,
    cuts,
    fmt,
    noise,
    pieces,
    riff,
    wav,
)

SAMPLES = noise(300, channels=2)
EXPECTED = SAMPLES.astype(np.float32) / np.float32(32768)
DATA = SAMPLES.astype("<i2").tobytes()
STEREO = fmt(PCM, 16, channels=2)


def decode(*parts: bytes) -> Frames:
    """All frames of a stream that comes in `parts`."""
    decoder = WavDecoder()
    frames = [decoder.feed(part) for part in parts]
    frames.append(decoder.flush())
    return np.concatenate([part for part in frames if part.size] or [frames[-1]])


def refusal_of(data: bytes) -> str:
    """Why a stream is refused."""
    with pytest.raises(UndecodableAudio) as refused:
        decode(data)
    return str(refused.value)


@pytest.mark.parametrize("extensible", [False, True], ids=["plain", "extensible"])
@pytest.mark.parametrize(
    ("tag", "bits", "dtype", "full_scale"),
    [
        (PCM, 16, "<i2", 2**15),
        (PCM, 32, "<i4", 2**31),
        (IEEE_FLOAT, 32, "<f4", 1),
        (IEEE_FLOAT, 64, "<f8", 1),
    ],
)
def test_each_sample_format_is_read(
    tag: int, bits: int, dtype: str, full_scale: int, *, extensible: bool
) -> None:
    """PCM and float WAV give the same audio, as does WAVE_FORMAT_EXTENSIBLE."""
    samples = (EXPECTED.astype(np.float64) * full_scale).astype(dtype)
    head = fmt(tag, bits, channels=2, sample_rate=44_100, extensible=extensible)
    decoder = WavDecoder()

    frames = decoder.feed(riff(head, chunk(b"data", samples.tobytes())))

    assert decoder.format == AudioFormat("wav", 44_100, 2)
    np.testing.assert_array_equal(frames, EXPECTED)


def test_24_bit_is_read() -> None:
    """Packed 24-bit samples keep all their bits."""
    samples = np.array([-(2**23), -1, 1, 2**23 - 1])
    data = b"".join(int(sample).to_bytes(3, "little", signed=True) for sample in samples)

    frames = decode(riff(fmt(PCM, 24), chunk(b"data", data)))

    np.testing.assert_array_equal(frames[:, 0], (samples / 2**23).astype(np.float32))


def test_8_bit_is_unsigned() -> None:
    """The middle of 8-bit audio is 128."""
    frames = decode(riff(fmt(PCM, 8), chunk(b"data", bytes([0, 128, 192]))))

    np.testing.assert_array_equal(frames[:, 0], np.array([-1, 0, 0.5], dtype=np.float32))


@pytest.mark.parametrize("extensible", [False, True], ids=["plain", "extensible"])
@pytest.mark.parametrize(("tag", "law"), [(6, ALAW), (7, MULAW)], ids=["A-law", "mu-law"])
def test_g711_is_read(tag: int, law: SampleFormat, *, extensible: bool) -> None:
    """Telephone recordings are WAV files, too."""
    data = bytes(range(256))

    frames = decode(riff(fmt(tag, 8, extensible=extensible), chunk(b"data", data)))

    np.testing.assert_array_equal(frames[:, 0], law.to_float(data))


@pytest.mark.parametrize(
    ("frame_bytes", "bits", "sample_bytes"), [(4, 24, 4), (3, 20, 3), (2, 12, 2), (4, 16, 2)]
)
def test_sizes_that_differ_are_understood(frame_bytes: int, bits: int, sample_bytes: int) -> None:
    """Samples may have fewer bits than room, and a wrong size of the frame harms nobody."""
    head = chunk(b"fmt ", struct.pack("<HHIIHH", PCM, 1, 16_000, 0, frame_bytes, bits))
    half = bytes(sample_bytes - 1) + b"\x40"

    frames = decode(riff(head, chunk(b"data", half * 5)))

    np.testing.assert_array_equal(frames[:, 0], np.full(5, 0.5, np.float32))


@given(cuts=cuts)
def test_rf64_is_read_like_wav(cuts: list[int]) -> None:
    """Recordings of more than 4 GB have another marker, and a chunk with their true size."""
    sizes = chunk(b"ds64", bytes(28))
    data = riff(sizes, STEREO, chunk(b"data", DATA, 0xFFFFFFFF)).replace(b"RIFF", b"RF64", 1)

    np.testing.assert_array_equal(decode(*pieces(data, cuts)), EXPECTED)


@given(cuts=cuts)
def test_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    """Where the messages end makes no difference, in the header and in the samples."""
    odd = chunk(b"LIST", b"odd")
    data = riff(odd, STEREO, odd, chunk(b"data", DATA), chunk(b"LIST", b"more"))

    np.testing.assert_array_equal(decode(*pieces(data, cuts)), EXPECTED)


def test_audio_comes_out_before_the_end() -> None:
    """Frames are there as soon as their bytes are."""
    data = riff(STEREO, chunk(b"data", DATA))
    decoder = WavDecoder()

    n_frames = [len(decoder.feed(data[i : i + 1])) for i in range(len(data))]

    assert n_frames == [0] * (len(data) - len(DATA)) + [0, 0, 0, 1] * len(SAMPLES)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, len(DATA) + 1, 0x7FFFFFFF])
def test_unknown_size_lasts_until_the_end(size: int) -> None:
    """A live encoder cannot know the size; its stream is read to the end."""
    np.testing.assert_array_equal(decode(riff(STEREO, chunk(b"data", DATA, size))), EXPECTED)


def test_what_follows_the_samples_is_no_audio() -> None:
    """Tags at the end of a file are not heard."""
    tags = chunk(b"LIST", bytes(range(100)))

    np.testing.assert_array_equal(decode(riff(STEREO, chunk(b"data", DATA), tags)), EXPECTED)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (fmt(0x55, 16, channels=2), "WAV of MP3, 16 bit, 2 channels in 4 bytes"),
        (fmt(0x1234, 16), "WAV of codec 0x1234, 16 bit, 1 channels in 2 bytes"),
        (fmt(IEEE_FLOAT, 16), "WAV of IEEE float, 16 bit, 1 channels in 2 bytes"),
        (
            fmt(PCM, 16, extensible=True).replace(b"\x38\x9b\x71", b"???"),
            "WAV of codec 0xfffe, 16 bit, 1 channels in 2 bytes",
        ),
        (fmt(EXTENSIBLE, 16), "WAV of codec 0xfffe, 16 bit, 1 channels in 2 bytes"),
        (fmt(7, 16), "WAV of mu-law, 16 bit, 1 channels in 2 bytes"),
    ],
)
def test_other_codecs_are_named(head: bytes, found: str) -> None:
    """The reason says what was found and what is accepted."""
    assert refusal_of(riff(head, chunk(b"data", bytes(64)))) == (
        f"{found}: send PCM of 8, 16, 24 or 32 bit, IEEE float of 32 or 64, A-law or mu-law."
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (riff(chunk(b"data", DATA)), "The WAV stream has no 'fmt ' chunk before its 'data' chunk."),
        (riff(chunk(b"fmt ", bytes(14))), "The WAV 'fmt ' chunk has 14 bytes: it needs 16."),
        (riff(STEREO), "The WAV stream ended before its 'data' chunk."),
        (riff(STEREO)[:30], "The WAV stream ended before its 'data' chunk."),
        (
            riff(STEREO, chunk(b"junk", bytes(MAX_HEADER_BYTES)), chunk(b"data", DATA)),
            "The WAV stream has no 'data' chunk in its first 1048576 bytes.",
        ),
        (
            riff(chunk(b"junk", b"", 0xFFFFFFFF)),
            "The WAV stream has no 'data' chunk in its first 1048576 bytes.",
        ),
        (riff(fmt(PCM, 16, sample_rate=4_000)), "wav at 4000 Hz: send 8000 to 192000 Hz."),
    ],
)
def test_broken_headers_are_refused(data: bytes, reason: str) -> None:
    """A header that leads nowhere ends the stream, and does not fill the memory."""
    assert refusal_of(data) == reason


@given(data=st.data())
def test_damaged_header_never_crashes(data: st.DataObject) -> None:
    """Whatever the header says, the stream decodes or is refused."""
    damaged = bytearray(wav(SAMPLES))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))

    try:
        frames = decode(bytes(damaged))
    except UndecodableAudio:
        return

    assert np.all(np.abs(frames) <= 1)
