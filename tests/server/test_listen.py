"""The socket at /v1/listen, byte for byte."""

import asyncio
import base64
import hashlib
import json
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from structlog.testing import capture_logs

from lwd.asr.scripted import Script
from tests.server.conftest import Server, StartServer, silence

RAW = "/v1/listen?encoding=linear16&sample_rate=16000"
SECOND = 32_000


async def messages(socket: ClientWebSocketResponse) -> list[dict[str, Any]]:
    """Everything until the close frame; every frame is text."""
    received = []
    async with asyncio.timeout(20):
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            received.append(json.loads(message.data))
    return received


async def next_of(socket: ClientWebSocketResponse, kind: str, **fields: object) -> dict[str, Any]:
    """The next message of a type with these fields."""
    async with asyncio.timeout(20):
        while True:
            message = await socket.receive_json()
            if message["type"] == kind and fields.items() <= message.items():
                return dict(message)


def transcript(result: dict[str, Any]) -> str:
    """The text of a result."""
    return str(result["channel"]["alternatives"][0]["transcript"])


async def test_a_stream_ends_with_its_results_metadata_and_1000(
    server: Server, voice: bytes
) -> None:
    """CloseStream flushes; every key of the contract is there in Deepgram's order."""
    socket = await server.client.ws_connect(f"{RAW}&punctuate=true")
    await socket.send_bytes(voice)
    await socket.send_str('{"type": "CloseStream"}')

    *results, metadata = await messages(socket)

    assert socket.close_code == 1000
    assert list(metadata) == [
        "type",
        "transaction_key",
        "request_id",
        "sha256",
        "created",
        "duration",
        "channels",
        "models",
        "model_info",
    ]
    assert metadata["sha256"] == hashlib.sha256(voice).hexdigest()
    assert metadata["duration"] == 6.0
    assert metadata["channels"] == 1
    for result in results:
        assert list(result) == [
            "type",
            "channel_index",
            "duration",
            "start",
            "is_final",
            "speech_final",
            "channel",
            "metadata",
            "from_finalize",
        ]
        assert result["metadata"]["request_id"] == metadata["request_id"]
    assert any(transcript(result) for result in results)
    assert sum(result["duration"] for result in results) == pytest.approx(6.0)


@pytest.mark.parametrize("frame_bytes", [1, 3, 333, 192_000])
async def test_audio_may_be_cut_anywhere(server: Server, voice: bytes, frame_bytes: int) -> None:
    """A frame may end inside a sample, and it makes no difference to the words."""
    audio = voice[: 2 * SECOND + 1]
    expected = await transcribe(server, [audio])

    parts = [audio[at : at + frame_bytes] for at in range(0, len(audio), frame_bytes)]

    assert await transcribe(server, parts) == expected


async def transcribe(server: Server, parts: list[bytes]) -> list[dict[str, Any]]:
    """The finals' alternatives of a stream sent in these parts."""
    socket = await server.client.ws_connect(RAW)
    for part in parts:
        await socket.send_bytes(part)
    await socket.send_str('{"type":"CloseStream"}')
    return [m["channel"] for m in await messages(socket) if m["type"] == "Results"]


async def test_finalize_is_answered_even_without_audio(server: Server) -> None:
    """A client that waits for its Finalize never waits in vain."""
    socket = await server.client.ws_connect(RAW)
    await socket.send_str('{"type":"Finalize"}')

    answer = await next_of(socket, "Results")

    assert answer["from_finalize"]
    assert answer["is_final"]
    assert transcript(answer) == ""
    await socket.close()


async def test_events_come_when_asked_for(server: Server, voice: bytes) -> None:
    """SpeechStarted before the first words, UtteranceEnd after the last, interims between."""
    socket = await server.client.ws_connect(
        f"{RAW}&vad_events=true&interim_results=true&utterance_end_ms=1000&endpointing=300"
    )
    for audio in (silence(1), voice[: 2 * SECOND], silence(3)):
        for at in range(0, len(audio), 3_200):
            await socket.send_bytes(audio[at : at + 3_200])
            await asyncio.sleep(0)
    ended = await next_of(socket, "UtteranceEnd")
    await socket.send_str('{"type":"CloseStream"}')
    rest = await messages(socket)

    assert list(ended) == ["type", "channel", "last_word_end"]
    assert ended["channel"] == [0, 1]
    assert 1.0 < ended["last_word_end"] < 3.6
    assert "UtteranceEnd" not in [message["type"] for message in rest]


async def test_speech_started_is_the_first_thing_said(server: Server, voice: bytes) -> None:
    """It carries the time at which speech began."""
    socket = await server.client.ws_connect(f"{RAW}&vad_events=true&interim_results=true")
    await socket.send_bytes(silence(1) + voice[:SECOND])

    started = await next_of(socket, "SpeechStarted")

    assert list(started) == ["type", "channel", "timestamp"]
    assert started["timestamp"] == pytest.approx(1.0, abs=0.3)
    await socket.close()


