"""Media from video sites, by yt-dlp: an optional part of lwd, looked for only when it is needed."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lwd.errors import InputUnreadable, NotInstalled

Progress = Callable[[float, float | None], None]
"""Told how many bytes have come, and of how many, if that is known."""


def is_url(source: str) -> bool:
    """Whether a source is to be downloaded."""
    return source.startswith(("http://", "https://"))


def download(url: str, directory: Path, progress: Progress) -> Path:
    """Download the best audio behind a page into a directory; its file is named as the video is.

    Raises NotInstalled without yt-dlp, and InputUnreadable when it finds nothing.
    """
    yt_dlp = _yt_dlp()

    def hook(state: dict[str, Any]) -> None:
        total = state.get("total_bytes") or state.get("total_bytes_estimate")
        progress(state.get("downloaded_bytes") or 0, total)

    options = {
        "format": "bestaudio/best",
        "outtmpl": str(directory / "%(id)s.%(ext)s"),
        "noplaylist": True,
        "noprogress": True,
        "progress_hooks": [hook],
        "logger": _silent(),
        "color": {"stdout": "no_color", "stderr": "no_color"},
    }
    try:
        with yt_dlp.YoutubeDL(options) as downloader:
            found = downloader.extract_info(url, download=True)
            return Path(downloader.prepare_filename(found))
    except yt_dlp.utils.DownloadError as error:
        reason = str(error).removeprefix("ERROR: ")
        raise InputUnreadable(f"{url}: {reason}") from error


def _silent() -> logging.Logger:
    """What yt-dlp says to; what there is to know of it, its error says."""
    logger = logging.getLogger("yt_dlp")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    return logger


def _yt_dlp() -> Any:
    try:
        import yt_dlp  # noqa: PLC0415 - it is optional
    except ImportError as error:
        raise NotInstalled("a URL needs yt-dlp; in lwd's checkout run: make collect") from error
    return yt_dlp
