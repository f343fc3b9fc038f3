"""A driver as a child process: told what to do, and listened to."""

import asyncio
import base64
import json
from asyncio.subprocess import PIPE
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from clients.events import Event, read_event
from environment import reason

Heard = Sequence[Event]
IsMet = Callable[[Heard], bool]

_LOG_LINES = 50
_LINE_LIMIT_BYTES = 2**20
_STOP_TIMEOUT_S = 5.0


class Unmet(Exception):
    """A client did not do what it should have; its text is the reason, in one line."""


@dataclass(frozen=True, slots=True)
class Command:
    """How a driver is started, and in which directory."""

    arguments: Sequence[str]
    directory: Path


class Driver:
    """A driver that runs; `heard` is all that it said so far."""

    def __init__(self, stdin: asyncio.StreamWriter) -> None:
        self.heard: list[Event] = []
        self._stdin = stdin
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._has_ended = False
        self._changed = asyncio.Condition()

    async def do(self, order: str, data: bytes = b"") -> None:
        """Give an order; `data` is the audio to send. Raises Unmet when the driver has ended."""
        line = {"do": order} | ({"data": base64.b64encode(data).decode()} if data else {})
        self._stdin.write(json.dumps(line).encode() + b"\n")
        try:
            await self._stdin.drain()
        except ConnectionError:
            # This raises, as soon as its last words are there.
            await self.until(lambda _: False, _STOP_TIMEOUT_S)

    async def until(self, is_met: IsMet, within_s: float) -> bool:
        """Wait until what was heard is as wanted; raises Unmet when the driver ends before."""
        try:
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: is_met(self.heard) or self._has_ended)
        except TimeoutError:
            return False
        if not is_met(self.heard):
            raise Unmet(f"its driver ended: {reason(''.join(self._log))}")
        return True

    async def listen(self, stdout: AsyncIterable[bytes], stderr: AsyncIterable[bytes]) -> None:
        """Take in what the driver says until it ends."""
        await asyncio.gather(self._hear(stdout), self._note(stderr))
        async with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    async def _hear(self, lines: AsyncIterable[bytes]) -> None:
        async for line in lines:
            if event := read_event(line):
                async with self._changed:
                    self.heard.append(event)
                    self._changed.notify_all()

    async def _note(self, lines: AsyncIterable[bytes]) -> None:
        async for line in lines:
            self._log.append(line.decode(errors="replace"))


@asynccontextmanager
async def driver(command: Command, *arguments: str) -> AsyncIterator[Driver]:
    """Run a driver; the end of its stdin tells it to stop, and it is killed if it does not."""
    process = await asyncio.create_subprocess_exec(
        *(*command.arguments, *arguments),
        cwd=command.directory,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LINE_LIMIT_BYTES,
    )
    # Each is a pipe, as mypy cannot know.
    if not (process.stdin and process.stdout and process.stderr):
        raise AssertionError
    running = Driver(process.stdin)
    listening = asyncio.create_task(running.listen(process.stdout, process.stderr))
    try:
        yield running
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()
        # A process that it left behind may keep them open.
        await asyncio.wait([listening], timeout=_STOP_TIMEOUT_S)
        listening.cancel()
