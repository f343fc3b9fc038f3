"""How quickly a server answers, and how many callers it serves in time: a quick measurement.

Each caller says the sentence in real time. The age of a result is the time from when its last audio
was sent until it came. Of finals those count that a pause has ended: where speech goes on, lwd cuts
at a word that is some time ago, and nobody waits.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from statistics import fmean

from lwd.client.results import parse
from lwd.client.stream import FRAME_S, SAMPLE_RATE, paced, read_ahead, stream
from lwd.errors import ConnectionFailed, LimitReached
from lwd.trial.daemon import Server
from lwd.trial.sounds import sentence, silence

IN_TIME_S = 1.0
"""A final that is older comes too late for a conversation."""

_PAUSE_S = 1.0
_SPREAD_S = 3.0
"""Callers begin within so many seconds of each other."""


@dataclass(frozen=True, slots=True)
class Load:
    """What so many callers at once got: ages in seconds, None where there was no such result."""

    streams: int
    first_result_s: float | None
    interim_mean_s: float | None
    final_worst_s: float | None

    @property
    def is_in_time(self) -> bool:
        """Whether every final came in time."""
        return self.final_worst_s is not None and self.final_worst_s <= IN_TIME_S


@dataclass(frozen=True, slots=True)
class Measured:
    """`real_time_factor` is time per second of audio of a lone caller who does not wait.

    `limit` is the largest number of callers that was served in time; None where not even one was.
    `ended_by` says what kept it from being larger; where that was a limit which somebody has set,
    of the key or the server, `is_capped`, and the machine may do more.
    """

    real_time_factor: float
    loads: tuple[Load, ...]
    limit: int | None
    ended_by: str
    is_capped: bool


@dataclass(slots=True)
class _Caller:
    """When frames went out and results came in, and the ages of these."""

    server: Server
    sent_at_s: list[float] = field(default_factory=list)
    interims_s: list[float] = field(default_factory=list)
    finals_s: list[float] = field(default_factory=list)
    first_result_s: float | None = None

    async def call(self, *, wait_s: float) -> None:
        """Say the sentence; raises ConnectionFailed."""
        await asyncio.sleep(wait_s)
        frames = await read_ahead([sentence(), silence(_PAUSE_S)])
        timed = self._timed(paced(frames, time.monotonic, asyncio.sleep))
        await stream(timed, self.server.stream_url, self.server.key, self._take)

    async def _timed(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for frame in frames:
            self.sent_at_s.append(time.monotonic())
            yield frame

    def _take(self, message: str) -> None:
        result = parse(message)
        if result is None or not result.transcript:
            return
        now_s = time.monotonic()
        if self.first_result_s is None:
            self.first_result_s = now_s - self.sent_at_s[0]
        last = min(int(result.end_s / FRAME_S), len(self.sent_at_s) - 1)
        if result.speech_final or not result.is_final:
            ages_s = self.finals_s if result.is_final else self.interims_s
            ages_s.append(now_s - self.sent_at_s[last])


async def measure(server: Server, most: int, report: Callable[[Load], None]) -> Measured:
    """Measure with 1, 2, 4 … callers, at most `most`, and then between the last two.

    Raises ConnectionFailed when a server does not even serve one.
    """
    factor = await _real_time_factor(server)
    loads: list[Load] = []
    good, bad = 0, most + 1
    ended_by, is_capped = f"more than {most} were not tried", False
    n = 1
    while good < n < bad:
        try:
            load = await _load(server, n)
        except ConnectionFailed as error:
            if n == 1:
                raise
            bad, ended_by, is_capped = n, str(error), isinstance(error, LimitReached)
        else:
            loads.append(load)
            report(load)
            if load.is_in_time:
                good = n
            else:
                bad, ended_by = n, f"a final came after more than {IN_TIME_S:g} s"
                is_capped = False
        n = min(2 * good, most) if bad > most else _between(good, bad)
    return Measured(factor, tuple(loads), good or None, ended_by, is_capped)


def _between(good: int, bad: int) -> int:
    """The middle, as long as it is worth a try."""
    return (good + bad) // 2 if bad - good > max(1, good // 4) else bad


async def _load(server: Server, n: int) -> Load:
    callers = [_Caller(server) for _ in range(n)]
    calls = (caller.call(wait_s=k * _SPREAD_S / n) for k, caller in enumerate(callers))
    # All come to their end, so that none is left behind when one is refused.
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
    interims_s = [age for caller in callers for age in caller.interims_s]
    finals_s = [age for caller in callers for age in caller.finals_s]
    firsts_s = [c.first_result_s for c in callers if c.first_result_s is not None]
    return Load(
        streams=n,
        first_result_s=_rounded(fmean(firsts_s) if firsts_s else None),
        interim_mean_s=_rounded(fmean(interims_s) if interims_s else None),
        final_worst_s=_rounded(max(finals_s, default=None)),
    )


async def _real_time_factor(server: Server) -> float:
    blocks = [sentence(), silence(_PAUSE_S)]
    started_s = time.monotonic()
    frames = await read_ahead(blocks)
    await stream(frames, server.stream_url, server.key, lambda _: None)
    return round((time.monotonic() - started_s) * SAMPLE_RATE / sum(map(len, blocks)), 3)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
