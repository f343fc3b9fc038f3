"""The streaming benchmark's own client: how it calls a server, and what it notes of the answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from pytest_aiohttp import AiohttpServer

from streaming.client import FRAME_S, Result, Speaker, Word
from streaming.deepgram import Deepgram

RESULTS = {
    "type": "Results",
    "start": 0.5,
    "duration": 1.0,
    "is_final": True,
    "speech_final": True,
    "channel": {
        "alternatives": [
            {
                "transcript": "So long.",
                "words": [
                    {"word": "so", "start": 0.5, "end": 0.75, "punctuated_word": "So"},
                    {"word": "long", "start": 0.75, "end": 1.5},
                ],
            }
        ]
    },
}


class Server:
    """Something that speaks Deepgram's protocol; it notes what it was given."""

    def __init__(self, close_code: int = 1000, *, is_full: bool = False) -> None:
        self.frames: list[bytes] = []
        self.controls: list[str] = []
        self.query: dict[str, str] = {}
        self.authorization: str | None = None
        self._close_code, self._is_full = close_code, is_full

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """Answer each connection alike."""
        if self._is_full:
            raise web.HTTPTooManyRequests
        self.query, self.authorization = dict(request.query), request.headers.get("Authorization")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.controls.append(message.data)
                break
            self.frames.append(message.data)
            if len(self.frames) == 1:
                await socket.send_json(RESULTS)
            if self._close_code != 1000:
                break
        else:
            return socket
        await socket.send_json({"type": "Metadata"})
        await socket.close(code=self._close_code)
        return socket


CallServer = Callable[..., Any]


@pytest.fixture
def serve(aiohttp_server: AiohttpServer) -> CallServer:
    """Start a server and make a client for it."""

    async def serve(server: Server) -> Deepgram:
        app = web.Application()
        app.router.add_get("/v1/listen", server.listen)
        running = await aiohttp_server(app)
        return Deepgram(f"ws://127.0.0.1:{running.port}/", {"model": "tiny.en"}, "secret")

    return serve


PCM = bytes(range(256)) * 25
"""0.2 s, ten frames."""


async def test_client_sends_a_call_as_it_is_spoken(serve: CallServer) -> None:
    """Every byte goes out in frames of 20 ms, then CloseStream, then the last message is awaited."""
    server = Server()
    client = await serve(server)

    recording = await client.stream(PCM, 2.0)

    assert recording.error is None
    assert b"".join(server.frames) == PCM
    assert {len(frame) for frame in server.frames} == {640}
    assert [json.loads(text) for text in server.controls] == [{"type": "CloseStream"}]
    assert server.query == {"model": "tiny.en"}
    assert server.authorization == "Token secret"
    # The last frame leaves when its last sample has been spoken: 0.2 s at twice the speed.
    assert recording.closing_s == pytest.approx(0.1, abs=0.01) or recording.closing_s > 0.1
    assert recording.received[-1].at_s >= recording.closing_s
    assert recording.received[-1].cursor_s == pytest.approx(0.2)
    assert 0 < recording.received[0].cursor_s < 0.2


async def test_results_are_read_with_their_receipt(serve: CallServer) -> None:
    """A result has the times of the message, its words as they are shown, and when it came."""
    client = await serve(Server())

    recording = await client.stream(PCM, 2.0)
    (found,) = client.results(recording)

    assert found == Result(
        received_s=recording.received[0].at_s,
        cursor_s=recording.received[0].cursor_s,
        start_s=0.5,
        end_s=1.5,
        text="So long.",
        words=(Word("So", 0.5, 0.75), Word("long", 0.75, 1.5)),
        is_final=True,
        speech_final=True,
    )


async def test_refused_stream_is_no_error_of_an_admitted_one(serve: CallServer) -> None:
    """A server may refuse what it cannot carry; that is told apart from a stream that fails."""
    client = await serve(Server(is_full=True))

    recording = await client.stream(PCM, 2.0)

    assert (recording.error, recording.is_refused) == ("HTTP 429", True)


async def test_stream_that_is_closed_on_the_caller_is_an_error(serve: CallServer) -> None:
    """A server that ends a stream by itself has failed it, whatever it had sent."""
    client = await serve(Server(close_code=1011))

    recording = await client.stream(PCM * 5, 2.0)

    assert (recording.error, recording.is_refused) == ("closed with 1011", False)
    assert recording.closing_s is None
    assert len(client.results(recording)) == 1


async def test_server_that_is_not_there_is_an_error(unused_tcp_port: int) -> None:
    """One stream that cannot connect does not end the run."""
    recording = await Deepgram(f"ws://127.0.0.1:{unused_tcp_port}", {}).stream(PCM, 2.0)

    assert recording.error
    assert not recording.is_refused


async def test_late_frame_moves_no_other() -> None:
    """A client that is held up catches up, so that audio keeps its own clock, and says how late it was."""
    speaker = Speaker(PCM, 2.0)
    sent_s: list[float] = []

    async def send(_: bytes) -> None:
        if not sent_s:
            while speaker.now_s() < 0.06:
                pass
        sent_s.append(speaker.now_s())

    await speaker.speak(send)

    assert speaker.worst_late_s >= 0.06 - 2 * FRAME_S / 2
    assert len(sent_s) == 10
    assert sent_s[-1] >= 0.2 / 2
    assert speaker.cursor_s == pytest.approx(0.2)