async def test_unasked_events_are_not_sent(server: Server, voice: bytes) -> None:
    """By default a client gets finals and nothing else."""
    socket = await server.client.ws_connect(RAW)
    await socket.send_bytes(voice + silence(2))
    await socket.send_str('{"type":"CloseStream"}')

    received = await messages(socket)

    assert {message["type"] for message in received} == {"Results", "Metadata"}
    assert all(message["is_final"] for message in received[:-1])


async def test_the_earlier_servers_clients_still_work(server: Server, voice: bytes) -> None:
    """No parameters, its own message names, audio as PCM16 or as base64."""
    socket = await server.client.ws_connect("/v1/listen")
    await socket.send_json({"type": "ListenV1Configure", "sample_rate": 16000, "channels": 1})
    await socket.send_bytes(voice[:SECOND])
    media = base64.b64encode(voice[SECOND : 2 * SECOND]).decode()
    await socket.send_json({"type": "ListenV1Media", "data": media})
    await socket.send_json({"type": "ListenV1KeepAlive"})
    await socket.send_json({"type": "ListenV1Finalize"})
    answer = await next_of(socket, "Results", from_finalize=True)
    await socket.send_json({"type": "ListenV1CloseStream"})
    metadata = (await messages(socket))[-1]

    assert transcript(answer)
    assert metadata["sha256"] == hashlib.sha256(voice[: 2 * SECOND]).hexdigest()
    assert metadata["duration"] == 2.0


async def test_configure_sets_the_rate_of_what_follows(server: Server, voice: bytes) -> None:
    """Two channels at 8 kHz take half the time of one at 8 kHz."""
    socket = await server.client.ws_connect("/v1/listen")
    await socket.send_json({"type": "ListenV1Configure", "sample_rate": 8000, "channels": 2})
    await socket.send_bytes(voice[:SECOND])
    await socket.send_json({"type": "CloseStream"})

    metadata = (await messages(socket))[-1]

    assert metadata["duration"] == 1.0
    assert metadata["channels"] == 2


async def test_configure_may_come_in_parts(server: Server, voice: bytes) -> None:
    """What a message leaves out stays as an earlier one set it."""
    socket = await server.client.ws_connect("/v1/listen")
    await socket.send_json({"type": "ListenV1Configure", "sample_rate": 8000})
    await socket.send_json({"type": "ListenV1Configure", "channels": 1})
    await socket.send_bytes(voice[:SECOND])
    await socket.send_json({"type": "CloseStream"})

    assert (await messages(socket))[-1]["duration"] == 2.0


async def test_finalize_of_a_channel_that_is_not_there(server: Server, voice: bytes) -> None:
    """The client is told, instead of waiting for ever."""
    socket = await server.client.ws_connect(RAW)
    await socket.send_bytes(voice[:SECOND])
    await socket.send_json({"type": "Finalize", "channel": 3})

    error = await next_of(socket, "Error")

    assert "`channel` 3" in error["description"]
    await socket.close()


async def test_a_malformed_message_is_answered_and_the_stream_goes_on(
    server: Server, voice: bytes
) -> None:
    """The Error frame quotes the text; the audio is transcribed all the same."""
    socket = await server.client.ws_connect(RAW)
    await socket.send_str('{ "type": "KeepAlive "}')
    error = await next_of(socket, "Error")
    await socket.send_bytes(voice)
    await socket.send_str('{"type":"CloseStream"}')
    received = await messages(socket)

    assert error == {
        "type": "Error",
        "variant": "SchemaError",
        "description": (
            "Could not deserialize last text message: unknown variant `KeepAlive `, expected one"
            " of `CloseStream`, `Configure`, `Sync`, `KeepAlive`, `Finalize` at line 1 column 22"
        ),
        "message": '{ "type": "KeepAlive "}',
    }
    assert any(transcript(message) for message in received[:-1])
    assert socket.close_code == 1000


async def test_an_empty_binary_frame_closes(server: Server) -> None:
    """How clients ended streams before there was CloseStream."""
    socket = await server.client.ws_connect(RAW)
    await socket.send_bytes(b"")

    received = await messages(socket)

    assert [message["type"] for message in received] == ["Metadata"]
    assert received[0]["sha256"] == hashlib.sha256(b"").hexdigest()
    assert received[0]["duration"] == 0.0
    assert "models" not in received[0]
    assert socket.close_code == 1000


async def test_two_channels_are_transcribed_apart(server: Server, voice: bytes) -> None:
    """With `multichannel` each channel has its own results, and its own silence."""
    one = voice[: 2 * SECOND]
    stereo = b"".join(one[at : at + 2] + b"\0\0" for at in range(0, len(one), 2))
    socket = await server.client.ws_connect(f"{RAW}&channels=2&multichannel=true")
    await socket.send_bytes(stereo)
    await socket.send_str('{"type":"CloseStream"}')

    *results, metadata = await messages(socket)

    heard = {0: "", 1: ""}
    for result in results:
        channel, total = result["channel_index"]
        assert total == 2
        heard[channel] += transcript(result)
    assert heard[0]
    assert heard[1] == ""
    assert metadata["channels"] == 2


