"""The client behind `lwd listen` and others, against a scripted server."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lwd.client import stream as client
from lwd.client.causes import FOR_OPERATORS, REFUSED_KEY
from lwd.client.stream import (
    FRAME_S,
    READ_AHEAD,
    frame_bytes,
    listen_url,
    paced,
    read_ahead,
    transcribe,
)
from lwd.errors import ConnectionFailed, InputUnreadable, LimitReached, UsageError

from .conftest import CLOSE_STREAM, Serve, Start, heard

Block = NDArray[np.int16]
FRAME_BYTES = frame_bytes(FRAME_S)
SECOND = np.arange(16000, dtype=np.int16)


@pytest.mark.parametrize(
    ("given_", "completed"),
    [
        ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000/v1/listen?a=1&b=x+%26"),
        ("http://host", "ws://host/v1/listen?a=1&b=x+%26"),
        ("https://host/", "wss://host/v1/listen?a=1&b=x+%26"),
        ("wss://host/v1/listen", "wss://host/v1/listen?a=1&b=x+%26"),
        ("wss://host/v1/listen/", "wss://host/v1/listen?a=1&b=x+%26"),
        ("127.0.0.1:9410", "ws://127.0.0.1:9410/v1/listen?a=1&b=x+%26"),
        ("host", "ws://host:9000/v1/listen?a=1&b=x+%26"),
        ("[::1]", "ws://[::1]:9000/v1/listen?a=1&b=x+%26"),
        ("ws://host/proxy?x=y", "ws://host/proxy/v1/listen?x=y&a=1&b=x+%26"),
    ],
)
def test_address_is_completed(given_: str, completed: str) -> None:
    """Any usual form of a server's address leads to its stream endpoint."""
    assert listen_url(given_, [("a", "1"), ("b", "x &")]) == completed


@pytest.mark.parametrize("url", ["ftp://host", "ws://", "", "host:x", "host:0", "[::1"])
def test_address_of_no_server_is_refused(url: str) -> None:
    """An address that cannot be one is refused with an example of one that can."""
    with pytest.raises(UsageError, match="expected a server such as mini1, mini1:9001"):
        listen_url(url, [])


@given(st.lists(st.integers(0, 5000), max_size=8))
def test_frames_do_not_depend_on_blocks(sizes: list[int]) -> None:
    """However the file is read, what is sent are the same bytes in frames of 100 ms."""
    samples = np.arange(sum(sizes)).astype(np.int16)
    blocks = np.split(samples, np.cumsum(sizes)[:-1]) if sizes else []

    frames = list(client._cut(blocks, FRAME_BYTES))

    assert b"".join(frames) == samples.tobytes()
    assert all(len(frame) == FRAME_BYTES for frame in frames[:-1])
    assert all(0 < len(frame) <= FRAME_BYTES for frame in frames)


async def test_file_is_not_read_far_ahead() -> None:
    """A long file is read as it is sent: little of it is held in memory."""
    sent = 0

    def blocks() -> Iterator[Block]:
        for number in range(200):
            assert number <= sent + READ_AHEAD + 1
            yield SECOND[:1600]

    async for _ in await read_ahead(blocks()):
        sent += 1
        await asyncio.sleep(0)

    assert sent == 200


async def test_empty_input_is_refused() -> None:
    """Input without a single sample is refused before anything is connected."""
    with pytest.raises(InputUnreadable, match="the input holds no audio"):
        await read_ahead([])


