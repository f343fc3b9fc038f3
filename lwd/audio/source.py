"""The bytes that a client sends, as 16 kHz audio.

Joins sniffing, decoding, mixing and resampling. Knows no socket and no message, only bytes.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lwd.audio.containers import SNIFF_BYTES, container_decoder, refusal, starts_mp3_frame
from lwd.audio.decode import NO_FRAMES, S16, AudioFormat, Decoder, Frames, PcmDecoder
from lwd.audio.resample import Resampler
from lwd.errors import UndecodableAudio


@dataclass(frozen=True, slots=True)
class AudioSpec:
    """What the request says of its audio; a container in the stream knows better.

    `sample_rate` and `channels` are those of raw audio, `assumed_sample_rate` is used where the
    first is missing. `mixdown` averages all channels to one; without it each is kept.
    """

    encoding: Literal["linear16", "flac"] | None
    sample_rate: int | None
    channels: int
    mixdown: bool
    assumed_sample_rate: int


class AudioSource:
    """One stream of bytes, split anywhere, to float32 of shape (channels, n) at 16 kHz in [-1, 1].

    `format` is None until the stream has said what it is; until then the results are empty, with
    as many channels as the spec asks for. No method may be called after UndecodableAudio.
    """

    def __init__(self, spec: AudioSpec) -> None:
        self.format: AudioFormat | None = None
        self._spec = spec
        self._head = b""
        self._decoder: Decoder | None = None
        self._resampler: Resampler | None = None

    def feed(self, data: bytes) -> NDArray[np.float32]:
        """Return the audio that `data` completes. Raises UndecodableAudio."""
        return self._at_16_khz(self._decode(data, last=False), last=False)

    def flush(self) -> NDArray[np.float32]:
        """Return the audio held back so far; the last call. Raises UndecodableAudio."""
        return self._at_16_khz(self._decode(b"", last=True), last=True)

    def _decode(self, data: bytes, *, last: bool) -> Frames:
        if self._decoder is None:
            self._head += data
            if len(self._head) < (1 if last else SNIFF_BYTES):
                return NO_FRAMES
            self._decoder = _choose_decoder(self._head[:SNIFF_BYTES], self._spec)
            data, self._head = self._head, b""
        frames = self._decoder.feed(data)
        if self.format is None and self._decoder.format is not None:
            self._begin(self._decoder.format)
        return np.concatenate((frames, self._decoder.flush())) if last else frames

    def _begin(self, found: AudioFormat) -> None:
        contradicts = self._spec.encoding not in (None, found.name)
        self.format = replace(found, contradicts_encoding=contradicts)
        self._resampler = Resampler(found.sample_rate, 1 if self._spec.mixdown else found.channels)

    def _at_16_khz(self, frames: Frames, *, last: bool) -> NDArray[np.float32]:
        if self._resampler is None:
            channels = 1 if self._spec.mixdown else self._spec.channels
            return np.zeros((channels, 0), dtype=np.float32)
        if self._spec.mixdown:
            frames = frames.mean(axis=1, keepdims=True)
        audio = self._resampler.feed(frames)
        if last:
            audio = np.concatenate((audio, self._resampler.flush()))
        return np.ascontiguousarray(audio.T)


def _choose_decoder(head: bytes, spec: AudioSpec) -> Decoder:
    """The container's decoder if there is one, otherwise that of the encoding asked for."""
    decoder = container_decoder(head)
    if decoder is not None:
        return decoder
    if spec.encoding == "flac":
        raise UndecodableAudio(
            "encoding=flac, but the stream does not start with 'fLaC': send it from its start.",
        )
    if spec.encoding is None and starts_mp3_frame(head):
        raise refusal("MP3")
    sample_rate = spec.sample_rate or spec.assumed_sample_rate
    return PcmDecoder(AudioFormat("linear16", sample_rate, spec.channels), S16)
