"""Plain PCM, and what a stream may be."""

from typing import Literal

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from hypothesis import given
from hypothesis import strategies as st

from lwd.audio.decode import (
    ALAW,
    F32,
    F64,
    MULAW,
    S16,
    S24,
    S32,
    U8,
    PcmDecoder,
    SampleFormat,
)
from lwd.audio.format import AudioFormat
from lwd.errors import UndecodableAudio
from tests.audio.encoders import cuts, pieces


@given(data=st.binary(max_size=200), cuts=cuts, channels=st.integers(1, 3))
def test_linear16_may_be_cut_anywhere(data: bytes, cuts: list[int], channels: int) -> None:
    """A message may end inside a sample or between the channels of a frame."""
    decoder = PcmDecoder(AudioFormat("linear16", 16_000, channels), S16)

    frames = [decoder.feed(piece) for piece in pieces(data, cuts)]
    frames.append(decoder.flush())

    whole = data[: len(data) - len(data) % (2 * channels)]
    expected = np.frombuffer(whole, "<i2").reshape(-1, channels) / np.float32(32768)
    np.testing.assert_array_equal(np.concatenate(frames), expected, strict=True)


@pytest.mark.parametrize(
    ("sample_format", "data", "expected"),
    [
        (U8, bytes([0, 128, 255]), [-1, 0, 127 / 128]),
        (S16, b"\x00\x80\x00\x00\xff\x7f", [-1, 0, 32767 / 32768]),
        (S24, b"\x00\x00\x80\x00\x00\x00\xff\xff\x7f", [-1, 0, 8388607 / 8388608]),
        (S32, b"\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x40", [-1, 0, 0.5]),
        (F32, np.array([-1, 0.25, 7, np.nan, np.inf], "<f4").tobytes(), [-1, 0.25, 1, 0, 1]),
        (F64, np.array([-1, 0.25, 1e300, np.nan, -np.inf], "<f8").tobytes(), [-1, 0.25, 1, 0, -1]),
    ],
)
def test_sample_formats_reach_full_scale(
    sample_format: SampleFormat, data: bytes, expected: list[float]
) -> None:
    """Every sample format is scaled to [-1, 1], and floats outside of it are brought back."""
    samples = sample_format.to_float(data)

    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, np.array(expected, dtype=np.float32))


@pytest.mark.parametrize(
    ("law", "codec"), [(MULAW, "pcm_mulaw"), (ALAW, "pcm_alaw")], ids=["mu-law", "A-law"]
)
def test_g711_is_that_of_others(law: SampleFormat, codec: Literal["pcm_mulaw", "pcm_alaw"]) -> None:
    """Each of the 256 codes is the sample that FFmpeg makes of it."""
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate, decoder.layout = 8_000, "mono"
    [frame] = decoder.decode(av.Packet(bytes(range(256))))

    np.testing.assert_array_equal(
        law.to_float(bytes(range(256))), frame.to_ndarray()[0] / np.float32(32768)
    )


@given(data=st.binary(max_size=64))
def test_any_bytes_are_audio_in_range(data: bytes) -> None:
    """Floats made of random bytes stay finite."""
    for sample_format in (F32, F64):
        samples = sample_format.to_float(data[: len(data) - len(data) % 8])

        assert np.all(np.abs(samples) <= 1)


@pytest.mark.parametrize(
    ("sample_rate", "channels", "complaint"),
    [
        (7_999, 1, "wav at 7999 Hz: send 8000 to 192000 Hz."),
        (192_001, 1, "wav at 192001 Hz: send 8000 to 192000 Hz."),
        (16_000, 0, "wav with 0 channels: send 1 to 20."),
        (16_000, 21, "wav with 21 channels: send 1 to 20."),
    ],
)
def test_streams_outside_the_limits_are_refused(
    sample_rate: int, channels: int, complaint: str
) -> None:
    """The reason names the value and what is accepted."""
    with pytest.raises(UndecodableAudio) as refused:
        AudioFormat("wav", sample_rate, channels)

    assert str(refused.value) == complaint


@pytest.mark.parametrize(("sample_rate", "channels"), [(8_000, 1), (192_000, 20)])
def test_the_limits_themselves_are_accepted(sample_rate: int, channels: int) -> None:
    """The lowest and the highest values can be used."""
    assert AudioFormat("wav", sample_rate, channels).channels == channels
