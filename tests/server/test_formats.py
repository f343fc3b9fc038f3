"""Audio in other forms than linear16, over the socket."""

import asyncio
import os
import signal
from typing import Any

import numpy as np
import pytest

from forms import FORMS, written
from lwd.asr.scripted import Script
from lwd.audio.format import Coding
from lwd.decoding.process import DecoderProcess
from lwd.metrics import REGISTRY
from lwd.server import stream
from tests.server.conftest import Server, StartServer
from tests.server.test_listen import messages, next_of, transcript

SAID_S = 6.0


def form(name: str, voice: bytes) -> list[bytes]:
    """The voice in another form, as messages of 4000 bytes or packets."""
    samples = np.frombuffer(voice, "<i2").reshape(-1, 1)
    sent = written(FORMS[name], samples, 16_000)
    if FORMS[name].muxer is None:
        return sent
    return [sent[0][start : start + 4_000] for start in range(0, len(sent[0]), 4_000)]


def is_all_heard(received: list[dict[str, Any]]) -> bool:
    """Whether the last result is a final with words, and reaches the end of the audio."""
    result, metadata = received[-2:]
    end_s = result["start"] + result["duration"]
    is_to_the_end = end_s == pytest.approx(metadata["duration"], abs=0.001)
    return bool(result["is_final"] and transcript(result) and is_to_the_end)


def noted_decoders(monkeypatch: pytest.MonkeyPatch) -> list[DecoderProcess]:
    """The processes that streams are given from now on."""
    processes: list[DecoderProcess] = []
    begin = DecoderProcess.begin

    async def noted(process: DecoderProcess, coding: Coding) -> None:
        processes.append(process)
        await begin(process, coding)

    monkeypatch.setattr(DecoderProcess, "begin", noted)
    return processes


@pytest.mark.parametrize("name", ["webm opus", "opus", "flac", "mulaw", "linear32", "mp3"])
async def test_words_come_out(server: Server, voice: bytes, name: str) -> None:
    """Whatever form the audio is in, it is as long, and what was said in it is heard."""
    encoding = FORMS[name].encoding
    query = {"encoding": encoding, "sample_rate": "16000"} if encoding else {}
    socket = await server.client.ws_connect("/v1/listen", params=query)
    for part in form(name, voice):
        await socket.send_bytes(part)
    await socket.send_str('{"type":"CloseStream"}')

    *results, metadata = await messages(socket)

    assert any(transcript(result) for result in results if result["type"] == "Results")
    assert metadata["duration"] == pytest.approx(SAID_S, abs=0.1)
    assert metadata["channels"] == 1
    assert socket.close_code == 1000


async def test_results_do_not_wait_for_the_end(server: Server, voice: bytes) -> None:
    """What a browser records is heard while it records."""
    socket = await server.client.ws_connect("/v1/listen?interim_results=true")
    parts = form("webm opus", voice)
    for part in parts[: len(parts) // 2]:
        await socket.send_bytes(part)

    await next_of(socket, "Results")
    await socket.close()


async def test_a_container_wins_over_encoding(server: Server, voice: bytes) -> None:
    """A browser's recording with the wrong `encoding` is heard all the same, and counted."""
    before = REGISTRY.get_sample_value("lwd_container_mismatches_total") or 0.0
    query = {"encoding": "linear16", "sample_rate": "48000"}
    socket = await server.client.ws_connect("/v1/listen", params=query)
    for part in form("webm opus", voice):
        await socket.send_bytes(part)
    await socket.send_str('{"type":"CloseStream"}')

    *_, metadata = await messages(socket)

    assert metadata["duration"] == pytest.approx(SAID_S, abs=0.1)
    assert REGISTRY.get_sample_value("lwd_container_mismatches_total") == before + 1


async def test_audio_that_stops_being_audio_is_heard_until_then(
    server: Server, voice: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a client said before its bytes became garbage is no less said."""
    monkeypatch.setattr(stream, "_LAST_WORDS_S", 60.0)
    socket = await server.client.ws_connect("/v1/listen")
    for part in [*form("flac", voice), *[bytes(1 << 20)] * 5]:
        await socket.send_bytes(part)

    received = await messages(socket)

    assert socket.close_code == 1008
    assert received[-1]["duration"] == pytest.approx(SAID_S, abs=0.1)
    assert is_all_heard(received)


async def test_who_sends_no_audio_learns_it_at_once(
    start_server: StartServer, voice: bytes
) -> None:
    """DATA-0000 does not wait for an engine that has too much to hear."""
    server = await start_server(Script(delay_s=3_600))
    socket = await server.client.ws_connect("/v1/listen")
    for part in [*form("flac", voice), *[bytes(1 << 20)] * 5]:
        await socket.send_bytes(part)

    async with asyncio.timeout(60):
        [metadata] = await messages(socket)

    assert socket.close_code == 1008
    assert metadata["duration"] == pytest.approx(SAID_S, abs=0.1)


async def test_configure_leaves_no_decoder_behind(
    server: Server, voice: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a client configures, its stream has one decoder, and takes it along when it ends."""
    processes = noted_decoders(monkeypatch)
    configure = {"type": "ListenV1Configure", "sample_rate": 8000, "channels": 1}
    socket = await server.client.ws_connect("/v1/listen")
    first, *others = form("webm opus", voice)
    await socket.send_json(configure)
    await socket.send_bytes(first)
    await socket.send_json(configure)
    for part in others:
        await socket.send_bytes(part)
    await socket.send_str('{"type":"CloseStream"}')

    refusal, *_, metadata = await messages(socket)

    assert refusal["type"] == "Error"
    assert metadata["duration"] == pytest.approx(SAID_S, abs=0.1)
    await server.streams.wait_empty()
    assert [process.is_running for process in processes] == [False]


async def test_a_dead_decoder_ends_its_stream_alone(
    server: Server, voice: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream has what was heard until then, and DATA-0000; another one goes on to its end."""
    processes = noted_decoders(monkeypatch)
    monkeypatch.setattr(stream, "_LAST_WORDS_S", 60.0)
    parts = form("webm opus", voice)
    half = len(parts) // 2
    victim, other = [
        await server.client.ws_connect("/v1/listen?interim_results=true") for _ in range(2)
    ]
    for socket in (victim, other):
        for part in parts[:half]:
            await socket.send_bytes(part)
        async with asyncio.timeout(30):
            await next_of(socket, "Results")

    os.kill(processes[0].pid, signal.SIGKILL)
    for socket in (victim, other):
        for part in parts[half:]:
            await socket.send_bytes(part)
        await socket.send_str('{"type":"CloseStream"}')
    ended, heard = await messages(victim), await messages(other)

    assert victim.close_code == 1008
    assert 0 < ended[-1]["duration"] < SAID_S
    assert is_all_heard(ended)
    assert other.close_code == 1000
    assert heard[-1]["duration"] == pytest.approx(SAID_S, abs=0.1)
    await server.streams.wait_empty()
    assert not any(process.is_running for process in processes)