class Clock:
    """Time that passes only by sleeping, and by the work that is done in between."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def departures(clock: Clock, work_s: Iterable[float]) -> list[float]:
    """Pace frames that each take some work to come by; return when they go out."""

    async def frames() -> AsyncIterator[bytes]:
        for seconds in work_s:
            clock.now += seconds
            yield b""

    start = clock.now
    return [round(clock.now - start, 6) async for _ in paced(frames(), clock, clock.sleep)]


async def test_pace_does_not_drift() -> None:
    """Frames leave every 100 ms, however long each takes to read and send."""
    times = await departures(Clock(), [0.0] + [0.03] * 599)

    assert times == pytest.approx([number * 0.1 for number in range(600)])


async def test_pace_recovers_from_a_stall() -> None:
    """After a stall the frames that are late leave at once, and the rest on time."""
    times = await departures(Clock(), [0.0, 0.0, 0.35, 0.0, 0.0, 0.0, 0.0])

    assert times == pytest.approx([0.0, 0.1, 0.45, 0.45, 0.45, 0.5, 0.6])


async def test_stream_is_sent_and_answered(serve: Serve) -> None:
    """All audio is sent, then CloseStream, and every message until the close is shown."""
    received: list[bytes | str] = []
    shown: list[str] = []

    async def script(ws: web.WebSocketResponse) -> None:
        await ws.send_str("first")
        received.extend(await heard(ws))
        await ws.ping()
        await ws.send_bytes(b"no client expects this")
        await ws.send_str("last")
        await ws.close()

    await transcribe([SECOND, SECOND[:800]], await serve(script), None, shown.append, fast=True)

    assert received[-1] == CLOSE_STREAM
    audio = [frame for frame in received[:-1] if isinstance(frame, bytes)]
    assert b"".join(audio) == SECOND.tobytes() + SECOND[:800].tobytes()
    assert [len(frame) for frame in audio] == [FRAME_BYTES] * 10 + [FRAME_BYTES // 2]
    assert shown == ["first", "last"]


async def test_stream_is_paced_unless_fast(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Audio goes out in real time, by a clock that cannot be set back; with --fast at once."""
    pacing: list[tuple[object, object, float]] = []

    def spy(
        frames: AsyncIterator[bytes], clock: object, sleep: object, frame_s: float
    ) -> AsyncIterator[bytes]:
        pacing.append((clock, sleep, frame_s))
        return frames

    async def script(ws: web.WebSocketResponse) -> None:
        await heard(ws)
        await ws.close()

    monkeypatch.setattr(client, "paced", spy)
    url = await serve(script)

    await transcribe([SECOND], url, None, print, fast=True)
    assert pacing == []

    await transcribe([SECOND], url, None, print, fast=False)
    assert pacing == [(time.monotonic, asyncio.sleep, FRAME_S)]


@pytest.mark.parametrize(("key", "header"), [("k", "Token k"), (None, None), ("", None)])
async def test_key_is_sent_as_deepgram_expects(
    start: Start,
    key: str | None,
    header: str | None,
) -> None:
    """A key goes into the Authorization header; without one there is no header."""
    headers: list[str | None] = []

    async def handle(request: web.Request) -> web.Response:
        headers.append(request.headers.get("Authorization"))
        return web.Response(status=400)

    url = await start(handle)
    with pytest.raises(ConnectionFailed):
        await transcribe([SECOND], url, key, print, fast=True)

    assert headers == [header]


LIMITS = "the server, the key or this address is at its limit of streams, or of new ones a minute"


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (
            401,
            {"dg-error": "No.", "dg-request-id": "01a0"},
            f"refused with status 401: No. (request 01a0); {REFUSED_KEY}",
        ),
        (
            400,
            {"dg-error": "Invalid 'utterance_end_ms' value of '9'.", "dg-request-id": "01a1"},
            "refused with status 400: Invalid 'utterance_end_ms' value of '9'. (request 01a1)",
        ),
        (
            429,
            {"dg-error": "Too many requests.", "Retry-After": "7"},
            f"refused with status 429: Too many requests.; {LIMITS} (Retry-After: 7)",
        ),
        (429, {}, f"refused with status 429; {LIMITS}"),
        (503, {"dg-error": "Later."}, "refused with status 503: Later.; see lwd status for why"),
        (502, {}, "refused with status 502"),
        (404, {"dg-error": "Not Found."}, "refused with status 404: Not Found."),
    ],
)
async def test_refusal_is_told_in_the_servers_words(
    start: Start,
    status: int,
    headers: dict[str, str],
    message: str,
) -> None:
    """A refused handshake tells the status, the server's reason and the request's id."""

    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    url = await start(handle)
    with pytest.raises(ConnectionFailed) as caught:
        await transcribe([SECOND], url + "?model=secret", "sentinel", print, fast=True)

    assert str(caught.value) == f"{url}: {message}"
    assert isinstance(caught.value, LimitReached) == (status == 429)


async def test_the_port_for_operators_is_told_as_such(
    aiohttp_server: Callable[[web.Application], Awaitable[TestServer]],
) -> None:
    """Who takes it for the one for clients learns which is meant, and no more."""

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(status=503, headers={"lwd-instance": "a"})

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    url = listen_url(str((await aiohttp_server(app)).make_url("/")), [])

    with pytest.raises(ConnectionFailed) as caught:
        await transcribe([SECOND], url, "sentinel", print, fast=True)

    assert str(caught.value) == f"{url}: {FOR_OPERATORS}"


