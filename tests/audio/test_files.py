"""Files and pipes for the command line."""

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from lwd.audio.files import audio_duration_s, read_audio, write_flac
from lwd.errors import InputUnreadable, OutputUnwritable
from tests.audio.encoders import encoded, wav

Codec = Literal["flac", "libopus", "mp3", "pcm_s16le"]

SECONDS = 0.5
TONE = (8_000 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 48_000)).astype(np.int16)[:, None]
FORMATS: list[tuple[str, Codec]] = [
    ("wav", "pcm_s16le"),
    ("flac", "flac"),
    ("mp3", "mp3"),
    ("ogg", "libopus"),
    ("matroska", "libopus"),
]


def read(source: Any, sample_rate: int = 16_000) -> np.ndarray[Any, np.dtype[np.int16]]:
    """All samples of `source`."""
    return np.concatenate(list(read_audio(source, sample_rate)))


@pytest.mark.parametrize(("container", "codec"), FORMATS)
def test_files_of_any_format_are_read(container: str, codec: Codec, tmp_path: Path) -> None:
    """The tone is there, mono and at the rate asked for."""
    path = tmp_path / f"tone.{container}"
    stereo = np.repeat(TONE, 2, axis=1)
    path.write_bytes(encoded(stereo, container, codec, sample_rate=48_000))

    samples = read(path)

    assert samples.dtype == np.int16
    assert len(samples) == pytest.approx(16_000 * SECONDS, abs=600)
    spectrum = np.abs(np.fft.rfft(samples[1_000:7_000]))
    assert np.argmax(spectrum) * 16_000 / 6_000 == pytest.approx(440, abs=3)
    assert np.abs(samples[1_000:7_000]).max() == pytest.approx(8_000, rel=0.1)


@pytest.mark.parametrize(("container", "codec"), FORMATS)
def test_pipes_are_read(container: str, codec: Codec) -> None:
    """What cannot be rewound is read all the same."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as source:
        with os.fdopen(writer, "wb") as sink:
            sink.write(encoded(TONE, container, codec, sample_rate=48_000))

        assert len(read(source)) == pytest.approx(16_000 * SECONDS, abs=600)


def test_an_index_at_the_end_is_found(tmp_path: Path) -> None:
    """An MP4 as cameras and telephones write it is read by going back in it."""
    path = tmp_path / "tone.mp4"
    path.write_bytes(encoded(TONE, "mov", "pcm_s16le", sample_rate=48_000))
    assert path.read_bytes().index(b"moov") > path.read_bytes().index(b"mdat")

    assert len(read(path)) == pytest.approx(16_000 * SECONDS, abs=600)
    assert audio_duration_s(path) == pytest.approx(SECONDS, abs=0.05)


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile {name}\n",
    "ffconcat-path": "ffconcat version 1.0\nfile {path}\n",
    "ffconcat-url": "ffconcat version 1.0\nfile file:{path}\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 9 RTP/AVP 0\nc=IN IP4 127.0.0.1\n",
}


@pytest.mark.parametrize("ending", ["mp3", "m3u8", "ffconcat", "sdp"])
@pytest.mark.parametrize("playlist", PLAYLISTS)
@pytest.mark.parametrize("is_named", [True, False])
def test_a_playlist_leads_to_no_other_file(
    playlist: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_named: bool
) -> None:
    """What is called a recording and names one is read as neither, from a path or a pipe."""
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other.wav"
    other.write_bytes(wav(TONE))
    path = Path(f"list.{ending}")
    path.write_text(PLAYLISTS[playlist].format(name=other.name, path=other))

    with path.open("rb") as file, pytest.raises(InputUnreadable, match="holds no audio that can"):
        read(path if is_named else file)
    assert audio_duration_s(path) is None


@pytest.mark.parametrize("protocol", ["file:", "cache:", "concat:", "data:,", "tcp://"])
def test_a_name_is_a_path_and_nothing_more(protocol: str) -> None:
    """FFmpeg's protocols are none here."""
    with pytest.raises(InputUnreadable, match="cannot be read: No such file"):
        read(f"{protocol}{__file__}")


