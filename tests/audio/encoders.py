"""Audio as its encoders write it, and streams cut into pieces."""

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import av
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    """One RIFF chunk, padded; `size` is what its header claims."""
    claimed = len(body) if size is None else size
    return name + struct.pack("<I", claimed) + body + bytes(len(body) % 2)


def fmt(
    tag: int, bits: int, *, channels: int = 1, sample_rate: int = 16_000, extensible: bool = False
) -> bytes:
    """A `fmt ` chunk."""
    frame_bytes = channels * bits // 8
    fields = (channels, sample_rate, sample_rate * frame_bytes, frame_bytes, bits)
    if not extensible:
        return chunk(b"fmt ", struct.pack("<HHIIHH", tag, *fields))
    extension = struct.pack("<HHIH", 22, bits, 0, tag) + SUBFORMAT_TAIL
    return chunk(b"fmt ", struct.pack("<HHIIHH", EXTENSIBLE, *fields) + extension)


def riff(*chunks: bytes) -> bytes:
    """A WAV file of `chunks`."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav(samples: NDArray[np.int16], *, sample_rate: int = 16_000) -> bytes:
    """`samples`, shape (n, channels), as a 16-bit WAV file."""
    head = fmt(PCM, 16, channels=samples.shape[1], sample_rate=sample_rate)
    return riff(head, chunk(b"data", samples.astype("<i2").tobytes()))


def encoded(
    samples: NDArray[Any],
    container: str,
    codec: Literal["flac", "libopus", "mp3", "pcm_s16le"],
    *,
    sample_rate: int = 16_000,
    sample_format: str = "s16",
) -> bytes:
    """`samples`, integers of shape (n, channels), as FFmpeg encodes them."""
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format=sample_format, layout=layout)
    frame.sample_rate = sample_rate
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=sample_rate)
        stream.layout = layout
        if codec == "flac":
            stream.format = sample_format
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def flac(samples: NDArray[np.int16], *, sample_rate: int = 16_000) -> bytes:
    """`samples`, shape (n, channels), as 16-bit FLAC."""
    return encoded(samples, "flac", "flac", sample_rate=sample_rate)


def noise(n_samples: int, channels: int = 1) -> NDArray[np.int16]:
    """Noise of shape (n_samples, channels), the same each time."""
    shape = (n_samples, channels)
    return np.random.default_rng(7).integers(-20_000, 20_000, shape).astype(np.int16)


def floats(n_samples: int, channels: int = 1) -> NDArray[np.float32]:
    """The same noise in [-1, 1]."""
    return noise(n_samples, channels).astype(np.float32) / np.float32(2**15)


cuts = st.lists(st.integers(min_value=0, max_value=2**16), max_size=12)
"""Where a stream is cut, in any order and modulo its length."""


def pieces(data: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    """`data` cut at `cuts`."""
    edges: Sequence[int] = sorted(cut % (len(data) + 1) for cut in cuts)
    for start, end in zip((0, *edges), (*edges, len(data)), strict=True):
        yield data[start:end]
