"""deepgram-sdk 5: as 6, with one method for all control messages."""

from deepgram.extensions.types.sockets import ListenV1ControlMessage
from obey import obey
from python_sdk_6 import Client as Client6


class Client(Client6):
    """The asynchronous client."""

    async def keep_alive(self) -> None:
        await self.socket.send_control(ListenV1ControlMessage(type="KeepAlive"))

    async def finalize(self) -> None:
        await self.socket.send_control(ListenV1ControlMessage(type="Finalize"))

    async def close(self) -> None:
        await self.socket.send_control(ListenV1ControlMessage(type="CloseStream"))


obey("deepgram-sdk", Client)
