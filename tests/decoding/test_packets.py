"""Packets without a container, and frames of fixed sizes, some of them made by hand."""

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

# Narrowband, submode 0, which has no bits: 20 ms of comfort noise. Then the terminator, 15.
SPEEX_FRAME = bytes([0b00000_011, 0b11_000000])

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


@pytest.mark.parametrize(("sample_rate", "n_samples"), [(8_000, 160)])
def test_speex_packets_are_decoded(sample_rate: int, n_samples: int) -> None:
    """Speex in packets is as long as its frames."""
    decoded = packet_frames(Coding("speex", sample_rate, 1), [SPEEX_FRAME] * 20)

    assert len(samples(decoded)) == 20 * n_samples


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
