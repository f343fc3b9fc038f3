"""Delivery by HTTP: a request for each message, one after the other, again where it may help.

Nothing of an answer counts but its status; its body is not read.
"""

import asyncio
import itertools
import random
from http import HTTPStatus

import aiohttp

from lwd import metrics
from lwd.server.callback.client import FAILURES, fate_of_answer, fate_of_failure
from lwd.server.callback.ledger import Fate, Ledger
from lwd.server.callback.outbox import Letter, Outbox
from lwd.server.callback.policy import Target

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_TEMPORARY = {Fate.UNREACHABLE, Fate.TIMEOUT, Fate.UNAVAILABLE}


class Requests:
    """Delivers one stream's messages to an `http` or `https` URL."""

    def __init__(self, target: Target, method: str, timeout_s: float) -> None:
        self._target = target
        self._method = method
        self._timeout_s = timeout_s

    async def deliver(self, session: aiohttp.ClientSession, outbox: Outbox, ledger: Ledger) -> None:
        """Send every message of the outbox, and give up those that cannot be delivered."""
        async for letter in outbox:
            ledger.record(await self._deliver(session, letter))

    async def _deliver(self, session: aiohttp.ClientSession, letter: Letter) -> Fate:
        fate = Fate.EXPIRED
        for attempt in itertools.count():
            if letter.left_s <= 0:
                break
            if attempt:
                metrics.CALLBACK_RETRIES.inc()
            latest = await self._attempt(session, letter)
            # An attempt cut short by the letter's own end tells less than the one before.
            if latest is not Fate.TIMEOUT or letter.left_s > 0 or not attempt:
                fate = latest
            if fate not in _TEMPORARY:
                break
            await asyncio.sleep(min(_pause_s(attempt), max(letter.left_s, 0)))
        return fate

    async def _attempt(self, session: aiohttp.ClientSession, letter: Letter) -> Fate:
        request = session.request(
            self._method,
            self._target.url,
            data=letter.text.encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            async with asyncio.timeout(min(self._timeout_s, letter.left_s)), request as response:
                is_success = response.status < HTTPStatus.MULTIPLE_CHOICES
                return Fate.DELIVERED if is_success else fate_of_answer(response.status)
        except FAILURES as error:
            return fate_of_failure(error)


def _pause_s(attempt: int) -> float:
    longest_s = min(_FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S)
    # Streams that failed together should not all come back together.
    return random.uniform(longest_s / 2, longest_s)  # noqa: S311 - nobody gains by guessing it
