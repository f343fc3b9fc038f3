"""Put damaged streams to what decoder processes decode them with.

    make fuzz-audio
    python ops/fuzz_audio.py [--inputs N] [--seed N] [--write-seeds]

Seeds are the small streams in `ops/seeds`, which `--write-seeds` makes; an input is one of them cut
short, with bits flipped, with parts repeated, or random bytes behind its first ones. It must end as
audio or with a refusal, soon, and leave no memory behind. Thousands of inputs share a process, which
is as hostile as one stream that never ends. The exit status is 1 when one of them hung, grew or died.
"""

import argparse
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import av.logging
import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "bench"))

from forms import FORMS, written
from lwd.audio.containers import SNIFF_BYTES, container_of, frames_of
from lwd.decoding.containers import container_frames
from lwd.decoding.flac import flac_frames
from lwd.errors import UndecodableAudio

_SEEDS = Path(__file__).parent / "seeds"
_SEED_S = 0.12
_INPUTS_AT_ONCE = 500
_MAX_INPUT_S = 5.0
_MAX_GROWTH_BYTES = 64 << 20
_MEMORY_LIMIT_BYTES = 1 << 30
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of some inputs in the process `pid`, which holds `resident_bytes` after them."""

    pid: int
    outcomes: Counter[str]
    slowest_s: float
    resident_bytes: int


class _Messages:
    """An input in messages; see `lwd.decoding.starts.Input`."""

    def __init__(self, data: bytes, size: int) -> None:
        self._parts = (data[start : start + size] for start in range(0, len(data), size))
        self._rest = b""

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def read(self, n_bytes: int) -> bytes:
        self._rest = self._rest or next(self._parts, b"")
        part, self._rest = self._rest[:n_bytes], self._rest[n_bytes:]
        return part

    def unread(self, data: bytes) -> None:
        self._rest = data + self._rest


def write_seeds() -> None:
    """A short chirp in every form that FFmpeg's encoders write as one stream, and a chain of two."""
    _SEEDS.mkdir(exist_ok=True)
    streams = {}
    for name, form in FORMS.items():
        if form.muxer is None or form.muxer in ("s16le", "f32le", "mulaw", "alaw"):
            continue
        rate = form.rates[0] if form.rates else 16_000
        seconds = np.arange(round(_SEED_S * rate)) / rate
        chirp = (12_000 * np.sin(2 * np.pi * (300 + 2_000 * seconds) * seconds)).astype(np.int16)
        [streams[name]] = written(form, np.repeat(chirp[:, None], form.channels[0], 1), rate)
    streams["ogg chain"] = streams["ogg opus"] + streams["ogg flac"]
    for name, stream in streams.items():
        (_SEEDS / name.replace(" ", "-")).write_bytes(stream)


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """One of the things that happen to streams."""
    data = bytearray(seed)
    match chance.randrange(5):
        case 0:
            del data[chance.randrange(len(data)) :]
        case 1:
            for _ in range(chance.randint(1, 20)):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case 2:
            start, end, to = sorted(chance.randrange(len(data)) for _ in range(3))
            data[to:to] = data[start:end]
        case 3:
            keep = chance.randrange(4, 64)
            data[keep:] = chance.randbytes(chance.randrange(2_000))
        case _:
            at = chance.randrange(len(data))
            data[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
    return bytes(data)


def outcome(data: bytes, size: int) -> str:
    """What becomes of a stream in messages of `size`."""
    name = container_of(data[:SNIFF_BYTES]) or frames_of(data[:SNIFF_BYTES])
    messages = _Messages(data, size)
    if name in (None, "wav"):
        return "not compressed"
    try:
        frames = flac_frames(messages) if name == "flac" else container_frames(str(name), messages)
        n_samples = sum(frame.samples for frame in frames)
    except UndecodableAudio:
        return "refused"
    except MemoryError:
        return "too large"
    return "audio" if n_samples else "empty"


def put(first: int, n_inputs: int) -> Report:
    """Put inputs, whose numbers begin at `first`."""
    av.logging.set_level(None)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT_BYTES, _MEMORY_LIMIT_BYTES))
    outcomes, slowest_s = Counter[str](), 0.0
    for number in range(first, first + n_inputs):
        chance = random.Random(number)  # noqa: S311 - no secret
        data = mutated(chance.choice(seeds()), chance)
        began_s = time.process_time()
        outcomes[outcome(data, chance.choice((7, 100, 1_000, 65_536)))] += 1
        slowest_s = max(slowest_s, time.process_time() - began_s)
    return Report(os.getpid(), outcomes, slowest_s, _resident_bytes())


def _resident_bytes() -> int:
    """What this process holds; on macOS the most that it ever held."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@cache
def seeds() -> list[bytes]:
    """What is damaged: a small stream in each form."""
    return [path.read_bytes() for path in sorted(_SEEDS.iterdir())]


def fuzz(n_inputs: int, seed: int) -> bool:
    """Put all inputs; whether nothing died, hung or grew."""
    began_s, reports = time.perf_counter(), list[Report]()
    starts = range(seed, seed + n_inputs, _INPUTS_AT_ONCE)
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for start, future in [(n, pool.submit(put, n, _INPUTS_AT_ONCE)) for n in starts]:
            try:
                reports.append(future.result())
            except BrokenProcessPool:
                print(f"a process died at one of the inputs from {start}")
                return False
    outcomes = sum((report.outcomes for report in reports), Counter[str]())
    slowest_s = max(report.slowest_s for report in reports)
    growth_bytes = max(_growth_bytes(reports, report.pid) for report in reports)
    print(f"{outcomes.total()} inputs in {time.perf_counter() - began_s:.0f} s: {dict(outcomes)}")
    print(
        f"the slowest took {slowest_s:.2f} s of CPU; memory grew by {growth_bytes / 2**20:.1f} MiB"
    )
    return slowest_s < _MAX_INPUT_S and growth_bytes < _MAX_GROWTH_BYTES


def _growth_bytes(reports: list[Report], pid: int) -> int:
    """By how much a process was larger at its end than half-way.

    What the worst input took is kept by the C library, and by then one like it has come.
    """
    held = [report.resident_bytes for report in reports if report.pid == pid]
    return held[-1] - held[len(held) // 2]


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="fuzz_audio", description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first input")
    parser.add_argument("--write-seeds", action="store_true", help="make ops/seeds anew, and stop")
    arguments = parser.parse_args()
    if arguments.write_seeds:
        write_seeds()
        return 0
    return 0 if fuzz(arguments.inputs, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
