"""Have headless Chromium record a fake microphone with MediaRecorder, and stream it to lwd.

    PYTHONPATH=ops:ops/bench python -m clients.recorder

For each form in which Chromium records, the words must come out, and interims while it records. The
exit status is 1 unless they do. Chromium is all it needs; see docs/clients-tested.md.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

from chromium import chromium, recording

from clients.speech import Speech, wer_percent
from command import exit_code
from machine import STORE
from streaming.daemon import Daemon

TYPES = (
    *("audio/webm;codecs=opus", "audio/webm;codecs=pcm", "audio/mp4;codecs=opus"),
    *("video/webm;codecs=vp8,opus", "video/mp4;codecs=vp9,opus"),
)
"""What Chromium records in."""

_PAGE = Path(__file__).with_suffix(".html").read_bytes()
_RECORDED_MS = 9_000
_TIMEOUT_S = 90.0
_WORST_WER_PERCENT = 20.0


class _Page(BaseHTTPRequestHandler):
    """Serves the page, and takes what it reports."""

    def __init__(self, reports: SimpleQueue[dict[str, Any]], *arguments: Any) -> None:
        self._reports = reports
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Give the page, whatever is asked for."""
        self._answer(_PAGE)

    def do_POST(self) -> None:
        """Take the report."""
        self._reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> int:
    """Try every form."""
    return exit_code("recorder", _run)


def _run() -> None:
    browser = chromium()
    with tempfile.TemporaryDirectory() as scratch, Daemon("tiny.en", STORE) as daemon:
        microphone = Path(scratch) / "microphone.wav"
        Speech.spoken().then_silence(3).write(microphone)
        address = urlsplit(daemon.url).netloc
        faults = [_tried(browser, microphone, address, form) for form in TYPES]
    if any(faults):
        sys.exit(1)


def _tried(browser: str, microphone: Path, address: str, form: str) -> bool:
    """Whether recording in a form went wrong; prints how it went."""
    query = urlencode({"address": address, "type": form, "ms": _RECORDED_MS})
    with (
        _served() as (port, reports),
        _browser([browser, *_flags(microphone), f"http://127.0.0.1:{port}/?{query}"]),
    ):
        try:
            heard = reports.get(timeout=_TIMEOUT_S)
        except Empty:
            heard = {"error": f"no report within {_TIMEOUT_S:g} s"}
    if "error" in heard:
        print(f"{form}: {heard['error']}")
        return True
    percent = wer_percent(" ".join(heard["finals"]))
    print(
        f"{form}: {heard['interims']} interims while recording, {heard['duration']:.2f} s,"
        f" {percent:.0f} % word errors"
    )
    return percent > _WORST_WER_PERCENT or heard["interims"] == 0


def _flags(microphone: Path) -> Sequence[str]:
    return (
        *recording(microphone),
        "--headless",
        "--disable-gpu",
        "--autoplay-policy=no-user-gesture-required",
        f"--user-data-dir={microphone.parent / 'profile'}",
    )


@contextmanager
def _served() -> Iterator[tuple[int, SimpleQueue[dict[str, Any]]]]:
    reports: SimpleQueue[dict[str, Any]] = SimpleQueue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Page, reports))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, reports
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _browser(command: Sequence[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
