"""Where Chromium is, and the flags by which it records a file as if it were a microphone."""

import shutil
from pathlib import Path

from lwd.errors import StartError

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The path of Chromium; raises StartError where there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        raise StartError("there is no Chromium; on Debian, apt-get install chromium")
    return path


def recording(microphone: Path) -> list[str]:
    """Flags for a page of one's own that may record `microphone`, a WAV file that is heard once."""
    return [
        "--no-sandbox",  # which refuses root
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
    ]
