"""The bytes that a client sends, as 16 kHz audio.

Joins sniffing, decoding, mixing and resampling. Knows no socket and no message, only bytes; what
is compressed is decoded elsewhere, by what `OpenDecoder` gives.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lwd.audio.containers import SNIFF_BYTES, container_of, contradicts, frames_of
from lwd.audio.decode import (
    ALAW,
    F32,
    MULAW,
    S16,
    Decoder,
    Frames,
    InPlace,
    PcmDecoder,
    SampleFormat,
)
from lwd.audio.format import AudioFormat, Coding
from lwd.audio.resample import Resampler
from lwd.audio.wav import WavDecoder
from lwd.errors import UndecodableAudio

EncodingName = Literal[
    "linear16",
    "linear32",
    "flac",
    "alaw",
    "mulaw",
    "amr-nb",
    "amr-wb",
    "opus",
    "ogg-opus",
    "speex",
    "g729",
]

_PLAIN: dict[str | None, tuple[str, SampleFormat]] = {
    None: ("linear16", S16),
    "linear16": ("linear16", S16),
    "linear32": ("linear32", F32),
    "mulaw": ("mulaw", MULAW),
    "alaw": ("alaw", ALAW),
}

_FROM_THE_START = {"flac": "fLaC", "ogg-opus": "OggS"}
"""Encodings that cannot be joined in the middle, and how their streams start."""


OpenDecoder = Callable[[Coding], Awaitable[Decoder]]
"""Gives the decoder of a compressed stream."""

Audio = NDArray[np.float32]
"""Samples of shape (channels, n) at 16 kHz in [-1, 1]."""


@dataclass(frozen=True, slots=True)
class AudioSpec:
    """What the request says of its audio; a container in the stream knows better.

    `sample_rate` and `channels` are those of raw audio, `assumed_sample_rate` is used where the
    first is missing. `mixdown` averages all channels to one; without it each is kept.
    """

    encoding: EncodingName | None
    sample_rate: int | None
    channels: int
    mixdown: bool
    assumed_sample_rate: int


class AudioSource:
    """One stream of bytes, split anywhere but between packets, to 16 kHz audio.

    `format` is None until the stream has said what it is; until then nothing comes. No method but
    `close` may be called after UndecodableAudio.
    """

    def __init__(self, spec: AudioSpec, open_decoder: OpenDecoder) -> None:
        self.format: AudioFormat | None = None
        self._spec = spec
        self._open_decoder = open_decoder
        self._head: list[bytes] = []
        self._decoder: Decoder | None = None
        self._resampler: Resampler | None = None

    async def feed(self, data: bytes) -> AsyncIterator[Audio]:
        """Give the audio that `data` completes, in parts.

        Raises UndecodableAudio, after all audio before it.
        """
        self._head.append(data)
        if self._decoder is None and sum(map(len, self._head)) >= SNIFF_BYTES:
            self._decoder = await self._choose_decoder()
        async for audio in self._decoded():
            yield audio

    async def flush(self) -> AsyncIterator[Audio]:
        """Give the audio held back so far. Raises UndecodableAudio as `feed` does."""
        if self._decoder is None and any(self._head):
            self._decoder = await self._choose_decoder()
        if self._decoder is None:
            return
        async for audio in self._decoded():
            yield audio
        async for audio in self._resampled(self._decoder, self._decoder.flush()):
            yield audio
        yield self._rest()

    async def close(self) -> None:
        """Give up the decoder."""
        if self._decoder is not None:
            await self._decoder.close()

    async def _decoded(self) -> AsyncIterator[Audio]:
        """What the messages so far give, each fed by itself, since it may be a packet."""
        if self._decoder is None:
            return
        messages, self._head = self._head, []
        for message in messages:
            async for audio in self._resampled(self._decoder, self._decoder.feed(message)):
                yield audio

    async def _resampled(
        self, decoder: Decoder, decoded: AsyncIterator[Frames]
    ) -> AsyncIterator[Audio]:
        try:
            async for frames in decoded:
                yield self._at_16_khz(decoder, frames)
        except UndecodableAudio:
            yield self._rest()
            raise

    async def _choose_decoder(self) -> Decoder:
        """The container's decoder if there is one, otherwise that of the encoding asked for."""
        head, encoding = b"".join(self._head)[:SNIFF_BYTES], self._spec.encoding
        found = container_of(head) or (frames_of(head) if encoding is None else None)
        if found == "wav":
            return InPlace(WavDecoder())
        name = found or encoding
        sample_rate = self._spec.sample_rate or self._spec.assumed_sample_rate
        if name in _PLAIN:
            plain, sample_format = _PLAIN[name]
            audio_format = AudioFormat(plain, sample_rate, self._spec.channels)
            return InPlace(PcmDecoder(audio_format, sample_format))
        if name in _FROM_THE_START and found is None:
            raise UndecodableAudio(
                f"encoding={name}, but the stream does not start with"
                f" '{_FROM_THE_START[name]}': send it from its start.",
            )
        return await self._open_decoder(Coding(str(name), sample_rate, self._spec.channels))

    def _at_16_khz(self, decoder: Decoder, frames: Frames) -> Audio:
        if self.format is None and decoder.format is not None:
            self._begin(decoder.format)
        if self._resampler is None:
            return self._nothing()
        if self._spec.mixdown:
            frames = frames.mean(axis=1, keepdims=True)
        return np.ascontiguousarray(self._resampler.feed(frames).T)

    def _rest(self) -> Audio:
        """What the resampler holds back; nothing is resampled after it."""
        return self._nothing() if self._resampler is None else self._resampler.flush().T

    def _nothing(self) -> Audio:
        return np.zeros((1 if self._spec.mixdown else self._spec.channels, 0), np.float32)

    def _begin(self, found: AudioFormat) -> None:
        contradicting = contradicts(self._spec.encoding, found.name)
        self.format = replace(found, contradicts_encoding=contradicting)
        self._resampler = Resampler(found.sample_rate, 1 if self._spec.mixdown else found.channels)
