"""Decoder processes: what is decoded in them, and what becomes of a stream when they fail."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from forms import FORMS, written
from lwd.audio.decode import Decoder, Frames
from lwd.audio.format import AudioFormat, Coding
from lwd.decoding.pool import Decoders
from lwd.decoding.process import DECODER_COMMAND, DecoderProcess, DecoderSettings
from lwd.decoding.worker import MAX_SILENT_BYTES
from lwd.errors import UndecodableAudio
from lwd.metrics import REGISTRY
from tests.audio.encoders import flac, noise
from tests.decoding.test_demuxed import stream, whole

WEBM = Coding("webm", 16_000, 1)
FLAC = Coding("flac", 16_000, 1)


def settings(
    *, timeout_s: float = 60.0, memory_mb: int = 512, command: Sequence[str] = DECODER_COMMAND
) -> DecoderSettings:
    """What a test needs."""
    return DecoderSettings(memory_mb << 20, timeout_s, command)


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    """Decoders that keep no process ready."""
    made = Decoders(settings())
    yield made
    await made.close()


async def joined(blocks: AsyncIterator[Frames]) -> Frames:
    """All frames as one array."""
    parts = [block async for block in blocks]
    return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)


async def feed_zeros(decoder: Decoder, n_bytes: int) -> None:
    """Send zeros in large messages."""
    for _ in range(n_bytes >> 20):
        await joined(decoder.feed(bytes(1 << 20)))


def failures(reason: str) -> float:
    """How often a process failed so."""
    return REGISTRY.get_sample_value("lwd_decoder_failures_total", {"reason": reason}) or 0.0


async def test_a_process_decodes_what_comes(decoders: Decoders) -> None:
    """Audio of a message is there when the message is answered."""
    data = stream("webm opus")
    decoder = await decoders.open(WEBM)
    try:
        first = await joined(decoder.feed(data[:3_000]))
        rest = await joined(decoder.feed(data[3_000:]))
        last = await joined(decoder.flush())
    finally:
        await decoder.close()

    assert decoder.format == AudioFormat("webm", 48_000, 1)
    assert len(first)
    assert len(rest)
    np.testing.assert_array_equal(np.concatenate((first, rest, last)), whole("webm opus"))


@pytest.mark.parametrize("channels", [1, 8])
async def test_channels_keep_their_places(decoders: Decoders, channels: int) -> None:
    """Many channels come in the order in which they were sent."""
    samples = noise(2_000, channels)
    [sent] = written(FORMS["flac"], samples, 16_000)
    decoder = await decoders.open(FLAC)
    try:
        parts = [await joined(decoder.feed(sent)), await joined(decoder.flush())]
    finally:
        await decoder.close()

    np.testing.assert_array_equal(
        np.concatenate([part for part in parts if len(part)]), samples / np.float32(32768)
    )


async def test_compressed_silence_comes_in_parts(decoders: Decoders) -> None:
    """An hour of silence in some kilobytes never lies in memory as a whole."""
    sent = flac(np.zeros((4_000_000, 1), dtype=np.int16))
    decoder = await decoders.open(FLAC)
    try:
        sizes = [len(block) async for block in decoder.feed(sent)]
        sizes += [len(block) async for block in decoder.flush()]
    finally:
        await decoder.close()

    assert sum(sizes) == 4_000_000
    assert max(sizes) <= 1 << 16


async def test_each_stream_has_a_process_of_its_own(decoders: Decoders) -> None:
    """When one is killed the other stream does not notice, and the sender learns of its own."""
    data, before = stream("webm opus"), failures("died")
    killed, other = await decoders.open(WEBM), await decoders.open(WEBM)
    assert isinstance(killed, DecoderProcess)
    try:
        half = await joined(other.feed(data[:5_000]))
        os.kill(killed.pid, signal.SIGKILL)
        with pytest.raises(UndecodableAudio, match="The decoder of webm ended with status -9"):
            await joined(killed.feed(data[:5_000]))
        rest = [await joined(other.feed(data[5_000:])), await joined(other.flush())]
    finally:
        await killed.close()
        await other.close()

    assert failures("died") == before + 1
    np.testing.assert_array_equal(np.concatenate((half, *rest)), whole("webm opus"))


async def test_a_process_that_hangs_is_given_up(decoders: Decoders) -> None:
    """A stream does not wait for ever, and its process does not stay."""
    before = failures("timeout")
    decoder = await decoders.open(WEBM)
    assert isinstance(decoder, DecoderProcess)
    decoder._settings = settings(timeout_s=0.2)
    os.kill(decoder.pid, signal.SIGSTOP)

    with pytest.raises(UndecodableAudio, match=r"did not answer within 0\.2 s"):
        await joined(decoder.feed(stream("webm opus")))
    await decoder.close()

    assert failures("timeout") == before + 1
    assert not decoder.is_running


async def test_a_refusal_says_why(decoders: Decoders) -> None:
    """The reason reaches the daemon."""
    decoder = await decoders.open(Coding("mp4", 16_000, 1))

    with pytest.raises(UndecodableAudio, match="faststart"):
        await joined(decoder.feed(b"\0\0\0\x18ftypM4A " + bytes(12) + b"\0\0\0\x08mdat"))
    await decoder.close()


async def test_a_stream_without_audio_is_refused(decoders: Decoders) -> None:
    """What never becomes audio cannot be sent for ever."""
    decoder = await decoders.open(Coding("ogg", 16_000, 1))
    await joined(decoder.feed(stream("ogg opus")[:600]))

    with pytest.raises(UndecodableAudio, match=f"{MAX_SILENT_BYTES} bytes without audio"):
        await feed_zeros(decoder, MAX_SILENT_BYTES + (1 << 20))
    await decoder.close()


@pytest.mark.skipif(sys.platform != "linux", reason="macOS holds no process to its limit")
async def test_memory_is_limited() -> None:
    """A stream that would take the machine's memory is refused, and nothing else happens."""
    decoder = await Decoders(settings(memory_mb=140)).open(Coding("mp4", 16_000, 1))
    index = b"\0\0\0\x18ftypM4A " + bytes(12) + (15 << 20).to_bytes(4) + b"moov"

    await joined(decoder.feed(index))

    with pytest.raises(UndecodableAudio, match=r"more memory than decoder\.memory_limit_mb"):
        await feed_zeros(decoder, 15 << 20)
    await decoder.close()


