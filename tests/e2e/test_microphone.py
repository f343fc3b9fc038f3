"""The program of docs/clients/python.md that listens to a microphone, which is a recording here."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

from examples.blocks import read_blocks
from examples.reader import ROOT

from tests.conftest import SPOKEN, bare, read_pcm, word_errors
from tests.e2e.conftest import Daemon

PAGE = ROOT / "docs" / "clients" / "python.md"
PROGRAMS = ("address.py", "microphone.py")

SOUNDDEVICE = '''
import threading
from pathlib import Path


class RawInputStream:
    """As that of sounddevice: calls back with parts of samples from a thread of its own."""

    def __init__(self, samplerate, blocksize, *, channels, dtype, callback):
        assert (samplerate, channels, dtype) == (16_000, 1, "int16")
        self._part_bytes = 2 * blocksize
        self._callback = callback
        self._ended = threading.Event()

    def __enter__(self):
        threading.Thread(target=self._record).start()

    def __exit__(self, *_):
        self._ended.set()

    def _record(self):
        speech = Path("speech").read_bytes()
        at = 0
        while not self._ended.wait(0.01):
            part = speech[at : at + self._part_bytes].ljust(self._part_bytes, b"\\0")
            self._callback(memoryview(part), len(part) // 2, None, None)
            at += len(part)
'''


def test_microphone_is_heard(daemon: Daemon, speech_file: Path, tmp_path: Path) -> None:
    """What is said into it is printed until Ctrl-C."""
    (tmp_path / "speech").write_bytes(read_pcm(speech_file, 16_000).tobytes())
    (tmp_path / "sounddevice.py").write_text(SOUNDDEVICE)
    for block in read_blocks(PAGE):
        if block.file in PROGRAMS:
            text = block.text.replace("127.0.0.1:9000", f"127.0.0.1:{daemon.port}")
            (tmp_path / block.file).write_text(text)
    process = subprocess.Popen(
        [sys.executable, "microphone.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None

    patience = Timer(120, process.kill)
    patience.start()
    heard: list[str] = []
    for line in process.stdout:
        kind, _, text = line.partition(" ")
        heard += bare(text) if kind == "final" else []
        if "alone" in heard:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    patience.cancel()

    assert word_errors(heard, bare(SPOKEN)) <= 5
