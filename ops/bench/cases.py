"""A form of audio at a rate: what a client sends of it, and what lwd's own source makes of that."""

import resource
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
import psutil
import soxr

from forms import FORMS, Form, written
from lwd.asr.types import Samples
from lwd.audio.decode import Decoder
from lwd.audio.format import Coding
from lwd.audio.resample import SAMPLE_RATE
from lwd.audio.source import AudioSource, AudioSpec
from lwd.decoding.pool import Decoders
from lwd.decoding.process import DecoderProcess, DecoderSettings

MAX_PAYLOAD = 1 << 16
"""As much as the daemon gives a decoder at once, in bytes."""

_FULL_SCALE = 2**15
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

    def sent(self, samples: Samples) -> list[bytes]:
        """Mono at 16 kHz in this form."""
        resampled = soxr.resample(samples, SAMPLE_RATE, self.sample_rate)
        scaled = np.round(resampled * _FULL_SCALE).clip(-_FULL_SCALE, _FULL_SCALE - 1)
        integers = np.repeat(scaled.astype(np.int16)[:, None], self.channels, axis=1)
        return written(self.form, integers, self.sample_rate)

    def query(self) -> dict[str, str]:
        """What a client says of it."""
        if self.form.encoding is None:
            return {}
        return {
            "encoding": self.form.encoding,
            "sample_rate": str(self.sample_rate),
            "channels": str(self.channels),
        }

    def pieces(self, sent: Sequence[bytes], n_bytes: int = MAX_PAYLOAD) -> list[bytes]:
        """A stream cut into messages; packets stay whole."""
        if self.form.muxer is None:
            return [*sent]
        whole = b"".join(sent)
        return [whole[start : start + n_bytes] for start in range(0, len(whole), n_bytes)]


def cases(rates: Sequence[int], wanted: Sequence[int], only: Sequence[str]) -> list[Case]:
    """All that the encoders can write; a form that takes none of the rates, at its own."""
    found = []
    for name in only:
        form = FORMS[name]
        channels = [n for n in wanted if n in form.channels] or form.channels[:1]
        suited = [rate for rate in rates if form.takes(rate, channels[0])] or form.rates[:1]
        found += [Case(name, rate, n) for rate in suited for n in channels]
    return found


class Listener:
    """Decodes streams as the daemon does, and knows what that costs.

    After a stream `audio` is all of it, mono at 16 kHz, and the CPU times are those of the daemon's
    side and of the decoder process, without its start.
    """

    def __init__(self) -> None:
        self.audio: Samples = np.zeros(0, np.float32)
        self.daemon_cpu_s = self.decoder_cpu_s = 0.0
        self._decoders = Decoders(DecoderSettings(512 << 20, _DECODE_TIMEOUT_S))

    async def heard(self, case: Case, parts: Sequence[bytes]) -> AsyncIterator[int]:
        """How many samples have come after each part."""
        self.daemon_cpu_s, self.decoder_cpu_s = -time.process_time(), -_ended_cpu_s()
        spec = AudioSpec(case.form.encoding, case.sample_rate, case.channels, True, SAMPLE_RATE)  # type: ignore[arg-type]
        source, blocks, n_samples = AudioSource(spec, self._open), [], 0
        try:
            for part in parts:
                async for block in source.feed(part):
                    blocks.append(block[0])
                    n_samples += len(block[0])
                yield n_samples
            blocks += [block[0] async for block in source.flush()]
            self.daemon_cpu_s += time.process_time()
        finally:
            await source.close()
        self.decoder_cpu_s += _ended_cpu_s()
        self.audio = np.concatenate(blocks)

    async def all_of(self, case: Case, parts: Sequence[bytes]) -> Samples:
        """The audio of a stream, mono at 16 kHz."""
        async for _ in self.heard(case, parts):
            pass
        return self.audio

    async def _open(self, coding: Coding) -> Decoder:
        began_s = time.process_time()
        decoder = await self._decoders.open(coding)
        self.daemon_cpu_s += began_s - time.process_time()
        if isinstance(decoder, DecoderProcess):
            start = psutil.Process(decoder.pid).cpu_times()
            self.decoder_cpu_s -= start.user + start.system
        return decoder


def _ended_cpu_s() -> float:
    """The CPU time of all processes of this one that have ended, and been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
