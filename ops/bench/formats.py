"""Measure every form of audio that lwd takes against the same audio as PCM, in one table.

    make bench-formats CORPUS=DIR
    python ops/bench/formats.py --corpus DIR [--clips N] [--rates HZ ...] [--channels N ...] [--only FORM ...] [--json FILE]

Recordings are written in each form by FFmpeg's encoders when it runs. What is measured, for each form,
rate and number of channels: whether one byte at a time, 20 ms at a time and all at once give the same
samples; how late the audio is and how much longer than it was; the CPU time for a second of audio, of
the daemon's side and of the decoder process; how much audio must be sent before the first comes out;
the word error rate, and by how much it is worse than that of the PCM; and how long after its first
byte a stream that is sent as it is spoken has its first words.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import soxr
from aiohttp import ClientSession
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from whisper_normalizer.english import EnglishTextNormalizer

from command import exit_code, limit_threads
from corpus import Clip, english, read_manifest, spread
from forms import FORMS, Form, written
from lwd.audio.decode import Decoder
from lwd.audio.format import Coding
from lwd.audio.resample import SAMPLE_RATE
from lwd.audio.source import AudioSource, AudioSpec
from lwd.decoding.pool import Decoders
from lwd.decoding.process import DecoderProcess, DecoderSettings
from machine import STORE, describe, warn_unless_quiet
from scoring import WordErrors, word_errors, words_of
from streaming.daemon import Daemon

_MODEL = "tiny.en"
_REFERENCE = "linear16"
_RATES = (8_000, 16_000, 48_000)
_CHANNELS = (1, 2)
_FRAME_S = 0.02
_SHORT_S = 0.5
_PACED_S = 4.0
_MAX_PAYLOAD = 1 << 16
_DECODE_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Case:
    """A form at a rate."""

    name: str
    sample_rate: int
    channels: int

    @property
    def form(self) -> Form:
        """How it is written."""
        return FORMS[self.name]

    def sent(self, samples: NDArray[np.float32]) -> list[bytes]:
        """Mono at 16 kHz in this form."""
        resampled = soxr.resample(samples, SAMPLE_RATE, self.sample_rate)
        integers = (np.clip(resampled, -1, 1) * 32767).astype(np.int16)
        return written(self.form, np.repeat(integers[:, None], self.channels, 1), self.sample_rate)

    def query(self) -> dict[str, str]:
        """What a client says of it."""
        if self.form.encoding is None:
            return {}
        return {
            "encoding": self.form.encoding,
            "sample_rate": str(self.sample_rate),
            "channels": str(self.channels),
        }


@dataclass(slots=True)
class Row:
    """What was measured of a case."""

    case: Case
    is_same: bool
    late_ms: float
    longer_ms: float
    daemon_cpu_ms: float
    decoder_cpu_ms: float
    first_audio_ms: float
    wer: WordErrors = field(default_factory=WordErrors)
    first_words_s: float | None = None


def cases(rates: Sequence[int], wanted: Sequence[int], only: Sequence[str]) -> list[Case]:
    """All that the encoders can write; a form that takes none of the rates, at its own."""
    found = []
    for name in only:
        form = FORMS[name]
        channels = [n for n in wanted if n in form.channels] or form.channels[:1]
        suited = [rate for rate in rates if form.takes(rate, channels[0])] or form.rates[:1]
        found += [Case(name, rate, n) for rate in suited for n in channels]
    return found


class _Listener:
    """Decodes streams as the daemon does, and knows the process that does it."""

    def __init__(self) -> None:
        self.decoders = Decoders(DecoderSettings(512 << 20, _DECODE_TIMEOUT_S))
        self.process: psutil.Process | None = None

    async def open(self, coding: Coding) -> Decoder:
        """See OpenDecoder."""
        decoder = await self.decoders.open(coding)
        if isinstance(decoder, DecoderProcess):
            self.process = psutil.Process(decoder.pid)
        return decoder

    async def heard(self, case: Case, parts: Sequence[bytes]) -> AsyncIterator[tuple[int, int]]:
        """How many parts were sent when how many samples had come; see `audio`."""
        self.audio = np.zeros(0, np.float32)
        self.process, encoding = None, case.form.encoding
        spec = AudioSpec(encoding, case.sample_rate, case.channels, True, SAMPLE_RATE)  # type: ignore[arg-type]
        source, blocks = AudioSource(spec, self.open), []
        try:
            for n, part in enumerate(parts, 1):
                blocks += [block[0] async for block in source.feed(part)]
                yield n, sum(map(len, blocks))
            blocks += [block[0] async for block in source.flush()]
            self.decoder_cpu_s = self.decoder_cpu_so_far_s()
        finally:
            await source.close()
        self.audio = np.concatenate([*blocks, self.audio])

    def decoder_cpu_so_far_s(self) -> float:
        """CPU time of the decoder process, its start included."""
        if self.process is None:
            return 0.0
        spent = self.process.cpu_times()
        return float(spent.user + spent.system)


def _pieces(sent: Sequence[bytes], case: Case, n_bytes: int) -> list[bytes]:
    """Packets stay whole; a stream is cut."""
    if case.form.muxer is None:
        return [*sent]
    whole = b"".join(sent)
    return [whole[start : start + n_bytes] for start in range(0, len(whole), n_bytes)]


async def decode(case: Case, samples: NDArray[np.float32]) -> Row:
    """Measure what needs no engine."""
    listener = _Listener()
    duration_s = len(samples) / SAMPLE_RATE
    sent = case.sent(samples)
    frame_bytes = max(1, round(sum(map(len, sent)) * _FRAME_S / duration_s))
    parts = _pieces(sent, case, frame_bytes)
    began_s, first, start_s = time.process_time(), None, None
    async for n, n_samples in listener.heard(case, parts):
        first = n if n_samples and first is None else first
        if start_s is None and listener.process is not None:
            start_s = listener.decoder_cpu_so_far_s()
    daemon_s, decoder_s = time.process_time() - began_s, listener.decoder_cpu_s
    framed = listener.audio
    async for _ in listener.heard(case, _pieces(sent, case, _MAX_PAYLOAD)):
        pass
    is_same = np.array_equal(framed, listener.audio) and await _single_bytes_are_same(
        case, samples[: round(_SHORT_S * SAMPLE_RATE)]
    )
    return Row(
        case,
        is_same,
        1000 * _late(framed, samples) / SAMPLE_RATE,
        1000 * (len(framed) - len(samples)) / SAMPLE_RATE,
        1000 * daemon_s / duration_s,
        1000 * max(0.0, decoder_s - (start_s or 0.0)) / duration_s,
        1000 * duration_s * (first or len(parts)) / len(parts),
    )


async def _single_bytes_are_same(case: Case, samples: NDArray[np.float32]) -> bool:
    sent, listener = case.sent(samples), _Listener()
    heard: list[NDArray[np.float32]] = []
    for n_bytes in (1, _MAX_PAYLOAD):
        async for _ in listener.heard(case, _pieces(sent, case, n_bytes)):
            pass
        heard.append(listener.audio)
    return np.array_equal(heard[0], heard[1])


def _late(heard: NDArray[np.float32], said: NDArray[np.float32]) -> int:
    """By how many samples `heard` is late: where both correlate best."""
    size = len(heard) + len(said)
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    late = int(np.fft.irfft(product, size).argmax())
    return late if late < size // 2 else late - size


async def transcript(url: str, case: Case, sent: Sequence[bytes]) -> str:
    """What lwd hears in a stream that comes as fast as it can."""
    parts = _pieces(sent, case, _MAX_PAYLOAD)
    async with (
        ClientSession() as session,
        session.ws_connect(
            f"{url}/v1/listen", params=case.query() | {"endpointing": "300"}
        ) as socket,
    ):
        for part in parts:
            await socket.send_bytes(part)
        await socket.send_str('{"type":"CloseStream"}')
        texts = [
            message["channel"]["alternatives"][0]["transcript"]
            async for raw in socket
            if (message := json.loads(raw.data))["type"] == "Results" and message["is_final"]
        ]
    return " ".join(texts)


async def first_words_s(url: str, case: Case, samples: NDArray[np.float32]) -> float | None:
    """From the first byte to the first words of a stream that is sent as it is spoken."""
    samples = samples[: round(_PACED_S * SAMPLE_RATE)]
    sent = case.sent(samples)
    parts = _pieces(sent, case, max(1, round(sum(map(len, sent)) * _FRAME_S / _PACED_S)))
    pause_s = len(samples) / SAMPLE_RATE / len(parts)
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
    url: str, found: Sequence[Case], clips: Sequence[Clip], show: Console
) -> list[Row]:
    """Everything, one after the other."""
    normalise, rows, timed = EnglishTextNormalizer(), [], set()
    speech = np.concatenate([clip.samples() for clip in clips])
    for case in found:
        row = await decode(case, speech)
        for clip in clips:
            heard = await transcript(url, case, case.sent(clip.samples()))
            row.wer += word_errors(words_of(normalise(clip.text)), words_of(normalise(heard)))
        if case.name not in timed:
            row.first_words_s = await first_words_s(url, case, clips[0].samples())
            timed.add(case.name)
        rows.append(row)
        show.print(f"  {case.name}, {case.sample_rate} Hz, {case.channels}")
    return rows


def table(rows: Sequence[Row]) -> Table:
    """One row for each case; the PCM of the same rate and channels is what WER compares with."""
    reference = {
        (row.case.sample_rate, row.case.channels): row.wer.percent
        for row in rows
        if row.case.name == _REFERENCE
    }
    shown = Table(
        *("form", "Hz", "ch", "any cut", "late ms", "longer ms", "CPU ms/s", "decoder ms/s"),
        *("first audio ms", "WER %", "+", "first words s"),
    )
    for row in rows:
        case = row.case
        best = reference.get((case.sample_rate, case.channels))
        shown.add_row(
            *(case.name, str(case.sample_rate), str(case.channels)),
            "same" if row.is_same else "[red]differs",
            *(f"{row.late_ms:.1f}", f"{row.longer_ms:.1f}"),
            *(f"{row.daemon_cpu_ms:.1f}", f"{row.decoder_cpu_ms:.1f}", f"{row.first_audio_ms:.0f}"),
            f"{row.wer.percent:.1f}",
            "" if best is None else f"{row.wer.percent - best:+.1f}",
            "" if row.first_words_s is None else f"{row.first_words_s:.2f}",
        )
    return shown


def main() -> int:
    """Measure what the command line asks for."""
    return exit_code("formats", partial(_run, _arguments()))


def _run(arguments: argparse.Namespace) -> None:
    progress = Console(stderr=True)
    warn_unless_quiet(progress)
    limit_threads(os.cpu_count() or 1)
    clips = spread(english(read_manifest(arguments.corpus)), arguments.clips)
    found = cases(arguments.rates, arguments.channels, arguments.only)
    with Daemon(_MODEL, STORE) as daemon:
        rows = asyncio.run(measure(daemon.url, found, clips, progress))
    Console(width=140).print(table(rows))
    if arguments.json:
        report = {"machine": describe(["lwd", "av"]), "rows": [asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="formats", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="see docs/benchmarks.md")
    add("--clips", type=int, default=4, metavar="N", help="recordings")
    add("--rates", type=int, nargs="+", default=_RATES, metavar="HZ", help="sample rates")
    add("--channels", type=int, nargs="+", default=_CHANNELS, metavar="N", help="channels")
    add("--only", nargs="+", choices=FORMS, default=[*FORMS], metavar="FORM", help="of these")
    add("--json", type=Path, metavar="FILE", help="write the figures to a file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