async def test_a_process_waits_ready() -> None:
    """A stream takes the process that is there, and the next finds another one."""
    decoders = Decoders(settings())
    decoders.start()
    first, second = await decoders.open(WEBM), await decoders.open(WEBM)
    assert isinstance(first, DecoderProcess)
    assert isinstance(second, DecoderProcess)
    await asyncio.gather(first.close(), second.close(), decoders.close())

    assert first.pid != second.pid
    assert not first.is_running


async def test_a_ready_process_that_died_is_not_given_out() -> None:
    """Whatever happened while nobody needed it, a stream gets a process that runs."""
    decoders = Decoders(settings())
    decoders.start()
    assert decoders._spare is not None
    spare = await decoders._spare
    os.kill(spare.pid, signal.SIGKILL)
    await spare._exited

    decoder = await decoders.open(WEBM)
    heard = await joined(decoder.feed(stream("webm opus")))
    await asyncio.gather(decoder.close(), decoders.close())

    assert len(heard)


async def test_a_decoder_that_does_not_start_is_no_fault_of_the_audio() -> None:
    """The stream fails as by any other fault of the server's."""
    decoders = Decoders(settings(command=(sys.executable, "-c", "raise SystemExit(3)")))

    with pytest.raises(OSError, match="does not start"):
        await decoders.open(WEBM)


@pytest.mark.parametrize(
    "misdeed",
    ["link.sendall(bytes([1]) + bytes([255] * 4))", "link.close()"],
    ids=["endless answer", "silence"],
)
async def test_a_process_that_was_taken_over_is_ended(misdeed: str) -> None:
    """Whatever a decoder does instead of decoding, its stream is refused and it does not stay."""
    act = (
        "import socket, sys, time; link = socket.socket(fileno=int(sys.argv[1]));"
        f"link.sendall(b'\\2' + bytes(4)); link.recv(1); {misdeed}; time.sleep(600)"
    )
    process = await DecoderProcess.start(settings(command=(sys.executable, "-c", act)))

    with pytest.raises(UndecodableAudio, match="ended with status -9"):
        await process.begin(WEBM)

    assert not process.is_running


async def test_keys_stay_with_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, where keys may be, is not that of a process that is fed hostile bytes."""
    monkeypatch.setenv("LWD_AUTH__KEYS", '["secret"]')
    show = (
        "import os, socket, sys; link = socket.socket(fileno=int(sys.argv[1]));"
        "link.sendall(b'\\2' + bytes(4)); link.recv(4); text = repr(sorted(os.environ)).encode();"
        "link.sendall(b'\\3' + len(text).to_bytes(4) + text)"
    )
    decoders = Decoders(settings(command=(sys.executable, "-c", show)))

    with pytest.raises(UndecodableAudio) as told:
        await decoders.open(WEBM)

    assert "PATH" in str(told.value)
    assert "LWD" not in str(told.value)
