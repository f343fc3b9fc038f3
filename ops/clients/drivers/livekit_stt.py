"""The STT of livekit-plugins-deepgram.

It keeps a stream alive by itself, and shows neither Metadata nor the close code. Its answer to
`flush`, which sends Finalize, is the next final.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents.stt import SpeechEventType
from livekit.plugins.deepgram import STT
from obey import obey, tell

_SAMPLE_RATE = 16_000


class Client:
    """A stream as an agent opens it."""

    def __init__(self, address: str, key: str) -> None:
        self._stt = STT(
            api_key=key,
            base_url=f"http://{address}/v1/listen",
            http_session=aiohttp.ClientSession(),
        )
        self._stt.on("metrics_collected", _measured)
        self._stt.on("error", lambda failed: tell("error", text=repr(failed.error)))
        self._is_flushed = False

    async def open(self) -> None:
        self._stream = self._stt.stream()
        self._listening = asyncio.create_task(self._listen(self._stream))

    async def audio(self, data: bytes) -> None:
        self._stream.push_frame(rtc.AudioFrame(data, _SAMPLE_RATE, 1, len(data) // 2))

    async def keep_alive(self) -> None:
        pass

    async def finalize(self) -> None:
        self._is_flushed = True
        self._stream.flush()

    async def close(self) -> None:
        self._stream.end_input()

    async def _listen(self, events: AsyncIterator[Any]) -> None:
        try:
            async for event in events:
                self._hear(event)
        except Exception as error:  # noqa: BLE001 - what ends the stream is what a user gets
            tell("error", text=repr(error))
        tell("close", code=None)

    def _hear(self, event: Any) -> None:
        is_final = event.type == SpeechEventType.FINAL_TRANSCRIPT
        if is_final or event.type == SpeechEventType.INTERIM_TRANSCRIPT:
            [best] = event.alternatives
            tell(
                "results",
                text=best.text,
                words=len(best.words or ()),
                is_final=is_final,
                from_finalize=is_final and self._is_flushed,
            )


def _measured(metrics: Any) -> None:
    """The only word of a new connection is how long it took."""
    if metrics.acquire_time:
        tell("open")


obey("livekit-plugins-deepgram", Client)
