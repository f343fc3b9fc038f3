"""Measure every form of audio that lwd takes against the same audio as PCM, in one table.

    make bench-formats CORPUS=DIR
    python ops/bench/formats.py --corpus DIR [--clips N] [--rates HZ ...] [--channels N ...] [--only FORM ...] [--json FILE]

Recordings are written in each form by FFmpeg's encoders when it runs. What is measured, for each form,
rate and number of channels: whether one byte at a time, 20 ms at a time and all at once give the same
samples; how late the audio is and how much longer than it was; the CPU time for a second of audio, of
the daemon's side and of the decoder process, and of both by single bytes and all at once; how much audio must be sent before the first comes out;
the word error rate, and by how much it is above that of the recordings and above that of PCM; and how
long after its first byte a stream that is sent as it is spoken has its first words.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from aiohttp import ClientSession
from rich.console import Console
from rich.table import Table

from cases import Case, Listener, cases
from command import exit_code, limit_threads
from corpus import Clip, english, read_manifest, spread
from forms import FORMS
from lwd.asr.types import Samples
from lwd.audio.resample import SAMPLE_RATE
from lwd.models.store import ModelStore
from lwd_engine import LwdEngine
from machine import STORE, describe, warn_unless_quiet
from offline import Offline, Words
from scoring import Difference
from streaming.daemon import Daemon

_MODEL = "tiny.en"
_RATES = (8_000, 16_000, 48_000)
_CHANNELS = (1, 2)
_CLIPS = 40
_DECODED_CLIPS = 4
_FRAME_S = 0.02
_SHORT_S = 0.25
_PACED_S = 4.0


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was measured of a case without an engine; CPU times are for a second of audio.

    `daemon_cpu_ms` and `decoder_cpu_ms` are of 20 ms messages, the others of both together.
    """

    is_same: bool
    late_ms: float
    longer_ms: float
    daemon_cpu_ms: float
    decoder_cpu_ms: float
    bytewise_cpu_ms: float
    whole_cpu_ms: float
    first_audio_ms: float


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of a case. `first_words_s` is asked of each form once."""

    case: Case
    decoded: Decoded
    words: Words
    first_words_s: float | None


async def decode(case: Case, samples: Samples) -> Decoded:
    """Measure what needs no engine, by single bytes, by 20 ms and by all at once."""
    sent, start = case.sent(samples), case.sent(samples[: round(_SHORT_S * SAMPLE_RATE)])
    framed, whole, bytewise, whole_start = Listener(), Listener(), Listener(), Listener()
    duration_s = len(samples) / SAMPLE_RATE
    parts = case.pieces(sent, _frame_bytes(sent, duration_s))
    n_heard = [n async for n in framed.heard(case, parts)]
    n_silent = next((n for n, n_samples in enumerate(n_heard) if n_samples), len(parts) - 1)
    await whole.all_of(case, case.pieces(sent))
    await bytewise.all_of(case, case.pieces(start, 1))
    await whole_start.all_of(case, case.pieces(start))
    return Decoded(
        is_same=np.array_equal(framed.audio, whole.audio)
        and np.array_equal(bytewise.audio, whole_start.audio),
        late_ms=1000 * _late(framed.audio, samples) / SAMPLE_RATE,
        longer_ms=1000 * (len(framed.audio) - len(samples)) / SAMPLE_RATE,
        daemon_cpu_ms=1000 * framed.daemon_cpu_s / duration_s,
        decoder_cpu_ms=1000 * framed.decoder_cpu_s / duration_s,
        bytewise_cpu_ms=1000 * (bytewise.daemon_cpu_s + bytewise.decoder_cpu_s) / _SHORT_S,
        whole_cpu_ms=1000 * (whole.daemon_cpu_s + whole.decoder_cpu_s) / duration_s,
        first_audio_ms=1000 * duration_s * (n_silent + 1) / len(parts),
    )


def _frame_bytes(sent: Sequence[bytes], duration_s: float) -> int:
    """What a client sends at a time."""
    return max(1, round(sum(map(len, sent)) * _FRAME_S / duration_s))


def _late(heard: Samples, said: Samples) -> int:
    """By how many samples `heard` is late: where both correlate best."""
    size = len(heard) + len(said)
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    late = int(np.fft.irfft(product, size).argmax())
    return late if late < size // 2 else late - size


async def first_words_s(url: str, case: Case, samples: Samples) -> float | None:
    """From the first byte to the first words of a stream that is sent as it is spoken."""
    samples = samples[: round(_PACED_S * SAMPLE_RATE)]
    sent = case.sent(samples)
    duration_s = len(samples) / SAMPLE_RATE
    parts = case.pieces(sent, _frame_bytes(sent, duration_s))
    pause_s = duration_s / len(parts)
    async with (
        ClientSession() as session,
        session.ws_connect(
            f"{url}/v1/listen", params=case.query() | {"interim_results": "true"}
        ) as socket,
    ):
        began_s = time.perf_counter()

        async def speak() -> None:
            for n, part in enumerate(parts, 1):
                await socket.send_bytes(part)
                await asyncio.sleep(max(0.0, began_s + n * pause_s - time.perf_counter()))
            await socket.send_str('{"type":"CloseStream"}')

        speaking = asyncio.create_task(speak())
        try:
            async for raw in socket:
                message = json.loads(raw.data)
                if message["type"] == "Results" and message["channel"]["alternatives"][0]["words"]:
                    return time.perf_counter() - began_s
        finally:
            speaking.cancel()
    return None


async def measure(
    url: str, engine: LwdEngine, found: Sequence[Case], clips: Sequence[Clip], show: Console
) -> list[Row]:
    """Everything, one after the other."""
    rows, timed, offline = [], set(), Offline(engine, clips)
    few = [clip.samples() for clip in spread(clips, _DECODED_CLIPS)]
    for case in found:
        words = await offline.words(case)
        decoded = await decode(case, np.concatenate(few))
        first_s = None if case.name in timed else await first_words_s(url, case, few[0])
        timed.add(case.name)
        rows.append(Row(case, decoded, words, first_s))
        name = f"{case.name}, {case.sample_rate} Hz, {case.channels}"
        show.print(f"  {name}: {words.errors.percent:.1f} %, {_above(words.above_original)}")
    return rows


def table(rows: Sequence[Row]) -> Table:
    """One row for each case."""
    shown = Table(
        *("form", "Hz", "ch", "any cut", "late ms", "longer ms", "CPU ms/s", "decoder ms/s"),
        *(
            "by bytes ms/s",
            "at once ms/s",
            "first audio ms",
            "WER %",
            "above original",
            "above PCM",
            "first words s",
        ),
    )
    for row in rows:
        case, decoded, words = row.case, row.decoded, row.words
        cpu_ms = (decoded.daemon_cpu_ms, decoded.decoder_cpu_ms, decoded.bytewise_cpu_ms)
        shown.add_row(
            *(case.name, str(case.sample_rate), str(case.channels)),
            "same" if decoded.is_same else "[red]differs",
            *(f"{ms:.1f}" for ms in (decoded.late_ms, decoded.longer_ms, *cpu_ms)),
            *(f"{decoded.whole_cpu_ms:.1f}", f"{decoded.first_audio_ms:.0f}"),
            f"{words.errors.percent:.1f}",
            *(_above(words.above_original), _above(words.above_pcm)),
            "" if row.first_words_s is None else f"{row.first_words_s:.2f}",
        )
    return shown


def _above(difference: Difference) -> str:
    return f"{difference.points:+.2f} ({difference.low:+.1f} to {difference.high:+.1f})"


def main() -> int:
    """Measure what the command line asks for."""
    return exit_code("formats", partial(_run, _arguments()))


def _run(arguments: argparse.Namespace) -> None:
    progress = Console(stderr=True)
    warn_unless_quiet(progress)
    limit_threads(arguments.threads)
    clips = spread(english(read_manifest(arguments.corpus)), arguments.clips)
    found = cases(arguments.rates, arguments.channels, arguments.only)
    files = ModelStore(STORE).verify(_MODEL)
    with Daemon(_MODEL, STORE) as daemon, LwdEngine(files) as engine:
        rows = asyncio.run(measure(daemon.url, engine, found, clips, progress))
    Console(width=180).print(table(rows))
    if arguments.json:
        report = {"machine": describe(["lwd", "av"]), "rows": [asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="formats", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="see docs/benchmarks.md")
    add("--clips", type=int, default=_CLIPS, metavar="N", help="recordings to hear")
    add("--rates", type=int, nargs="+", default=_RATES, metavar="HZ", help="sample rates")
    add("--channels", type=int, nargs="+", default=_CHANNELS, metavar="N", help="channels")
    add("--only", nargs="+", choices=FORMS, default=[*FORMS], metavar="FORM", help="of these")
    add("--threads", type=int, default=2, metavar="N", help="threads of the engine (2)")
    add("--json", type=Path, metavar="FILE", help="write the figures to a file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
