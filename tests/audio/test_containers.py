"""What a stream is taken for by its first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.audio.containers import container_of, contradicts, frames_of


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"RIFF\0\0\0\0WAVE", "wav"),
        (b"RF64\xff\xff\xff\xffWAVE", "wav"),
        (b"fLaC\0\0\0\x22\0\0\0\0", "flac"),
        (b"OggS\0\x02\0\0\0\0\0\0", "ogg"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81", "webm"),
        (b"ID3\x04\0\0\0\0\0\x23TS", "mp3"),
        (b"\0\0\0\x20ftypM4A ", "mp4"),
        (b"\0\0\n\x20ftypM4A ", "mp4"),
        (b"\0\0\0\x08wide\0\0\0\0", "mp4"),
        (b"#!AMR\n\x3c\0\0\0\0\0", "amr"),
        (b"#!AMR-WB\n\x44\0\0", "amr"),
    ],
)
def test_containers_are_recognised(head: bytes, name: str) -> None:
    """Each is known by its signature."""
    assert container_of(head) == name


@pytest.mark.parametrize("head", [b"", b"RIFF", b"RIFF\0\0\0\0AVI ", bytes(12), b"fLa", b"\0ftyp"])
def test_anything_else_is_no_container(head: bytes) -> None:
    """Raw audio has no signature."""
    assert container_of(head) is None


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf3\x40\xc4", "mp3"),
        (b"\xff\xe2\x10\0", "mp3"),
        (b"\xff\xf1\x50\x80\x04\x3f\xfc", "aac"),
        (b"\xff\xf9\x60\x40\x10\x7f\xfc", "aac"),
    ],
)
def test_bare_frames_are_recognised(head: bytes, name: str) -> None:
    """MP3 without a tag and AAC begin with a header of their frames."""
    assert frames_of(head) == name


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfb",
        b"\xff\xff\x90\x64",
        b"\xff\xfb\xf0\x64",
        b"\xff\xfb\x00\x64",
        b"\xff\xf1\x3c\x80\x04\x3f",
        b"\xff\xf1\x50\x80\x00\x3f",
        b"\xff\xf6\x50\x80\x04\x3f",
    ],
)
def test_other_sync_words_are_no_frames(head: bytes) -> None:
    """Other layers, reserved rates, invalid bit rates and empty frames are neither."""
    assert frames_of(head) is None


@pytest.mark.parametrize(
    ("encoding", "found", "expected"),
    [
        (None, "webm", False),
        ("linear16", "linear16", False),
        ("linear16", "wav", True),
        ("opus", "webm", True),
        ("opus", "ogg", True),
        ("ogg-opus", "ogg", False),
        ("speex", "ogg", False),
        ("flac", "ogg", False),
        ("amr-wb", "amr", False),
        ("mulaw", "mp3", True),
    ],
)
def test_contradictions(encoding: str | None, found: str, expected: bool) -> None:
    """A container that an encoding usually comes in is no contradiction."""
    assert contradicts(encoding, found) is expected


@given(head=st.binary(max_size=12))
def test_any_start_is_something_or_nothing(head: bytes) -> None:
    """No bytes can do harm here."""
    assert container_of(head) is None or len(head) >= 4
