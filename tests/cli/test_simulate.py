"""`lwd simulate`: the earlier server's flags, and `lwd listen --mic`."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray

from lwd.cli import listen as listen_command

from .conftest import Run, Serve, heard

Capture = pytest.CaptureFixture[str]


async def test_chunks_are_as_long_as_asked(run: Run, serve: Serve, speech_file: Path) -> None:
    """`sample.wav --chunk-duration 0.6`: a message for each 0.6 seconds, in real time."""
    chunks: list[int] = []
    arrived_s: list[float] = []

    async def script(ws: web.WebSocketResponse) -> None:
        for _ in range(2):
            chunks.append(len((await ws.receive()).data))
            arrived_s.append(asyncio.get_running_loop().time())
        await ws.close()

    url = await serve(script)
    arguments = [str(speech_file), "--chunk-duration", "0.6", "--url", url]

    assert await asyncio.to_thread(run, "simulate", *arguments) == 0

    assert chunks == [19_200, 19_200]
    assert arrived_s[1] - arrived_s[0] > 0.1


async def test_a_microphone_is_listened_to(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it hears is sent as it comes, without a pace of lwd's own."""
    received: list[bytes | str] = []

    def record(sample_rate: int) -> Iterator[NDArray[np.int16]]:
        assert sample_rate == 16_000
        yield np.ones(32_000, np.int16)

    async def script(ws: web.WebSocketResponse) -> None:
        received.extend(await heard(ws))
        await ws.close()

    monkeypatch.setattr(listen_command, "record", record)
    url = await serve(script)

    assert await asyncio.to_thread(run, "listen", "--mic", "--url", url) == 0

    assert sum(len(part) for part in received if isinstance(part, bytes)) == 64_000


def test_a_microphone_needs_sounddevice(
    run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it there is one line, with what to do, before a server is asked."""
    monkeypatch.setitem(sys.modules, "sounddevice", None)

    assert run("listen", "--mic") == 69
    told = "lwd: --mic needs sounddevice; in lwd's checkout run: make mic\n"
    assert capsys.readouterr() == ("", told)


@pytest.mark.parametrize("arguments", [[], ["speech.wav", "--mic"]])
def test_one_source_is_needed(run: Run, arguments: list[str], capsys: Capture) -> None:
    """A file or the microphone, not both, not neither."""
    assert run("listen", *arguments) == 64
    assert "one of them" in capsys.readouterr().err
