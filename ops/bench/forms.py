"""Every form that lwd takes audio in, as FFmpeg's encoders write it."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
_FRAMES_AT_ONCE = 1024
_PICTURE = np.zeros((64, 64), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Form:
    """FFmpeg's muxer, encoder and sample format; without a muxer each packet is a message.

    `encoding` is what a client must say of it, and `rates` are those that the encoder takes, any
    where there are none. A form that is not `live` is written as a file that can be sought in.
    `camera` is the encoder of pictures beside the sound.
    """

    muxer: str | None
    codec: str
    sample_format: str = "s16"
    encoding: str | None = None
    rates: tuple[int, ...] = ()
    channels: tuple[int, ...] = (1, 2)
    bit_rate: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    camera: str | None = None
    live: bool = True
    magic_bytes: int = 0
    is_exact: bool = False

    def takes(self, sample_rate: int, channels: int) -> bool:
        """Whether the encoder does."""
        return channels in self.channels and (not self.rates or sample_rate in self.rates)


_OPUS_RATES = (8_000, 16_000, 24_000, 48_000)
_MP3_RATES = (8_000, 16_000, 24_000, 44_100, 48_000)
_AAC_RATES = (8_000, 16_000, 24_000, 44_100, 48_000)
_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "100000"}
_SHORT_PAGES = {"page_duration": "20000"}
_AS_RECORDED = {"live": "1", "cluster_time_limit": "100"}
_MANY = (1, 2, 8)

FORMS: dict[str, Form] = {
    "linear16": Form("s16le", "pcm_s16le", encoding="linear16", channels=_MANY, is_exact=True),
    "linear32": Form("f32le", "pcm_f32le", "flt", "linear32", channels=_MANY, is_exact=True),
    "mulaw": Form("mulaw", "pcm_mulaw", encoding="mulaw", channels=_MANY),
    "alaw": Form("alaw", "pcm_alaw", encoding="alaw", channels=_MANY),
    "wav": Form("wav", "pcm_s16le", channels=_MANY, is_exact=True),
    "wav float": Form("wav", "pcm_f32le", "flt", channels=_MANY, is_exact=True),
    "wav mulaw": Form("wav", "pcm_mulaw", channels=_MANY),
    "wav alaw": Form("wav", "pcm_alaw", channels=_MANY),
    "flac": Form("flac", "flac", encoding="flac", channels=_MANY, is_exact=True),
    "ogg flac": Form("ogg", "flac", is_exact=True, options=_SHORT_PAGES),
    "opus": Form(None, "libopus", encoding="opus", rates=_OPUS_RATES),
    "ogg opus": Form(
        "ogg", "libopus", encoding="ogg-opus", rates=_OPUS_RATES, options=_SHORT_PAGES
    ),
    "ogg vorbis": Form("ogg", "vorbis", "fltp", channels=(2,), options={"strict": "-2"}),
    "webm opus": Form("webm", "libopus", rates=_OPUS_RATES, options=_AS_RECORDED),
    "webm camera": Form(
        "webm", "libopus", rates=_OPUS_RATES, options=_AS_RECORDED, camera="libvpx"
    ),
    "matroska float": Form("matroska", "pcm_f32le", "flt", is_exact=True),
    "mp3": Form("mp3", "libmp3lame", "s16p", rates=_MP3_RATES, bit_rate=64_000, live=False),
    "mp3 live": Form(
        "mp3", "libmp3lame", "s16p", rates=_MP3_RATES, bit_rate=64_000, options={"write_xing": "0"}
    ),
    "aac": Form("adts", "aac", "fltp", rates=_AAC_RATES, bit_rate=64_000),
    "m4a fragmented": Form("mp4", "aac", "fltp", rates=_AAC_RATES, options=_FRAGMENTED),
    "m4a faststart": Form(
        "mp4", "aac", "fltp", rates=_AAC_RATES, options={"movflags": "faststart"}, live=False
    ),
    "m4a opus": Form("mp4", "libopus", rates=_OPUS_RATES, options=_FRAGMENTED),
    "mp4 camera": Form(
        "mp4", "aac", "fltp", rates=_AAC_RATES, options=_FRAGMENTED, camera="libx264"
    ),
    "amr": Form("amr", "libopencore_amrnb", rates=(8_000,), channels=(1,), bit_rate=12_200),
    "amr-nb": Form(
        "amr",
        "libopencore_amrnb",
        encoding="amr-nb",
        rates=(8_000,),
        channels=(1,),
        bit_rate=12_200,
        magic_bytes=6,
    ),
}
"""By the name that a table shows."""

LATE_INDEX = Form("mp4", "aac", "fltp", live=False)
"""An MP4 that only a whole file can be decoded of."""


def written(form: Form, samples: NDArray[np.int16], sample_rate: int) -> list[bytes]:
    """`samples`, shape (n, channels), in a form: its packets, or all of it as one."""
    if form.muxer is None:
        return [*_packets(form, samples, sample_rate)]
    if form.live:
        return [_stream(form, samples, sample_rate)]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "audio"
        _mux(form, samples, sample_rate, str(file))
        return [file.read_bytes()]


class _Pipe:
    """A file that can only be written to, as a live encoder has it."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


