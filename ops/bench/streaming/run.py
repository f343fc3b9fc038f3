"""Many callers at once, each with its own calls, and what the server used meanwhile."""

import asyncio
import gc
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import uvloop

from streaming.client import Client, Recording
from streaming.compose import Call, linear16

_SAMPLING_S = 1.0
_STAGGER_S = 5.0
"""Within this time all streams begin, at even distances."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a server's processes had used at `at_s` of the wall clock, by their name."""

    at_s: float
    cpu_s: Mapping[str, float]
    resident_bytes: Mapping[str, int]


Meter = Callable[[], Usage]


@dataclass(frozen=True, slots=True)
class Heard:
    """A call and what its caller received."""

    call: Call
    recording: Recording


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it; `usage` is empty where no meter is at hand."""

    heard: list[Heard] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)

    @property
    def admitted(self) -> list[Heard]:
        """Calls that the server did not refuse."""
        return [heard for heard in self.heard if not heard.recording.is_refused]

    @property
    def errors(self) -> list[str]:
        """How streams ended that were admitted and did not end well."""
        return [heard.recording.error for heard in self.admitted if heard.recording.error]

    @property
    def worst_late_s(self) -> float:
        """The most by which any client sent late: above some 50 ms the measurement was disturbed."""
        return max((heard.recording.worst_late_s for heard in self.heard), default=0.0)


def run(
    client: Client,
    queues: Sequence[Sequence[Call]],
    *,
    pace: float = 1.0,
    meter: Meter | None = None,
) -> Run:
    """Let a stream for each queue make its calls, one after the other; all streams at once."""
    with _undisturbed():
        return uvloop.run(_run(client, queues, pace, meter))


def in_turn(calls: Sequence[Call], streams: int) -> list[list[Call]]:
    """Share calls out over streams, as many to each; some are made twice where they do not go round."""
    rounds = math.ceil(len(calls) / streams)
    return [
        [calls[(streams * turn + number) % len(calls)] for turn in range(rounds)]
        for number in range(streams)
    ]


async def _run(
    client: Client, queues: Sequence[Sequence[Call]], pace: float, meter: Meter | None
) -> Run:
    done = Run()

    async def stream(number: int, calls: Sequence[Call]) -> None:
        await asyncio.sleep(number * _STAGGER_S / len(queues))
        for call in calls:
            recording = await client.stream(linear16(call.samples), pace)
            done.heard.append(Heard(call, recording))

    sampling = asyncio.create_task(_sample(meter, done.usage)) if meter else None
    await asyncio.gather(*(stream(number, calls) for number, calls in enumerate(queues)))
    if sampling:
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling
    return done


async def _sample(meter: Meter, usage: list[Usage]) -> None:
    while True:
        usage.append(meter())
        await asyncio.sleep(_SAMPLING_S)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the collector from stopping all clients at once."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
