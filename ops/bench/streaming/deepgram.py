"""A client of Deepgram's streaming protocol, as cheap as it can be while it measures."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    WSMsgType,
    WSServerHandshakeError,
)

from lwd.asr.types import SAMPLE_RATE
from streaming.client import Received, Recording, Result, Speaker, Word

PATH = "/v1/listen"

_CLOSE = '{"type":"CloseStream"}'
_CLOSED_WELL = 1000
_REFUSED = {429, 503}
_LAST_MESSAGE_TIMEOUT_S = 60.0


def parameters(model: str, endpointing_ms: int) -> dict[str, str]:
    """What every bench asks of a server."""
    return {
        "model": model,
        "language": "en",
        "encoding": "linear16",
        "sample_rate": str(SAMPLE_RATE),
        "channels": "1",
        "interim_results": "true",
        "punctuate": "true",
        "endpointing": str(endpointing_ms),
    }


@dataclass(frozen=True, slots=True)
class Deepgram:
    """A server at `url`, such as ws://127.0.0.1:9000, called with these parameters."""

    url: str
    parameters: Mapping[str, str]
    key: str | None = None

    async def stream(self, pcm: bytes, pace: float) -> Recording:
        """Send a call and wait for the last message; what goes wrong is in the recording."""
        recording = Recording()
        try:
            async with (
                ClientSession() as http,
                http.ws_connect(
                    self.url.rstrip("/") + PATH,
                    params=self.parameters,
                    headers={"Authorization": f"Token {self.key}"} if self.key else {},
                    max_msg_size=0,
                ) as socket,
            ):
                await _converse(socket, Speaker(pcm, pace), recording)
        except WSServerHandshakeError as error:
            recording.error = f"HTTP {error.status}"
            recording.is_refused = error.status in _REFUSED
        except (ClientError, OSError) as error:
            recording.error = f"{type(error).__name__}: {error}"
        return recording

    def results(self, recording: Recording) -> Sequence[Result]:
        """The messages of type Results, in the order in which they came."""
        messages = ((received, json.loads(received.text)) for received in recording.received)
        return [
            _result(received, message)
            for received, message in messages
            if message["type"] == "Results"
        ]


async def _converse(
    socket: ClientWebSocketResponse, speaker: Speaker, recording: Recording
) -> None:
    reading = asyncio.create_task(_read(socket, speaker, recording))
    try:
        await speaker.speak(socket.send_bytes)
        recording.closing_s = speaker.now_s()
        await socket.send_str(_CLOSE)
        await asyncio.wait_for(reading, _LAST_MESSAGE_TIMEOUT_S)
    except TimeoutError:
        recording.error = f"not closed within {_LAST_MESSAGE_TIMEOUT_S:g} s of CloseStream"
    except ConnectionError:
        await reading
    finally:
        reading.cancel()
    recording.worst_late_s = speaker.worst_late_s
    if socket.close_code != _CLOSED_WELL and not recording.error:
        recording.error = f"closed with {socket.close_code}"


async def _read(socket: ClientWebSocketResponse, speaker: Speaker, recording: Recording) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            recording.received.append(Received(speaker.now_s(), speaker.cursor_s, message.data))


def _result(received: Received, message: dict[str, Any]) -> Result:
    best = message["channel"]["alternatives"][0]
    return Result(
        received_s=received.at_s,
        cursor_s=received.cursor_s,
        start_s=message["start"],
        end_s=message["start"] + message["duration"],
        text=best["transcript"],
        words=tuple(
            Word(word.get("punctuated_word", word["word"]), word["start"], word["end"])
            for word in best.get("words", [])
        ),
        is_final=message["is_final"],
        speech_final=message.get("speech_final", False),
    )
