"""What a stream is taken for by its first bytes."""

import pytest

from lwd.audio.containers import container_decoder, starts_mp3_frame
from lwd.audio.flac import FlacDecoder
from lwd.audio.wav import WavDecoder
from lwd.errors import UndecodableAudio


def test_decoded_containers_are_recognised() -> None:
    """WAV and FLAC are known by their signatures."""
    assert isinstance(container_decoder(b"RIFF\0\0\0\0WAVE"), WavDecoder)
    assert isinstance(container_decoder(b"fLaC\0\0\0\x22\0\0\0\0"), FlacDecoder)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"OggS\0\x02\0\0\0\0\0\0", "Ogg"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81", "WebM or Matroska"),
        (b"ID3\x04\0\0\0\0\0\x23TS", "MP3"),
        (b"\0\0\0\x20ftypM4A ", "MP4"),
    ],
)
def test_other_containers_are_refused_by_name(head: bytes, name: str) -> None:
    """The reason says what came, what is accepted, and what to do."""
    with pytest.raises(UndecodableAudio) as refused:
        container_decoder(head)

    assert str(refused.value) == (
        f"The stream is {name}; this release takes linear16, WAV and FLAC. "
        "Convert it first, for example with: ffmpeg -i INPUT -f wav -"
    )


@pytest.mark.parametrize("head", [b"", b"RIFF", b"RIFF\0\0\0\0AVI ", bytes(12), b"fLa", b"\0ftyp"])
def test_anything_else_is_no_container(head: bytes) -> None:
    """Raw audio has no signature."""
    assert container_decoder(head) is None


@pytest.mark.parametrize("head", [b"\xff\xfb\x90\x64", b"\xff\xf3\x40\xc4", b"\xff\xe2\x10\0"])
def test_mp3_without_a_tag_is_recognised(head: bytes) -> None:
    """The first frame's header tells."""
    assert starts_mp3_frame(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfb",
        b"\xff\xff\x90\x64",
        b"\xff\xfb\xf0\x64",
        b"\xff\xfb\x00\x64",
        b"\xff\xf1\x50\x80",
    ],
)
def test_other_sync_words_are_no_mp3(head: bytes) -> None:
    """Other layers, AAC and invalid bit rates are not taken for MP3."""
    assert not starts_mp3_frame(head)
