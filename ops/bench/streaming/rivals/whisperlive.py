"""WhisperLive: its server and a client of its WebSocket protocol.

The client opens with its options as JSON, sends audio and then END_OF_AUDIO. The server sends a list
of segments again and again: the last completed ones, and one that may still change.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSMsgType

from environment import Environment
from streaming.client import Received, Recording, Result, Speaker, Word

ENVIRONMENT = Environment(
    "whisper-live",
    # What its server imports. The rest is for other backends and its own client, which has to be built.
    requirements=(
        "fastapi==0.165.0",
        "faster-whisper==1.2.0",
        "numpy==2.4.6",
        "python-multipart==0.0.34",
        "requests==2.34.2",
        "scipy==1.17.1",
        "tokenizers==0.20.3",
        "torch==2.13.0",
        "uvicorn==0.54.0",
        "websockets==17.4",
    ),
    alone=("whisper-live==0.10.0",),
)

_SERVE = """
import sys
from whisper_live.server import TranscriptionServer
TranscriptionServer().run(
    "127.0.0.1", port=int(sys.argv[1]), backend="faster_whisper",
    faster_whisper_custom_model_path=sys.argv[2], single_model=True,
)
"""
_OPTIONS = {
    "uid": "bench",
    "language": "en",
    "task": "transcribe",
    "use_vad": True,
    "audio_format": "int16",
    "word_timestamps": True,
}
_READY = "SERVER_READY"
_END = b"END_OF_AUDIO"
_READY_TIMEOUT_S = 60.0
_IDLE_S, _LAST_MESSAGE_TIMEOUT_S = 15.0, 60.0
"""It drops what is open at END_OF_AUDIO, so its own client too waits until nothing comes for so long."""

_EDGE_S = 1e-3
"""Times of segments have three decimals."""


def command(python: Path, port: int, model: Path) -> list[str]:
    """How the server is started; it loads the model with its first caller and keeps it."""
    return [str(python), "-c", _SERVE, str(port), str(model)]


@dataclass(frozen=True, slots=True)
class WhisperLive:
    """A server at `url`, such as ws://127.0.0.1:9090."""

    url: str

    async def stream(self, pcm: bytes, pace: float) -> Recording:
        """Send a call and wait until nothing comes any more; faults are in the recording."""
        recording = Recording()
        try:
            async with (
                ClientSession() as http,
                http.ws_connect(self.url, max_msg_size=0) as socket,
            ):
                await socket.send_str(json.dumps(_OPTIONS))
                if await _is_admitted(socket, recording):
                    await _converse(socket, Speaker(pcm, pace), recording)
        except TimeoutError:
            recording.error = f"not ready within {_READY_TIMEOUT_S:g} s"
        except (ClientError, OSError) as error:
            recording.error = f"{type(error).__name__}: {error}"
        return recording

    def results(self, recording: Recording) -> Sequence[Result]:
        """A completed segment is a final, each time it is new; the open one is an interim.

        What is still open at the end counts as a final, as its own client has it.
        """
        found: list[Result] = []
        closed_s = 0.0
        for received in recording.received:
            for segment in json.loads(received.text).get("segments", []):
                is_final = segment.get("completed", False)
                if is_final and float(segment["start"]) < closed_s - _EDGE_S:
                    continue
                found.append(_result(received, segment, found[-1:], is_final=is_final))
                closed_s = found[-1].end_s if is_final else closed_s
        if found and not found[-1].is_final:
            found.append(replace(found[-1], is_final=True, speech_final=True))
        return found


async def _is_admitted(socket: ClientWebSocketResponse, recording: Recording) -> bool:
    async with asyncio.timeout(_READY_TIMEOUT_S):
        answer = await socket.receive()
    said = json.loads(answer.data) if answer.type is WSMsgType.TEXT else {}
    if said.get("message") == _READY:
        return True
    recording.is_refused = said.get("status") == "WAIT"
    recording.error = f"not ready: {said.get('status', 'closed')}"
    return False


async def _converse(
    socket: ClientWebSocketResponse, speaker: Speaker, recording: Recording
) -> None:
    reading = asyncio.create_task(_read(socket, speaker, recording))
    try:
        await speaker.speak(socket.send_bytes)
        recording.closing_s = speaker.now_s()
        await _until_idle(reading, recording)
        await socket.send_bytes(_END)
    except ConnectionError:
        recording.error = f"closed with {socket.close_code}"
    finally:
        reading.cancel()
    recording.worst_late_s = speaker.worst_late_s


async def _until_idle(reading: "asyncio.Task[None]", recording: Recording) -> None:
    """Wait while messages come, at most a minute."""
    deadline_s = time.perf_counter() + _LAST_MESSAGE_TIMEOUT_S
    heard = -1
    while heard != len(recording.received) and time.perf_counter() < deadline_s:
        heard = len(recording.received)
        if (await asyncio.wait([reading], timeout=_IDLE_S))[0]:
            recording.error = "closed before END_OF_AUDIO"
            return


async def _read(socket: ClientWebSocketResponse, speaker: Speaker, recording: Recording) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            recording.received.append(Received(speaker.now_s(), speaker.cursor_s, message.data))


def _result(
    received: Received, segment: dict[str, Any], before: Sequence[Result], *, is_final: bool
) -> Result:
    start_s, end_s, text = float(segment["start"]), float(segment["end"]), segment["text"].strip()
    words = tuple(
        Word(word["word"].strip(), float(word["start"]), float(word["end"]))
        for word in segment.get("words") or ()
    )
    if not words and before and before[0].text == text:
        # A segment that was completed by repetition has lost the times of its words.
        words = before[0].words
    return Result(
        received_s=received.at_s,
        cursor_s=received.cursor_s,
        start_s=start_s,
        end_s=end_s,
        text=text,
        words=words or spread(text.split(), start_s, end_s),
        is_final=is_final,
        speech_final=is_final,
    )


def spread(texts: Sequence[str], start_s: float, end_s: float) -> tuple[Word, ...]:
    """Words of unknown times, evenly over the time of all."""
    step_s = (end_s - start_s) / max(1, len(texts))
    return tuple(
        Word(text, start_s + n * step_s, start_s + (n + 1) * step_s) for n, text in enumerate(texts)
    )
