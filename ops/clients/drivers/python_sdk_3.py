"""deepgram-sdk 3 and 4: callbacks on a client that one starts and finishes."""

from typing import Any

from deepgram import (
    DeepgramClient,
    DeepgramClientOptions,
    LiveOptions,
    LiveTranscriptionEvents,
)
from obey import obey, tell, tell_message


class Client:
    """The asynchronous client."""

    def __init__(self, address: str, key: str) -> None:
        options = DeepgramClientOptions(url=f"http://{address}")
        self._socket = DeepgramClient(key, options).listen.asyncwebsocket.v("1")
        for event, handler in {
            LiveTranscriptionEvents.Open: _opened,
            LiveTranscriptionEvents.Transcript: _transcribed,
            LiveTranscriptionEvents.Metadata: _described,
            LiveTranscriptionEvents.Close: _closed,
            LiveTranscriptionEvents.Error: _failed,
            LiveTranscriptionEvents.Unhandled: _unhandled,
        }.items():
            self._socket.on(event, handler)

    async def open(self) -> None:
        options = LiveOptions(
            model="nova-3",
            language="en",
            encoding="linear16",
            sample_rate=16_000,
            channels=1,
            interim_results=True,
            punctuate=True,
            endpointing=300,
        )
        if not await self._socket.start(options):
            tell("error", text="start() returned False")

    async def audio(self, data: bytes) -> None:
        await self._socket.send(data)

    async def keep_alive(self) -> None:
        await self._socket.keep_alive()

    async def finalize(self) -> None:
        await self._socket.finalize()

    async def close(self) -> None:
        await self._socket.finish()


async def _opened(*_: object) -> None:
    tell("open")


async def _transcribed(_: object, result: Any) -> None:
    tell_message(result)


async def _described(_: object, metadata: Any) -> None:
    tell_message(metadata)


async def _closed(*_: object, **__: object) -> None:
    tell("close", code=None)


async def _failed(_: object, error: Any) -> None:
    tell("error", text=f"{error.description}: {error.message}")


async def _unhandled(_: object, unhandled: Any) -> None:
    tell("error", text=f"unhandled message {unhandled.raw}")


obey("deepgram-sdk", Client)
