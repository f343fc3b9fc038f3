"""A client of Deepgram's streaming protocol: frames of audio go out, messages come in.

Owns the connection and the pace. Knows neither files nor how messages are shown, and of the daemon
nothing but the protocol on the wire.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlencode

import numpy as np
from aiohttp import (
    ClientConnectionResetError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    WSCloseCode,
    WSMsgType,
    WSServerHandshakeError,
)
from numpy.typing import NDArray

from lwd.auth.origin import is_loopback
from lwd.client.address import server_address
from lwd.client.causes import FOR_OPERATORS, INSTANCE, REFUSED_KEY, cause, is_refusal
from lwd.errors import ConnectionFailed, InputUnreadable, LimitReached

SAMPLE_RATE = 16000
FRAME_S = 0.1
READ_AHEAD = 10  # frames
CONNECT_TIMEOUT_S = 10.0

_LIMITS = "the server, the key or this address is at its limit of streams, or of new ones a minute"


def listen_url(url: str, params: Sequence[tuple[str, str]]) -> str:
    """Complete where a server is to its stream endpoint, with `params`; raises UsageError."""
    parts = server_address(url)
    path = parts.path.removesuffix("/").removesuffix("/v1/listen") + "/v1/listen"
    query = "&".join(filter(None, [parts.query, urlencode(params)]))
    return parts._replace(path=path, query=query).geturl()


async def transcribe(
    blocks: Iterable[NDArray[np.int16]],
    url: str,
    key: str | None,
    show: Callable[[str], None],
    *,
    fast: bool,
    frame_s: float = FRAME_S,
) -> None:
    """Stream `blocks` (int16, 16 kHz, mono) as frames of that length, in real time unless `fast`.

    Raises InputUnreadable when there is no audio, what reading `blocks` raises, and what `stream`
    does.
    """
    frames = await read_ahead(blocks, frame_s)
    if not fast:
        frames = paced(frames, time.monotonic, asyncio.sleep, frame_s)
    await stream(frames, url, key, show)


async def stream(
    frames: AsyncIterator[bytes], url: str, key: str | None, show: Callable[[str], None]
) -> None:
    """Send frames to `url` as they come, and `show` each message until the server closes.

    When cancelled, ends the stream, shows what still comes and is cancelled then. Raises
    ConnectionFailed when the server refuses or drops the stream, LimitReached where it is full.
    """
    async with ClientSession() as session, await _connect(session, url, key) as ws:
        sender = asyncio.create_task(_send(ws, frames))
        receiver = asyncio.create_task(_receive(ws, show))
        try:
            await asyncio.wait({receiver})
        finally:
            sender.cancel()
            await asyncio.wait({sender, receiver})
    if not sender.cancelled():
        sender.result()
    code, reason = receiver.result()
    if code != WSCloseCode.OK:
        raise ConnectionFailed(f"{_server(url)}: closed with {code}: {reason}")


async def read_ahead(
    blocks: Iterable[NDArray[np.int16]], frame_s: float = FRAME_S
) -> AsyncIterator[bytes]:
    """Wait for audio, then yield it as frames of `frame_s`; a last one may be shorter.

    Reads in a daemon thread, so that nobody waits for a stalled pipe: neither the server's
    messages nor Ctrl-C.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
    room = threading.Semaphore(READ_AHEAD)

    def put(item: bytes | Exception | None) -> None:
        room.acquire()
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def read() -> None:
        try:
            for frame in _cut(blocks, frame_bytes(frame_s)):
                put(frame)
            put(None)
        except Exception as error:  # noqa: BLE001 - raised again by whoever awaits the frames
            put(error)

    async def take() -> bytes | None:
        item = await queue.get()
        room.release()
        if isinstance(item, Exception):
            raise item
        return item

    async def frames(frame: bytes | None) -> AsyncIterator[bytes]:
        while frame is not None:
            yield frame
            frame = await take()

    threading.Thread(target=read, daemon=True).start()
    first = await take()
    if first is None:
        raise InputUnreadable("the input holds no audio")
    return frames(first)


def frame_bytes(frame_s: float) -> int:
    """Bytes of a frame of so many seconds."""
    return round(SAMPLE_RATE * frame_s) * 2


