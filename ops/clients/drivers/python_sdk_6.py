"""deepgram-sdk 6 and 7: a socket that is listened to in a task."""

import asyncio
from contextlib import AsyncExitStack
from inspect import signature

from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.events import EventType
from obey import obey, tell, tell_message


class Client:
    """The asynchronous client."""

    def __init__(self, address: str, key: str) -> None:
        sockets = {"production", "agent"}
        environment = DeepgramClientEnvironment(
            **{
                name: f"{'ws' if name in sockets else 'http'}://{address}"
                for name in signature(DeepgramClientEnvironment).parameters
            }
        )
        self._client = AsyncDeepgramClient(api_key=key, environment=environment)
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        connecting = self._client.listen.v1.connect(
            model="nova-3",
            language="en",
            encoding="linear16",
            sample_rate="16000",
            channels="1",
            interim_results="true",
            punctuate="true",
            endpointing="300",
        )
        self.socket = await self._stack.enter_async_context(connecting)
        self.socket.on(EventType.OPEN, lambda _: tell("open"))
        self.socket.on(EventType.MESSAGE, tell_message)
        self.socket.on(EventType.ERROR, lambda error: tell("error", text=str(error)))
        # The SDK does not say the code, but keeps the socket that knows it.
        websocket = self.socket._websocket  # noqa: SLF001
        self.socket.on(EventType.CLOSE, lambda _: tell("close", code=websocket.close_code))
        self._listening = asyncio.create_task(self.socket.start_listening())

    async def audio(self, data: bytes) -> None:
        await self.socket.send_media(data)

    async def keep_alive(self) -> None:
        await self.socket.send_keep_alive()

    async def finalize(self) -> None:
        await self.socket.send_finalize()

    async def close(self) -> None:
        await self.socket.send_close_stream()


if __name__ == "__main__":
    obey("deepgram-sdk", Client)
