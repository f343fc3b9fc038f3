"""An application that only changed its base URL gets its words."""

import asyncio
import os
import signal
import wave
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest

from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.words import Alignment
from lwd.asr.types import Job, JobKind
from lwd.models.store import ModelStore
from tests.conftest import SPOKEN, bare, read_pcm, word_errors
from tests.e2e.conftest import Daemon
from tests.e2e.sdk import Call, client, stream

OPTIONS = {"interim_results": "true", "punctuate": "true"}
DURATION_S = 6.665


def raw(sample_rate: int) -> dict[str, str]:
    """The parameters of a stream of raw audio."""
    return {**OPTIONS, "encoding": "linear16", "sample_rate": str(sample_rate)}


@pytest.fixture(scope="session")
def offline(model_store: Path, speech_file: Path) -> list[str]:
    """What the same weights hear in the whole file at once."""
    files = ModelStore(model_store).verify("tiny.en")
    engine = MlxEngine(
        files.weights,
        alignment=Alignment(files.alignment_heads, files.alignment_lag_ms),
        memory_limit_bytes=None,
        cache_limit_bytes=None,
    )
    samples = (read_pcm(speech_file, 16_000) / 32_768).astype("float32")
    [(_, hypothesis)] = engine.transcribe([Job(1, None, JobKind.FINAL, samples)], lambda _: True)
    return bare("".join(word.text for word in hypothesis.words))


def assert_is_what_was_said(call: Call, offline: list[str], *, most_lost: int = 0) -> None:
    """The transcript is right, and its times are in order and inside the audio.

    Half the band is no longer the same audio: `most_lost` words may be others there.
    """
    heard = bare(call.transcript)
    spoken = bare(SPOKEN)
    assert call.errors == []
    assert word_errors(heard, spoken) <= 0.2 * len(spoken) + most_lost
    assert word_errors(heard, offline) <= 1 + most_lost
    edges = [0.0, *(t for word in call.words for t in (word.start, word.end)), DURATION_S]
    assert all(before <= after + 1e-6 for before, after in pairwise(edges))
    assert all(0 < word.confidence <= 1 for word in call.words)
    assert [word.punctuated_word for word in call.words] == call.transcript.split()


@pytest.mark.parametrize("sample_rate", [16_000, 8_000, 48_000])
async def test_raw_audio_at_any_rate(
    daemon: Daemon, speech_file: Path, offline: list[str], sample_rate: int
) -> None:
    """linear16 as the SDK's examples send it: interims while speaking, finals, Metadata, 1000."""
    audio = read_pcm(speech_file, sample_rate).tobytes()

    call = await stream(
        daemon.port,
        audio,
        bytes_per_s=2 * sample_rate,
        params={**raw(sample_rate), "vad_events": "true", "utterance_end_ms": "1000"},
    )

    assert_is_what_was_said(call, offline, most_lost=4 if sample_rate == 8_000 else 0)
    interims = [
        at for at, m in call.messages if m.type == "Results" and not m.is_final and at < 6.0
    ]
    assert interims
    assert len(call.of("SpeechStarted")) >= 1
    [metadata] = call.of("Metadata")
    assert call.messages[-1][1] is metadata
    assert metadata.duration == pytest.approx(DURATION_S, abs=0.001)


async def test_flac_in_a_container(daemon: Daemon, speech_file: Path, offline: list[str]) -> None:
    """A FLAC file as it lies on disk needs no encoding."""
    audio = speech_file.read_bytes()  # noqa: ASYNC240 - a small file, in a test

    call = await stream(daemon.port, audio, bytes_per_s=len(audio) / DURATION_S, params=OPTIONS)

    assert_is_what_was_said(call, offline)


async def test_wav_in_a_container_in_stereo(
    daemon: Daemon, speech_file: Path, offline: list[str]
) -> None:
    """A two-channel WAV is mixed down."""
    mono = read_pcm(speech_file, 44_100)
    file = BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(44_100)
        wav.writeframes(mono.repeat(2).tobytes())

    call = await stream(daemon.port, file.getvalue(), bytes_per_s=4 * 44_100, params=OPTIONS)

    assert_is_what_was_said(call, offline)


async def test_a_killed_engine_loses_nothing(
    daemon: Daemon, speech_file: Path, offline: list[str]
) -> None:
    """Kill -9 of the engine in the middle of a sentence: the caller still gets every word."""
    killed = False

    async def kill_engine(sent_s: float) -> None:
        nonlocal killed
        if sent_s >= 3.0 and not killed:
            killed = True
            os.kill(daemon.engine_pid, signal.SIGKILL)

    audio = read_pcm(speech_file, 16_000).tobytes()
    call = await stream(
        daemon.port,
        audio,
        bytes_per_s=32_000,
        params=raw(16_000),
        during=kill_engine,
    )

    assert killed
    assert_is_what_was_said(call, offline)
    assert daemon.await_event("engine_died")["reason"] == "exit status -9"
    daemon.engine_pid = daemon.await_event("engine_ready")["pid"]


async def test_several_callers_at_once(
    daemon: Daemon, speech_file: Path, offline: list[str]
) -> None:
    """Callers do not hear each other."""
    audio = read_pcm(speech_file, 16_000).tobytes()

    calls = await asyncio.gather(
        *(stream(daemon.port, audio, bytes_per_s=32_000, params=raw(16_000)) for _ in range(3))
    )

    for call in calls:
        assert_is_what_was_said(call, offline)


async def test_finalize_and_keep_alive(daemon: Daemon, speech_file: Path) -> None:
    """The SDK's control messages: Finalize is answered at once, KeepAlive is not."""
    audio = read_pcm(speech_file, 16_000).tobytes()
    connection = client(daemon.port).listen.v1.connect(
        model="nova-3", encoding="linear16", sample_rate="16000"
    )
    async with connection as socket:
        await socket.send_media(audio[: 2 * 32_000])
        await socket.send_keep_alive()
        await socket.send_finalize()
        async with asyncio.timeout(20):
            answer = await socket.recv()
        assert answer.from_finalize
        assert answer.is_final
        assert answer.channel.alternatives[0].transcript
        await socket.send_close_stream()
        async with asyncio.timeout(20):
            assert [m.type async for m in socket][-1] == "Metadata"
