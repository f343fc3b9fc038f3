"""The published Deepgram SDK, unmodified, pointed at lwd."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.events import EventType

FRAME_S = 0.1


@dataclass
class Call:
    """What one stream got, and when, in seconds from the first audio."""

    messages: list[tuple[float, Any]] = field(default_factory=list)
    errors: list[object] = field(default_factory=list)
    audio_sent_s: float = 0.0
    closed_s: float = 0.0

    def of(self, kind: str) -> list[Any]:
        """Messages of one type."""
        return [message for _, message in self.messages if message.type == kind]

    @property
    def finals(self) -> list[Any]:
        """The final results."""
        return [message for message in self.of("Results") if message.is_final]

    @property
    def transcript(self) -> str:
        """The final results' text."""
        parts = (final.channel.alternatives[0].transcript for final in self.finals)
        return " ".join(part for part in parts if part)

    @property
    def words(self) -> list[Any]:
        """The words of the final results."""
        return [word for final in self.finals for word in final.channel.alternatives[0].words]


def client(port: int, key: str = "any-key", *, tls: bool = False) -> AsyncDeepgramClient:
    """The SDK's client for a local port; with TLS its name is localhost."""
    http, ws = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
    if tls:
        http, ws = f"https://localhost:{port}", f"wss://localhost:{port}"
    environment = DeepgramClientEnvironment(base=http, production=ws, agent=ws, agent_rest=http)
    return AsyncDeepgramClient(api_key=key, environment=environment)


async def stream(
    port: int,
    audio: bytes,
    *,
    bytes_per_s: float,
    params: Mapping[str, str],
    during: Callable[[float], Awaitable[None]] | None = None,
    key: str = "any-key",
    tls: bool = False,
) -> Call:
    """Stream audio at its own pace and wait for the end.

    `during` is awaited before each frame with the seconds sent so far.
    """
    call = Call()
    frame_bytes = int(bytes_per_s * FRAME_S)
    async with client(port, key, tls=tls).listen.v1.connect(model="nova-3", **params) as socket:
        started_s = time.monotonic()
        closed = asyncio.Event()
        socket.on(
            EventType.MESSAGE,
            lambda message: call.messages.append((time.monotonic() - started_s, message)),
        )
        socket.on(EventType.ERROR, call.errors.append)
        socket.on(EventType.CLOSE, lambda _: closed.set())
        listening = asyncio.create_task(socket.start_listening())
        for n, at in enumerate(range(0, len(audio), frame_bytes)):
            if during is not None:
                await during(n * FRAME_S)
            await socket.send_media(audio[at : at + frame_bytes])
            await asyncio.sleep(max(0.0, started_s + (n + 1) * FRAME_S - time.monotonic()))
        call.audio_sent_s = time.monotonic() - started_s
        await socket.send_close_stream()
        async with asyncio.timeout(60):
            await closed.wait()
        call.closed_s = time.monotonic() - started_s
        await listening
    return call