def _cut(blocks: Iterable[NDArray[np.int16]], n_bytes: int) -> Iterator[bytes]:
    rest = bytearray()
    for block in blocks:
        rest += block.astype("<i2").tobytes()
        while len(rest) >= n_bytes:
            yield bytes(rest[:n_bytes])
            del rest[:n_bytes]
    if rest:
        yield bytes(rest)


async def paced(
    frames: AsyncIterator[bytes],
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[object]],
    frame_s: float = FRAME_S,
) -> AsyncIterator[bytes]:
    """Yield frame n at n times `frame_s` after the first; a late one does not delay the rest."""
    start, number = clock(), 0
    async for frame in frames:
        await sleep(max(0.0, start + number * frame_s - clock()))
        yield frame
        number += 1


async def _connect(session: ClientSession, url: str, key: str | None) -> ClientWebSocketResponse:
    headers = {"Authorization": f"Token {key}"} if key else {}
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await session.ws_connect(url, headers=headers)
    except WSServerHandshakeError as error:
        is_limit = error.status == HTTPStatus.TOO_MANY_REQUESTS
        kind = LimitReached if is_limit else ConnectionFailed
        is_other_port = await _is_for_operators(session, url, error.status)
        why = FOR_OPERATORS if is_other_port else _rejection(error, key)
        raise kind(f"{_server(url)}: {why}") from error
    except ClientConnectorError as error:
        raise ConnectionFailed(
            f"{error.host}:{error.port}: {cause(error)}; {_remedy_of(error)}"
        ) from error
    except (ClientError, TimeoutError) as error:
        why = str(error) or f"no answer within {CONNECT_TIMEOUT_S:g} s"
        raise ConnectionFailed(f"{_server(url)}: {why}") from error


async def _is_for_operators(session: ClientSession, url: str, status: int) -> bool:
    """Whether a daemon that has no stream endpoint there is ready or not: so says its other port."""
    if status != HTTPStatus.NOT_FOUND:
        return False
    base = _server(url).replace("ws", "http", 1).removesuffix("/v1/listen")
    with suppress(ClientError, TimeoutError):
        timeout = ClientTimeout(total=CONNECT_TIMEOUT_S)
        async with session.get(f"{base}/readyz", timeout=timeout) as answer:
            return INSTANCE in answer.headers
    return False


def _remedy_of(error: ClientConnectorError) -> str:
    if isinstance(error, ClientConnectorSSLError):
        return "lwd itself speaks ws://, and wss:// only by a proxy before it; check --url"
    if is_refusal(error) and is_loopback(error.host):
        return "start lwd with `lwd serve`, in a checkout `make run`, or name a server by --url"
    return "check --url"


def _rejection(error: WSServerHandshakeError, key: str | None) -> str:
    """Say why, in Deepgram's words where the server sent them."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    why = f": {headers['dg-error']}" if "dg-error" in headers else ""
    request = f" (request {headers['dg-request-id']})" if "dg-request-id" in headers else ""
    remedy = _remedy(error.status, key, headers.get("retry-after"))
    return f"refused with status {error.status}{why}{request}{remedy}"


def _remedy(status: int, key: str | None, retry_after: str | None) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return f"; {REFUSED_KEY}" if key else "; give its key by --key or DEEPGRAM_API_KEY"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = f" (Retry-After: {retry_after})" if retry_after else ""
        return f"; {_LIMITS}{wait}"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "; see lwd status for why"
    return ""


def _server(url: str) -> str:
    return url.partition("?")[0]


async def _send(ws: ClientWebSocketResponse, frames: AsyncIterator[bytes]) -> None:
    with suppress(ClientConnectionResetError):  # the server closed, and its close frame says why
        try:
            async for frame in frames:
                await ws.send_bytes(frame)
        finally:
            await ws.send_str('{"type":"CloseStream"}')


async def _receive(ws: ClientWebSocketResponse, show: Callable[[str], None]) -> tuple[int, str]:
    """Show text messages until the server closes; return its close code and reason."""
    try:
        while True:
            message = await ws.receive()
            if message.type is WSMsgType.TEXT:
                show(message.data)
            elif message.type is WSMsgType.CLOSE:
                return message.data, message.extra or "no reason given"
            elif message.type is not WSMsgType.BINARY:
                return WSCloseCode.ABNORMAL_CLOSURE, "the connection was lost"
    finally:
        await ws.close()  # frees a sender that a server keeps waiting
