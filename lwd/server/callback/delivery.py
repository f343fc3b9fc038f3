"""A stream's callback as the stream sees it: it takes messages, and delivers them in a task.

Knows neither what the messages say nor when they are made.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol, Self
from uuid import UUID

import aiohttp

from lwd.config import CallbackConfig
from lwd.server.callback.client import open_session
from lwd.server.callback.ledger import Ledger
from lwd.server.callback.outbox import Outbox
from lwd.server.callback.policy import CallbackPolicy, Target
from lwd.server.callback.relay import Relay
from lwd.server.callback.requests import Requests


class Courier(Protocol):
    """A way to deliver."""

    async def deliver(self, session: aiohttp.ClientSession, outbox: Outbox, ledger: Ledger) -> None:
        """Deliver everything that is put into the outbox until it is closed."""


class Callback:
    """The callback of one stream, which enters it to start the delivery.

    Leaving it waits for what is left to deliver; leaving it by an exception does not.
    `delivery` ends before that only by CallbackBroken, and the stream then ends with it.
    """

    delivery: asyncio.Task[None]

    def __init__(
        self,
        open_session: Callable[[], aiohttp.ClientSession],
        courier: Courier,
        outbox: Outbox,
        ledger: Ledger,
    ) -> None:
        self._open_session = open_session
        self._courier = courier
        self._outbox = outbox
        self._ledger = ledger

    async def __aenter__(self) -> Self:
        self.delivery = asyncio.create_task(self._deliver())
        return self

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            self._outbox.close()
        else:
            self.delivery.cancel()
        await asyncio.gather(self.delivery, return_exceptions=True)

    def send(self, text: str, *, is_interim: bool) -> None:
        """Have a message delivered after those before it; never waits."""
        self._outbox.put(text, is_interim=is_interim)

    async def _deliver(self) -> None:
        async with self._open_session() as session:
            await self._courier.deliver(session, self._outbox, self._ledger)


class Callbacks:
    """Opens callbacks as the configuration allows."""

    def __init__(self, config: CallbackConfig) -> None:
        self._config = config
        self._policy = CallbackPolicy(
            config.enabled, config.hosts, config.ports, config.allow_networks
        )

    def check(self, url: str | None) -> Target | None:
        """Where a client's `callback` leads, or None without one; raises InvalidParameter."""
        return None if url is None else self._policy.check_url(url)

    def open(
        self, target: Target | None, method: str, request_id: UUID, key_id: str | None = None
    ) -> Callback | None:
        """A stream's callback, if it has one; `key_id` names the client's key to the receiver."""
        if target is None:
            return None
        config = self._config
        ledger = Ledger(str(request_id), target.url.raw_host or "")
        outbox = Outbox(ledger, config.queue_messages, config.give_up_s)
        courier: Courier = Requests(target, method, config.timeout_s)
        if target.is_websocket:
            courier = Relay(target, config.timeout_s)
        headers = {} if key_id is None else {"dg-token": key_id}
        return Callback(partial(open_session, self._policy, headers), courier, outbox, ledger)
