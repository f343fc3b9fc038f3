"""FLAC as a stream. What FFmpeg's encoder writes must come out sample for sample."""

from io import BytesIO
from unittest.mock import Mock

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd.audio.decode import Frames
from lwd.decoding.flac import MAX_LOST_BYTES, FlacDecoder, flac_frames
from lwd.errors import UndecodableAudio
from tests.audio.encoders import cuts, encoded, flac, noise, pieces
from tests.decoding.inputs import samples

SAMPLES = noise(10_000, channels=2)
EXPECTED = SAMPLES.astype(np.float32) / np.float32(32768)
STREAM = flac(SAMPLES)
START = 42
NO_AUDIO = STREAM[:START] + b"\x81" + bytes(3)
ID3V1_TAG = b"TAG".ljust(128, b"\0")


def decode(*parts: bytes) -> Frames:
    """All frames of a stream that comes in `parts`."""
    return samples(flac_frames(parts))


def frame_sizes(stream: bytes) -> list[int]:
    """The size of each frame in bytes, by FFmpeg's demuxer."""
    with av.open(BytesIO(stream), "r") as container:
        return [packet.size for packet in container.demux() if packet.size]


SIZES = frame_sizes(STREAM)
ENDS = [len(STREAM) - sum(SIZES[i + 1 :]) for i in range(len(SIZES))]
BLOCKS = np.array_split(EXPECTED, range(1152, len(EXPECTED), 1152))


def damaged(position: int) -> bytes:
    """The stream with one byte changed."""
    changed = bytearray(STREAM)
    changed[position] ^= 0x55
    return bytes(changed)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("bits", "sample_format"), [(16, "s16"), (24, "s32")])
def test_samples_are_exact(channels: int, bits: int, sample_format: str) -> None:
    """FLAC is lossless, so 16 and 24 bit come out as they went in."""
    dtype = np.dtype(f"i{'2' if bits == 16 else '4'}")
    limit = 2 ** (bits - 1)
    values = np.random.default_rng(1).integers(-limit, limit, (6_000, channels))
    integers = (values << (dtype.itemsize * 8 - bits)).astype(dtype)
    stream = encoded(integers, "flac", "flac", sample_rate=48_000, sample_format=sample_format)

    frames = decode(stream)

    assert {frame.sample_rate for frame in flac_frames([stream])} == {48_000}
    np.testing.assert_array_equal(frames, (values / limit).astype(np.float32))


@given(cuts=cuts)
@settings(deadline=None)
def test_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    """Where the messages end makes no difference."""
    np.testing.assert_array_equal(decode(*pieces(STREAM, cuts)), EXPECTED)


def test_each_frame_comes_out_with_its_last_byte() -> None:
    """A live stream waits neither for the next frame nor for the end."""
    decoder = FlacDecoder()
    assert [*decoder.feed(STREAM[: ENDS[0] - 1])] == []

    for start, end, block in zip([ENDS[0] - 1, *ENDS], ENDS, BLOCKS, strict=False):
        assert [*decoder.feed(STREAM[start : end - 1])] == []
        np.testing.assert_array_equal(samples(decoder.feed(STREAM[end - 1 : end])), block)


@pytest.mark.parametrize("offset", [100, -1], ids=["samples", "checksum"])
@pytest.mark.parametrize("size", [1, 999, len(STREAM)])
def test_damaged_frame_loses_only_itself(offset: int, size: int) -> None:
    """All other frames are heard, whatever the messages hold."""
    position = (ENDS[2] if offset > 0 else ENDS[3]) + offset
    stream = damaged(position)

    frames = decode(*(stream[i : i + size] for i in range(0, len(stream), size)))

    np.testing.assert_array_equal(frames, np.concatenate(BLOCKS[:3] + BLOCKS[4:]))


@pytest.mark.parametrize("offset", [0, 2, 4, 5], ids=["sync", "sizes", "number", "checksum"])
def test_damaged_header_loses_only_its_frame(offset: int) -> None:
    """The frame before one whose start is not recognised is kept."""
    frames = decode(damaged(ENDS[2] + offset))

    np.testing.assert_array_equal(frames, np.concatenate(BLOCKS[:3] + BLOCKS[4:]))


@given(cuts=cuts)
@settings(deadline=None)
def test_metadata_is_passed_over(cuts: list[int]) -> None:
    """A cover picture before the audio and a tag after it are not heard."""
    picture = b"\x06" + (70_000).to_bytes(3) + b"\xff\xf8" * 35_000
    stream = STREAM[:START] + picture + STREAM[START:] + ID3V1_TAG

    np.testing.assert_array_equal(decode(*pieces(stream, cuts)), EXPECTED)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"fLaC", "The FLAC stream ended inside its header."),
        (b"fLaC" + bytes(20), "The FLAC stream ended inside its header."),
        (
            b"fLaC" + b"nonsense" * 9,
            "The stream starts with 'fLaC', but no STREAMINFO block follows.",
        ),
        (damaged(ENDS[0] - 1)[: ENDS[0]], "The FLAC stream ended before its first intact frame."),
        (
            NO_AUDIO + bytes(MAX_LOST_BYTES + 1),
            "The FLAC stream has 4194304 bytes without a frame.",
        ),
        (
            STREAM[:18] + (4_000 << 12).to_bytes(4) + STREAM[22:],
            "flac at 4000 Hz: send 8000 to 192000 Hz.",
        ),
    ],
)
def test_what_is_not_flac_is_refused(data: bytes, reason: str) -> None:
    """A stream without intact frames ends with the reason, and does not fill the memory."""
    with pytest.raises(UndecodableAudio) as refused:
        decode(data)

    assert str(refused.value) == reason


def test_stream_of_headers_alone_is_empty() -> None:
    """A client that closes before its first frame has sent no audio, and made no mistake."""
    assert len(decode(NO_AUDIO)) == 0


def test_zeros_after_damage_are_not_decoded_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that keep the checksum at 0 cost one attempt, not one for each message."""
    decode_frame = Mock(return_value=[])
    decoder = FlacDecoder()
    assert [*decoder.feed(NO_AUDIO)] == []
    monkeypatch.setattr(decoder, "_decode", decode_frame)

    for _ in range(100):
        assert [*decoder.feed(b"\0")] == []

    decode_frame.assert_called_once_with(1)


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_damaged_stream_never_crashes(data: st.DataObject) -> None:
    """Whatever happened to a stream, it decodes in part or is refused."""
    stream = bytearray(STREAM)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(stream)))
        stream[start : start + data.draw(st.integers(0, 50))] = data.draw(st.binary(max_size=50))

    try:
        frames = decode(*pieces(bytes(stream), data.draw(cuts)))
    except UndecodableAudio:
        return

    assert np.all(np.abs(frames) <= 1)
