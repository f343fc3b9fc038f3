"""Send damaged streams to a daemon over real sockets, and see what it has when they are over.

    make fuzz-audio
    python ops/fuzz_streams.py [--streams N] [--seed N]

Streams are those of `fuzz_audio.py`, some at once; one in eight hangs up before its end. Each must be
closed with 1000 or 1008, soon, and none may leave memory, a file or a process behind in the daemon.
The exit status is 1 when one does. It needs the model tiny.en.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from aiohttp import ClientSession, WSMsgType

sys.path.insert(0, str(Path(__file__).parent / "bench"))

from fuzz_audio import mutated, seeds

from command import exit_code
from machine import STORE
from streaming.daemon import Daemon

_STREAMS_AT_ONCE = 8
_ROUNDS = 5
_MAX_STREAM_S = 30.0
_MAX_GROWTH_BYTES = 16 << 20
_SETTLING_S = 30.0
_EXPECTED = {"hung up", "1000", "1008"}


@dataclass(frozen=True, slots=True)
class Held:
    """What a daemon has while nobody streams."""

    memory_bytes: int
    files: int
    processes: int

    @classmethod
    def by(cls, daemon: psutil.Process) -> "Held":
        """What `daemon` has now; its processes are engines and a decoder that waits."""
        return cls(daemon.memory_info().rss, daemon.num_fds(), len(daemon.children()))

    def __str__(self) -> str:
        return (
            f"{self.memory_bytes / 2**20:.1f} MiB, {self.files} files, {self.processes} processes"
        )


async def ending(session: ClientSession, url: str, number: int) -> str:
    """How the stream of that number ends."""
    chance = random.Random(number)  # noqa: S311 - no secret
    data = mutated(chance.choice(seeds()), chance)
    size = chance.choice((100, 1_000, 65_536))
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    hangs_up = chance.randrange(8) == 0
    async with session.ws_connect(f"{url}/v1/listen") as socket:
        for part in parts[: chance.randrange(len(parts) + 1) if hangs_up else None]:
            await socket.send_bytes(part)
        if hangs_up:
            return "hung up"
        await socket.send_str('{"type":"CloseStream"}')
        async with asyncio.timeout(_MAX_STREAM_S):
            while (await socket.receive()).type is WSMsgType.TEXT:
                pass
        return str(socket.close_code)


async def endings(url: str, numbers: range) -> Counter[str]:
    """How often streams end in which way."""
    remaining, found = iter(numbers), Counter[str]()
    async with ClientSession() as session:

        async def stream() -> None:
            for number in remaining:
                try:
                    found[await ending(session, url, number)] += 1
                except (OSError, TimeoutError) as error:
                    print(f"stream {number}: {error!r}")
                    found[type(error).__name__] += 1

        await asyncio.gather(*(stream() for _ in range(_STREAMS_AT_ONCE)))
    return found


def settled(daemon: psutil.Process, before: Held) -> Held:
    """What it has once the last streams' sockets and processes are gone, or after a while."""
    deadline_s = time.monotonic() + _SETTLING_S
    while time.monotonic() < deadline_s:
        held = Held.by(daemon)
        if (held.files, held.processes) == (before.files, before.processes):
            break
        time.sleep(0.1)
    return held


def fuzz(n_streams: int, seed: int) -> bool:
    """Send all streams; whether all ended well and the daemon has what it had after the first."""
    found, helds = Counter[str](), list[Held]()
    per_round = -(-n_streams // _ROUNDS)
    with Daemon("tiny.en", STORE) as server:
        [daemon] = psutil.Process().children()
        asyncio.run(endings(server.url, range(seed, seed + _STREAMS_AT_ONCE)))
        time.sleep(1.0)
        before = Held.by(daemon)
        for start in range(seed, seed + n_streams, per_round):
            found += asyncio.run(endings(server.url, range(start, start + per_round)))
            helds.append(settled(daemon, before))
            print(f"{found.total()} streams, {dict(found)}: {helds[-1]}", flush=True)
    first, last = helds[0], helds[-1]
    has_grown = last.memory_bytes > first.memory_bytes + _MAX_GROWTH_BYTES
    is_same = (last.files, last.processes) == (before.files, before.processes)
    return found.keys() <= _EXPECTED and is_same and not has_grown


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="fuzz_streams", description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=3_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first stream")
    arguments = parser.parse_args()
    return exit_code("fuzz_streams", partial(_run, arguments))


def _run(arguments: argparse.Namespace) -> None:
    if not fuzz(arguments.streams, arguments.seed):
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