async def test_an_idle_client_gets_net_0001(start_server: StartServer) -> None:
    """After `idle_timeout_s` without a frame: Metadata `incomplete`, then 1011 with the text."""
    server = await start_server(server__idle_timeout_s=1)
    socket = await server.client.ws_connect(RAW)
    await socket.send_bytes(silence(0.5))

    received = await messages(socket)
    close = socket.close_code

    assert received[-1]["type"] == "Metadata"
    assert received[-1]["sha256"] == "incomplete"
    assert close == 1011


async def test_keep_alive_keeps_a_silent_client(start_server: StartServer) -> None:
    """KeepAlive counts as a frame and has no answer."""
    server = await start_server(server__idle_timeout_s=1)
    socket = await server.client.ws_connect(RAW)
    for _ in range(4):
        await asyncio.sleep(0.4)
        await socket.send_str('{"type":"KeepAlive"}')
    await socket.send_str('{"type":"CloseStream"}')

    assert [message["type"] for message in await messages(socket)] == ["Metadata"]
    assert socket.close_code == 1000


async def test_undecodable_audio_closes_with_1008(server: Server) -> None:
    """An MP4 whose index comes last cannot be decoded as a stream."""
    socket = await server.client.ws_connect("/v1/listen")
    await socket.send_bytes(b"\0\0\0\x10ftypisom\0\0\0\0\0\0\1\0mdat" + bytes(64))

    received = await messages(socket)

    assert [message["type"] for message in received] == ["Metadata"]
    assert received[0]["duration"] == 0.0
    assert received[0]["channels"] == 0
    assert socket.close_code == 1008


async def test_a_client_that_vanishes_leaves_nothing(
    start_server: StartServer, voice: bytes
) -> None:
    """Its windows are dropped and its place is free at once."""
    server = await start_server(Script(delay_s=0.3))
    sockets = [await server.client.ws_connect(RAW) for _ in range(8)]
    for socket in sockets:
        await socket.send_bytes(voice + silence(1))
        await socket.send_str('{"type":"Finalize"}')
    await next_of(sockets[0], "Results")

    for socket in sockets:
        socket._response.close()
    async with asyncio.timeout(10):
        await server.streams.wait_empty()

    assert server.pool.queued == 0


async def test_a_client_that_leaves_before_its_last_results_frees_its_place(
    start_server: StartServer, voice: bytes
) -> None:
    """Nobody waits for them any more."""
    server = await start_server(Script(delay_s=60))
    socket = await server.client.ws_connect(RAW)
    await socket.send_bytes(voice + silence(1))
    await socket.send_str('{"type":"CloseStream"}')

    async with asyncio.timeout(10):
        await socket.close()
        await server.streams.wait_empty()

    assert server.pool.queued == 0


async def test_compression_is_declined(server: Server) -> None:
    """Audio gains nothing by it, and a bomb has no way in."""
    socket = await server.client.ws_connect(RAW, compress=15)

    assert socket.compress == 0
    await socket.close()


async def test_a_too_large_message_is_refused(start_server: StartServer) -> None:
    """`max_message_bytes` bounds what one client can make lwd hold."""
    server = await start_server(server__max_message_bytes=65_536)
    socket = await server.client.ws_connect(RAW)
    await socket.send_bytes(bytes(70_000))

    assert (await socket.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
    assert socket.close_code == 1009


async def test_the_limit_of_streams_is_a_429(start_server: StartServer) -> None:
    """One more than `limits.streams` is told so before the upgrade; a free place is free."""
    server = await start_server(limits__streams=1)
    first = await server.client.ws_connect(RAW)

    with pytest.raises(WSServerHandshakeError) as refused:
        await server.client.ws_connect(RAW)
    assert refused.value.status == 429

    await first.close()
    await server.streams.wait_empty()
    await (await server.client.ws_connect(RAW)).close()


async def test_a_stopping_daemon_finishes_its_streams(server: Server, voice: bytes) -> None:
    """Streams get their results, Metadata and 1012; new ones get a 503."""
    socket = await server.client.ws_connect(RAW)
    await socket.send_bytes(voice)
    await socket.send_str('{"type":"KeepAlive"}')
    await next_of(socket, "Results")

    server.streams.is_draining = True
    with capture_logs() as logs:
        for stream in server.streams.open:
            stream.stop()
        *results, metadata = await messages(socket)
        await server.streams.wait_empty()

    assert metadata["type"] == "Metadata"
    assert any(transcript(result) for result in results)
    assert socket.close_code == 1012
    [ended] = [line for line in logs if line["event"] == "stream_ended"]
    assert (ended["outcome"], ended["close_code"]) == ("drained", 1012)
    with pytest.raises(WSServerHandshakeError) as refused:
        await server.client.ws_connect(RAW)
    assert refused.value.status == 503