async def test_who_gave_no_key_is_told_how(start: Start) -> None:
    """A server that wants one is no fault of the key."""

    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=401)

    with pytest.raises(ConnectionFailed, match="401; give its key by --key or DEEPGRAM_API_KEY"):
        await transcribe([SECOND], await start(handle), None, print, fast=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_refused_connection_tells_how_to_start_lwd(host: str, unused_tcp_port: int) -> None:
    """Where nothing listens, the address is named and the way to a server."""
    url = f"ws://{host}:{unused_tcp_port}/v1/listen"
    with pytest.raises(ConnectionFailed) as caught:
        await transcribe([SECOND], url, None, print, fast=True)

    assert str(caught.value) == (
        f"{host}:{unused_tcp_port}: connection refused; "
        "start lwd with `lwd serve`, in a checkout `make run`, or name a server by --url"
    )


async def test_other_host_is_not_to_be_started(unused_tcp_port: int) -> None:
    """Where not this machine's address was asked for, starting lwd here is no remedy."""
    url = f"ws://0.0.0.0:{unused_tcp_port}"
    with pytest.raises(ConnectionFailed, match=r"\d: connection refused; check --url$"):
        await transcribe([SECOND], url, None, print, fast=True)


async def test_server_without_tls_is_not_to_be_started(serve: Serve) -> None:
    """Where a server runs but refuses TLS, the address is what to look at."""

    async def script(_: web.WebSocketResponse) -> None: ...

    url = (await serve(script)).replace("ws:", "wss:")
    with pytest.raises(
        ConnectionFailed,
        match=r"127\.0\.0\.1:\d+: .*SSL.*; lwd itself speaks ws://, .*check --url$",
    ):
        await transcribe([SECOND], url, None, print, fast=True)


async def test_silent_server_is_given_up(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that never answers the handshake does not hang the command."""
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_S", 0.02)

    async def handle(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    url = await start(handle)
    with pytest.raises(ConnectionFailed, match=r"no answer within 0\.02 s"):
        await transcribe([SECOND], url, None, print, fast=True)


async def test_close_with_an_error_is_told(serve: Serve) -> None:
    """A stream that the server closes for a reason ends with its code and reason."""

    async def script(ws: web.WebSocketResponse) -> None:
        await ws.receive()
        await ws.close(code=1011, message=b"NET-0001")

    url = await serve(script)
    with pytest.raises(ConnectionFailed) as caught:
        await transcribe([SECOND], url, None, print, fast=True)

    assert str(caught.value) == f"{url}: closed with 1011: NET-0001"


async def test_lost_connection_is_told(
    start: Start,
) -> None:
    """A connection that breaks off is not taken for a finished stream."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.receive()
        assert request.transport
        request.transport.abort()
        return ws

    url = await start(handle)
    with pytest.raises(ConnectionFailed, match="closed with 1006: the connection was lost"):
        await transcribe([SECOND], url, None, print, fast=True)


async def test_input_that_breaks_off_is_sent_up_to_there(serve: Serve) -> None:
    """What could be read is transcribed, and then the fault of the file is told."""
    shown: list[str] = []
    received: list[bytes | str] = []

    async def script(ws: web.WebSocketResponse) -> None:
        received.extend(await heard(ws))
        await ws.send_str("last")
        await ws.close()

    def blocks() -> Iterator[Block]:
        yield SECOND
        raise InputUnreadable("speech.mp3: breaks off")

    url = await serve(script)
    with pytest.raises(InputUnreadable, match=r"speech\.mp3: breaks off"):
        await transcribe(blocks(), url, None, shown.append, fast=True)

    assert len(received) == 11
    assert shown == ["last"]


async def test_interrupt_ends_the_stream_properly(serve: Serve) -> None:
    """Ctrl-C while a pipe stalls: CloseStream is sent, and the last results are still shown."""
    shown: list[str] = []
    received: list[bytes | str] = []
    stalled, released = asyncio.Event(), threading.Event()

    async def script(ws: web.WebSocketResponse) -> None:
        received.append((await ws.receive()).data)
        stalled.set()
        received.extend(await heard(ws))
        await ws.send_str("last")
        await ws.close()

    def blocks() -> Iterator[Block]:
        yield SECOND[:1600]
        released.wait()

    url = await serve(script)
    task = asyncio.create_task(transcribe(blocks(), url, None, shown.append, fast=True))
    await stalled.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    released.set()

    assert received == [SECOND[:1600].tobytes(), CLOSE_STREAM]
    assert shown == ["last"]
