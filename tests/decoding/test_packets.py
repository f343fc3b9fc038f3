"""Packets without a container, and frames of fixed sizes, some of them made by hand."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import FORMS, written
from lwd.audio.format import Coding
from lwd.decoding.packets import packet_frames
from lwd.errors import UndecodableAudio
from tests.audio.encoders import cuts, pieces
from tests.decoding.inputs import frames, samples
from tests.decoding.test_demuxed import offset, tone

OPUS = written(FORMS["opus"], tone(48_000), 48_000)

# Submode 0 of each band, which has no bits: 20 ms of comfort noise. Then the terminator, 15.
SPEEX = [
    (8_000, bytes([0b00000_011, 0b11_000000])),
    (16_000, bytes([0b00000_1_00, 0b0_01111_00])),
    (32_000, bytes([0b00000_1_00, 0b0_1_000_011, 0b11_000000])),
]

# Octet-aligned storage: mode 8 (23.85 kbit/s), good quality, 477 bits.
AMR_WB_FRAME = b"\x44" + bytes(range(60))

# 8 kbit/s: 10 ms in 10 bytes.
G729_FRAME = bytes(range(10))


def test_opus_packets_are_decoded_one_by_one() -> None:
    """Each message is heard at once, 6.5 ms late, since no header tells what to leave out."""
    said = tone(48_000)[:, 0] / np.float32(32768)
    blocks = [frame.samples for frame in frames("opus", OPUS)]

    heard = samples(frames("opus", OPUS))[:, 0]

    assert blocks == [960] * len(OPUS)
    assert offset(heard, said) == 312


def test_a_lost_opus_packet_loses_only_itself() -> None:
    """Others than the damaged one are heard."""
    sent = [*OPUS[:10], b"\xff", *OPUS[11:]]

    assert len(samples(frames("opus", sent))) == 960 * (len(OPUS) - 1)


def test_stereo_opus_stays_stereo() -> None:
    """Channels are those that the client named."""
    sent = written(FORMS["opus"], tone(48_000, 2), 48_000)

    heard = samples(packet_frames(Coding("opus", 48_000, 2), sent))

    assert heard.shape == (960 * len(sent), 2)


@pytest.mark.parametrize("name", ["opus", "speex"])
def test_packets_have_two_channels_at_most(name: str) -> None:
    """More cannot be in one, and the client learns it."""
    with pytest.raises(UndecodableAudio, match="send 1 or 2"):
        [*packet_frames(Coding(name, 16_000, 3), [])]


@pytest.mark.parametrize(("sample_rate", "frame"), SPEEX)
def test_speex_packets_are_decoded(sample_rate: int, frame: bytes) -> None:
    """Speex in packets is as long as its frames, in each of its bands."""
    decoded = packet_frames(Coding("speex", sample_rate, 1), [frame] * 20)

    assert len(samples(decoded)) == 0.4 * sample_rate


@pytest.mark.parametrize(("sample_rate", "frame"), SPEEX)
@given(cuts=cuts)
@settings(max_examples=10, deadline=None)
def test_speex_in_ogg_may_be_cut_anywhere(sample_rate: int, frame: bytes, cuts: list[int]) -> None:
    """What Speex's own encoder writes is as long as its frames, wherever messages end."""
    decoded = frames("ogg", filter(None, pieces(ogg_speex(sample_rate, [frame] * 20), cuts)))

    assert len(samples(decoded)) == 0.4 * sample_rate


def ogg_speex(sample_rate: int, packets: list[bytes]) -> bytes:
    """A stream of packets of 20 ms, after RFC 3533 and the Speex manual."""
    band, size = (8_000, 16_000, 32_000).index(sample_rate), sample_rate // 50
    numbers = (1, 80, sample_rate, band, 4, 1, -1, size, 0, 1, 0, 0, 0)
    head = struct.pack("<8s20s13i", b"Speex   ", b"1.2.0", *numbers)
    starts = ogg_page(2, 0, 0, head) + ogg_page(0, 0, 1, bytes(8))
    return starts + b"".join(ogg_page(0, (n + 1) * size, n + 2, p) for n, p in enumerate(packets))


def ogg_page(flags: int, position: int, number: int, body: bytes) -> bytes:
    """A page with one packet and its checksum."""
    page = (
        struct.pack("<4sBBqIIIBB", b"OggS", 0, flags, position, 7, number, 0, 1, len(body)) + body
    )
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ (checksum >> 31) * 0x04C11DB7) & 0xFFFFFFFF
    return page[:22] + struct.pack("<I", checksum) + page[26:]


@pytest.mark.parametrize(
    ("name", "frame", "n_samples"), [("amr-wb", AMR_WB_FRAME, 320), ("g729", G729_FRAME, 80)]
)
@given(cuts=cuts)
@settings(max_examples=20, deadline=None)
def test_frames_may_be_cut_anywhere(
    name: str, frame: bytes, n_samples: int, cuts: list[int]
) -> None:
    """Frames of fixed sizes need no messages of their own."""
    data = frame * 20

    heard = samples(frames(name, [part for part in pieces(data, cuts) if part]))

    assert len(heard) == 20 * n_samples
    np.testing.assert_array_equal(heard, samples(frames(name, [data])))


def test_amr_wb_in_storage_format_is_decoded() -> None:
    """A file of AMR-WB says so at its start."""
    assert len(samples(frames("amr", [b"#!AMR-WB\n" + AMR_WB_FRAME * 5]))) == 5 * 320


def test_what_is_no_packet_is_refused_after_a_second() -> None:
    """Chunks of something else end the stream soon, not when it is over."""
    endless = iter(lambda: b"\xff", b"")

    with pytest.raises(UndecodableAudio, match="no message holds a packet"):
        samples(packet_frames(Coding("opus", 48_000, 1), endless))


@given(packets=st.lists(st.binary(min_size=1, max_size=60), max_size=20))
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("name", ["opus", "speex", "amr-nb", "amr-wb", "g729", "flac"])
def test_any_bytes_are_audio_or_refused(name: str, packets: list[bytes]) -> None:
    """Nothing that a client sends can do more than end its own stream."""
    try:
        heard = samples(frames(name, packets))
    except UndecodableAudio:
        return

    assert heard.ndim == 2
