"""Delivery over one WebSocket, which is tied to the stream: when it breaks, the stream ends.

What the other side sends is thrown away.
"""

import asyncio

import aiohttp

from lwd.errors import CallbackBroken
from lwd.server.callback.client import FAILURES, fate_of_failure
from lwd.server.callback.ledger import Fate, Ledger
from lwd.server.callback.outbox import Outbox
from lwd.server.callback.policy import Target

_HEARTBEAT_S = 20.0
_CLOSE_TIMEOUT_S = 5.0
_MAX_INCOMING_BYTES = 1 << 16


class Relay:
    """Delivers one stream's messages to a `ws` or `wss` URL."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        self._target = target
        self._timeout_s = timeout_s

    async def deliver(self, session: aiohttp.ClientSession, outbox: Outbox, ledger: Ledger) -> None:
        """Send every message of the outbox; raises CallbackBroken."""
        try:
            async with await self._connect(session) as receiver:
                await self._send_all(receiver, outbox, ledger)
        except FAILURES as error:
            ledger.record(fate_of_failure(error))
            raise CallbackBroken from error

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        async with asyncio.timeout(self._timeout_s):
            return await session.ws_connect(
                self._target.url,
                heartbeat=_HEARTBEAT_S,
                max_msg_size=_MAX_INCOMING_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT_S),
            )

    async def _send_all(
        self, receiver: aiohttp.ClientWebSocketResponse, outbox: Outbox, ledger: Ledger
    ) -> None:
        sending = asyncio.create_task(self._send(receiver, outbox, ledger))
        watching = asyncio.create_task(_wait_closed(receiver))
        try:
            await asyncio.wait({sending, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise ConnectionResetError
            sending.result()
        finally:
            for task in (sending, watching):
                task.cancel()
            await asyncio.gather(sending, watching, return_exceptions=True)

    async def _send(
        self, receiver: aiohttp.ClientWebSocketResponse, outbox: Outbox, ledger: Ledger
    ) -> None:
        async for letter in outbox:
            async with asyncio.timeout(self._timeout_s):
                await receiver.send_str(letter.text)
            ledger.record(Fate.DELIVERED)


async def _wait_closed(receiver: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in receiver:
        pass
