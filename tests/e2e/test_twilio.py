"""The bridge of docs/clients/twilio.md carries a call from Twilio, which is a script here."""

import asyncio
import base64
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from examples.blocks import read_blocks
from examples.reader import ROOT
from numpy.typing import NDArray

from lwd.audio.decode import MULAW
from tests.conftest import SPOKEN, bare, read_pcm, word_errors
from tests.e2e.conftest import Daemon

PAGE = ROOT / "docs" / "clients" / "twilio.md"
MESSAGE_SAMPLES = 160
STREAM = {"streamSid": "MZ01"}


def mulaw(samples: NDArray[np.int16]) -> bytes:
    """The nearest of the 256 levels of each sample."""
    levels = MULAW.to_float(bytes(range(256)))
    order = np.argsort(levels)
    nearest = np.searchsorted(levels[order], samples / 32768).clip(max=255)
    return bytes(order[nearest].astype(np.uint8))


def call(audio: bytes) -> Iterator[dict[str, Any]]:
    """What Twilio sends in a call, in its order."""
    form = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    started = {**STREAM, "callSid": "CA01", "tracks": ["inbound"], "mediaFormat": form}
    yield {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    yield {"event": "start", "sequenceNumber": "1", "start": started, **STREAM}
    for n, at in enumerate(range(0, len(audio), MESSAGE_SAMPLES), start=1):
        payload = base64.b64encode(audio[at : at + MESSAGE_SAMPLES]).decode()
        media = {"track": "inbound", "chunk": str(n), "timestamp": str(20 * n), "payload": payload}
        yield {"event": "media", "sequenceNumber": str(n + 1), "media": media, **STREAM}
    yield {"event": "stop", "stop": {"callSid": "CA01"}, **STREAM}


@pytest.fixture
def bridge(daemon: Daemon, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The page's program, pointed at lwd, and the address that it listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    [program] = [block.text for block in read_blocks(PAGE) if block.file == "bridge.py"]
    text = program.replace("127.0.0.1:9000", f"127.0.0.1:{daemon.port}").replace("8080", str(port))
    (tmp_path / "bridge.py").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "bridge.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "Running" in process.stdout.readline()
    yield f"ws://127.0.0.1:{port}/twilio", process
    process.kill()
    process.communicate()


async def test_a_call_is_heard(
    bridge: tuple[str, subprocess.Popen[str]], speech_file: Path
) -> None:
    """Telephone audio goes in as Twilio sends it, words come out, and the call is closed."""
    url, process = bridge
    audio = mulaw(read_pcm(speech_file, 8_000))

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as twilio:
        for event in call(audio):
            await twilio.send_json(event)
        async with asyncio.timeout(60):
            assert (await twilio.receive()).type is aiohttp.WSMsgType.CLOSE
    process.terminate()
    printed, _ = process.communicate(timeout=60)

    finals = [line.removeprefix("final") for line in printed.splitlines() if "final" in line]
    assert word_errors(bare(" ".join(finals)), bare(SPOKEN)) <= 8