def test_16_khz_mono_is_not_changed(tmp_path: Path) -> None:
    """Audio that is right already comes out sample for sample."""
    path = tmp_path / "tone.wav"
    path.write_bytes(wav(TONE))

    np.testing.assert_array_equal(read(str(path)), TONE[:, 0])


def test_damaged_packets_are_left_out(tmp_path: Path) -> None:
    """A file that is damaged in one place is read around it."""
    stream = bytearray(encoded(TONE, "flac", "flac", sample_rate=16_000))
    stream[-5_000:-4_900] = bytes(100)
    path = tmp_path / "tone.flac"
    path.write_bytes(stream)

    assert 0 < len(read(path)) < len(TONE)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """The reason says which file, and what is wrong with it."""
    path = tmp_path / "missing.wav"

    with pytest.raises(InputUnreadable) as unreadable:
        read(path)

    assert str(unreadable.value) == f"{path} cannot be read: No such file or directory."


def test_directory_is_named(tmp_path: Path) -> None:
    """A directory is no audio file."""
    with pytest.raises(InputUnreadable) as unreadable:
        read(tmp_path)

    assert str(unreadable.value) == f"{tmp_path} cannot be read: Is a directory."


def test_an_empty_file_is_called_so(tmp_path: Path) -> None:
    """A recording that failed before its first byte is not a damaged one."""
    path = tmp_path / "notes"
    path.touch()

    with pytest.raises(
        InputUnreadable, match=r"notes holds no audio that can be read: it is empty"
    ):
        read(path)


@pytest.mark.parametrize(
    "content",
    [b"this is text\n" * 100, b"RIFF" + bytes(200), encoded(TONE, "flac", "flac")[:50]],
    ids=["text", "broken", "cut off"],
)
def test_what_is_not_audio_is_named(content: bytes, tmp_path: Path) -> None:
    """The reason names the file and what it may be."""
    path = tmp_path / "notes"
    path.write_bytes(content)

    with pytest.raises(InputUnreadable, match=r"notes holds no audio that can be read"):
        read(path)


def test_audio_that_is_all_damaged_is_named(tmp_path: Path) -> None:
    """A file none of whose frames decodes is not taken for silence."""
    stream = encoded(TONE, "flac", "flac")
    intact = stream.index(b"\xff\xf8") + 20
    path = tmp_path / "damaged.flac"
    path.write_bytes(stream[:intact] + bytes(len(stream) - intact))

    with pytest.raises(InputUnreadable, match=r"damaged\.flac holds no audio that can be read"):
        read(path)


def test_file_without_sound_is_named(tmp_path: Path) -> None:
    """A picture can be read, but not heard."""
    path = tmp_path / "picture.gif"
    path.write_bytes(
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
    )

    with pytest.raises(InputUnreadable) as unreadable:
        read(path)

    assert str(unreadable.value) == f"{path} has no audio stream."


def test_flac_holds_what_was_written(tmp_path: Path) -> None:
    """To the sample, and it says how long it is."""
    samples = np.random.default_rng(1).integers(-(2**15), 2**15, 20_000).astype(np.int16)
    path = tmp_path / "noise.flac"

    write_flac(path, samples)

    assert np.array_equal(np.concatenate(list(read_audio(path))), samples)
    assert audio_duration_s(path) == pytest.approx(1.25)


def test_a_length_that_nobody_knows_is_none(tmp_path: Path) -> None:
    """What is no audio, or not there, has none."""
    (tmp_path / "text.txt").write_text("no audio")

    assert audio_duration_s(tmp_path / "text.txt") is None
    assert audio_duration_s(tmp_path / "none.wav") is None


def test_a_pipe_is_not_asked_for_its_length() -> None:
    """What a shell's <(command) stands for is heard from its beginning."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb"):
        with os.fdopen(writer, "wb") as sink:
            sink.write(wav(TONE[:4_000]))
        path = f"/dev/fd/{reader}"

        assert audio_duration_s(path) is None
        np.testing.assert_array_equal(read(path), TONE[:4_000, 0])


def test_flac_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(OutputUnwritable, match=r"x\.flac cannot be written: No such file"):
        write_flac(tmp_path / "none" / "x.flac", np.zeros(16, np.int16))