def _stream(form: Form, samples: NDArray[np.int16], sample_rate: int) -> bytes:
    pipe = _Pipe()
    _mux(form, samples, sample_rate, pipe)
    return bytes(pipe.data[form.magic_bytes :])


def _mux(form: Form, samples: NDArray[np.int16], sample_rate: int, file: object) -> None:
    with av.open(file, "w", format=form.muxer, options=dict(form.options)) as output:
        camera = _camera(output, form.camera, sample_rate) if form.camera else None
        microphone = _microphone(output, form, sample_rate)
        _set_up(microphone.codec_context, form, samples, sample_rate)
        for frame in (*_frames(form, samples, sample_rate), None):
            if camera:
                output.mux(camera.encode(_picture(frame) if frame else None))
            output.mux(microphone.encode(frame))


def _microphone(output: OutputContainer, form: Form, sample_rate: int) -> AudioStream:
    options = dict(form.options)
    return cast("AudioStream", output.add_stream(form.codec, rate=sample_rate, options=options))


def _camera(output: OutputContainer, codec: str, sample_rate: int) -> VideoStream:
    camera = cast("VideoStream", output.add_stream(codec))
    camera.codec_context.time_base = Fraction(1, sample_rate)
    camera.height, camera.width = _PICTURE.shape
    camera.pix_fmt = "yuv420p"
    return camera


def _picture(sound: AudioFrame) -> VideoFrame:
    """What is seen when a sound begins."""
    picture = VideoFrame.from_ndarray(_PICTURE, format="gray").reformat(format="yuv420p")
    picture.pts, picture.time_base = sound.pts, sound.time_base
    return picture


def _packets(form: Form, samples: NDArray[np.int16], sample_rate: int) -> Iterator[bytes]:
    codec = cast("AudioCodecContext", av.CodecContext.create(form.codec, "w"))
    codec.sample_rate = sample_rate
    _set_up(codec, form, samples, sample_rate)
    for frame in (*_frames(form, samples, sample_rate), None):
        yield from map(bytes, codec.encode(frame))


def _set_up(
    codec: AudioCodecContext, form: Form, samples: NDArray[np.int16], sample_rate: int
) -> None:
    codec.layout = _LAYOUTS[samples.shape[1]]
    codec.format = form.sample_format
    codec.time_base = Fraction(1, sample_rate)
    if form.bit_rate:
        codec.bit_rate = form.bit_rate


def _frames(form: Form, samples: NDArray[np.int16], sample_rate: int) -> Iterator[AudioFrame]:
    layout = _LAYOUTS[samples.shape[1]]
    convert = av.AudioResampler(form.sample_format, layout, sample_rate)
    for start in range(0, len(samples), _FRAMES_AT_ONCE):
        part = np.ascontiguousarray(samples[start : start + _FRAMES_AT_ONCE]).reshape(1, -1)
        frame = AudioFrame.from_ndarray(part, format="s16", layout=layout)
        frame.sample_rate = sample_rate
        frame.pts, frame.time_base = start, Fraction(1, sample_rate)
        yield from convert.resample(frame)
    yield from convert.resample(None)
