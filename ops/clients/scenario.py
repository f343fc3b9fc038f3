"""What every client must do, and what must come of it; the same for all, whatever their language."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from clients.process import Driver, Heard, IsMet, Unmet
from clients.server import Server, Streams
from clients.speech import FRAME_S, Speech, wer_percent

_WORST_WER_PERCENT = 20.0
_CONNECT_TIMEOUT_S = 60.0  # its driver starts, too
_ANSWER_TIMEOUT_S = 10.0
_SILENCE_S = 1.0
_KEPT_ALIVE_S = 12.0  # lwd gives up a silent client after 10 s
_KEEP_ALIVE_INTERVAL_S = 3.0
_UNFINISHED_S = 2.0  # in the middle of a sentence, so that Finalize has something to say
_RECONNECT_S = 6.0  # JavaScript SDK 5 waits up to 5 s before it connects anew
_CLOSED_WELL = 1000


@dataclass(frozen=True, slots=True)
class Conversation:
    """One stream of one client; `before` is what lwd counted before it was opened."""

    driver: Driver
    server: Server
    before: Streams
    shows_metadata: bool

    async def connect(self) -> None:
        """The client says that it is connected."""
        await self.driver.do("open")
        await self._expect(_has("open"), _CONNECT_TIMEOUT_S, "no open event")

    async def interims(self) -> None:
        """Interim results with words come."""
        await self._say(Speech.spoken().then_silence(_SILENCE_S))
        await self._expect(_has_worded_interim, _ANSWER_TIMEOUT_S, "no interim with words")

    async def final(self) -> None:
        """The finals are what was said."""
        is_right = await self.driver.until(
            lambda heard: wer_percent(_transcript(heard)) <= _WORST_WER_PERCENT, _ANSWER_TIMEOUT_S
        )
        if not is_right:
            percent = wer_percent(_transcript(self.driver.heard))
            raise Unmet(f"the finals have a word error rate of {percent:.0f} %")

    async def keep_alive(self) -> None:
        """Without audio, KeepAlive keeps the stream open beyond lwd's idle timeout."""
        n_heard = len(self.driver.heard)
        for _ in range(round(_KEPT_ALIVE_S / _KEEP_ALIVE_INTERVAL_S)):
            await self.driver.do("keep_alive")
            if await self.driver.until(
                lambda heard: _has_news(heard[n_heard:]), _KEEP_ALIVE_INTERVAL_S
            ):
                raise Unmet("the stream did not stay open")

    async def finalize(self) -> None:
        """Finalize is answered at once, with the words of an unfinished sentence."""
        n_heard = len(self.driver.heard)
        await self._say(Speech.spoken().first(_UNFINISHED_S))
        await self.driver.do("finalize")
        await self._expect(
            lambda heard: any(event.from_finalize and event.text for event in heard[n_heard:]),
            _ANSWER_TIMEOUT_S,
            "no final with from_finalize and words",
        )

    async def close(self) -> None:
        """CloseStream ends the stream cleanly, for both, and there is no other after it."""
        await self.driver.do("close")
        await self._expect(_has("close"), _ANSWER_TIMEOUT_S, "no close event")
        if self.shows_metadata:
            await self._expect(_has("metadata"), _ANSWER_TIMEOUT_S, "no Metadata")
        await asyncio.sleep(_RECONNECT_S)
        self._judge_end(self.driver.heard)

    def _judge_end(self, heard: Heard) -> None:
        """Raise Unmet unless the client and lwd agree that one stream has ended well."""
        codes = {event.code for event in heard if event.kind == "close"} - {_CLOSED_WELL, None}
        if codes:
            raise Unmet(f"closed with {codes.pop()}")
        if _has("error")(heard):
            raise Unmet("an error event")
        after = self.server.streams()
        ended = after.ended - self.before.ended
        if ended != {"completed": 1} or after.n_open:
            raise Unmet(
                f"lwd counts {dict(ended)}, and {after.n_open} open, instead of 1 completed"
            )

    async def _say(self, speech: Speech) -> None:
        """Send audio at its own pace."""
        started_s = time.monotonic()
        for n, frame in enumerate(speech.frames(), 1):
            await self.driver.do("audio", frame)
            await asyncio.sleep(max(0.0, started_s + n * FRAME_S - time.monotonic()))

    async def _expect(self, is_met: IsMet, within_s: float, otherwise: str) -> None:
        if not await self.driver.until(is_met, within_s):
            raise Unmet(f"{otherwise} within {within_s:g} s")


async def converse(conversation: Conversation) -> dict[str, str | None]:
    """Why each check of a stream failed, None where it did not; nothing follows a failed connect."""
    verdicts: dict[str, str | None] = {}
    for check, step in _STEPS.items():
        verdicts[check] = await _reason(step(conversation), conversation.driver)
        if verdicts["connect"]:
            break
    return verdicts


async def is_rejected(driver: Driver) -> str | None:
    """Why a client with a wrong key did not learn that it is wrong; None where it did."""
    return await _reason(_rejection(driver), driver)


async def _rejection(driver: Driver) -> None:
    await driver.do("open")
    is_told = await driver.until(_has_news, _CONNECT_TIMEOUT_S)
    if _has("open")(driver.heard):
        raise Unmet("it was let in")
    if not is_told:
        raise Unmet(f"neither an error nor a close event within {_CONNECT_TIMEOUT_S:g} s")


async def _reason(step: Awaitable[None], driver: Driver) -> str | None:
    """Why a step failed, and what the client says of it; None where it did not fail."""
    try:
        await step
    except Unmet as unmet:
        errors = [event.text for event in driver.heard if event.kind == "error"]
        return ": ".join([str(unmet), *errors[-1:]])
    return None


def _has(kind: str) -> IsMet:
    return lambda heard: any(event.kind == kind for event in heard)


def _has_news(heard: Heard) -> bool:
    """Whether the client tells of its connection."""
    return any(event.kind in {"open", "close", "error"} for event in heard)


def _has_worded_interim(heard: Heard) -> bool:
    return any(event.words and not event.is_final for event in heard)


def _transcript(heard: Heard) -> str:
    return " ".join(event.text for event in heard if event.is_final and event.text)


_STEPS: dict[str, Callable[[Conversation], Awaitable[None]]] = {
    "connect": Conversation.connect,
    "interims": Conversation.interims,
    "final": Conversation.final,
    "keep-alive": Conversation.keep_alive,
    "finalize": Conversation.finalize,
    "close": Conversation.close,
}
REJECTED_KEY = "rejected key"
CHECKS = (*_STEPS, REJECTED_KEY)
"""What is checked, in this order."""
