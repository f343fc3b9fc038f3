"""What yt-dlp is asked for, without it and without a network."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from lwd.errors import InputUnreadable, NotInstalled
from lwd.recording.download import download, is_url


class DownloadError(Exception):
    """yt-dlp's."""


class YoutubeDL:
    """Finds one page, whose video is called 42."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def extract_info(self, url: str, *, download: bool) -> dict[str, str]:
        assert download
        if not url.endswith("/42"):
            raise DownloadError("ERROR: Unsupported URL")
        for done in (10, 20):
            for hook in self._options["progress_hooks"]:
                hook({"downloaded_bytes": done, "total_bytes": 20})
        found = {"id": "42", "ext": "webm"}
        Path(self.prepare_filename(found)).write_bytes(b"audio")
        return found

    def prepare_filename(self, found: dict[str, str]) -> str:
        name: str = self._options["outtmpl"] % found
        return name


@pytest.fixture
def yt_dlp(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in."""
    found = SimpleNamespace(YoutubeDL=YoutubeDL, utils=SimpleNamespace(DownloadError=DownloadError))
    monkeypatch.setitem(sys.modules, "yt_dlp", found)


@pytest.mark.usefixtures("yt_dlp")
def test_a_page_becomes_a_file(tmp_path: Path) -> None:
    """Named as the video is; how far it is can be shown."""
    progress: list[tuple[float, float | None]] = []

    path = download("https://video.example/42", tmp_path, lambda *told: progress.append(told))

    assert (path, path.read_bytes()) == (tmp_path / "42.webm", b"audio")
    assert progress == [(10, 20), (20, 20)]


@pytest.mark.usefixtures("yt_dlp")
def test_a_page_without_a_video_is_told(tmp_path: Path) -> None:
    """In yt-dlp's words."""
    with pytest.raises(InputUnreadable, match=r"^https://video\.example/x: Unsupported URL$"):
        download("https://video.example/x", tmp_path, lambda *_: None)


def test_without_yt_dlp_there_is_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is optional."""
    monkeypatch.setitem(sys.modules, "yt_dlp", None)

    with pytest.raises(NotInstalled, match="run: make collect"):
        download("https://video.example/42", tmp_path, lambda *_: None)


def test_urls_are_told_from_files() -> None:
    """A name with a colon is still a file."""
    assert is_url("https://video.example/42")
    assert not any(map(is_url, ("talk.mp4", "a:b.wav", "/https://x")))
