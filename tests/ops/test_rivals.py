"""The comparison with rivals: how their messages are read, and what becomes of one that fails."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from aiohttp import WSMsgType, web
from pytest_aiohttp import AiohttpServer
from rich.console import Console

from environment import Environment, Unavailable, reason
from lwd.errors import UsageError
from scoring import WordErrors
from streaming.client import Received, Recording, Result, Word
from streaming.compose import Call, Utterance
from streaming.rivals import whisperlive
from streaming.rivals.arguments import check, read_arguments
from streaming.rivals.contender import Contender, Running, Setting
from streaming.rivals.measure import Comparison
from streaming.rivals.table import Row, offline_figures, side_by_side
from streaming.rivals.whisperlive import WhisperLive
from streaming.rivals.whisperlivekit import WhisperLiveKit
from streaming.run import Usage

PCM = bytes(range(256)) * 25
"""0.2 s, ten frames."""


def recorded(*messages: Mapping[str, Any]) -> Recording:
    """Messages that came a second apart, half a second behind the audio."""
    return Recording(
        [Received(n + 1.5, n + 1.0, json.dumps(message)) for n, message in enumerate(messages)]
    )


def said(results: Sequence[Result]) -> list[tuple[str, bool]]:
    """Texts, and whether each is final."""
    return [(result.text, result.is_final) for result in results]


def segment(start: str, end: str, text: str, **more: Any) -> dict[str, Any]:
    """A segment as WhisperLive sends it."""
    return {"start": start, "end": end, "text": text, "completed": False} | more


def segments(*some: Mapping[str, Any]) -> dict[str, Any]:
    """A message of WhisperLive."""
    return {"uid": "bench", "segments": [*some]}


SO = [{"word": " So", "start": "0.500", "end": "0.800", "probability": 0.9}]


def test_whisperlive_segments_are_read_once() -> None:
    """A completed segment is sent again and again, but is one final; the open one is an interim."""
    done = segment("0.500", "0.800", " So.", completed=True)
    recording = recorded(
        segments(segment("0.500", "0.700", " So")),
        segments(done, segment("1.000", "2.000", " long Ann")),
        segments(done, segment("1.000", "2.000", " long Ann", completed=True)),
        {"uid": "bench", "message": "DISCONNECT"},
    )

    found = WhisperLive("").results(recording)

    assert said(found) == [("So", False), ("So.", True), ("long Ann", False), ("long Ann", True)]
    assert [result.received_s for result in found] == [1.5, 2.5, 2.5, 3.5]
    assert [result.speech_final for result in found] == [False, True, False, True]
    assert found[2].words == (Word("long", 1.0, 1.5), Word("Ann", 1.5, 2.0))


def test_whisperlive_keeps_word_times_through_repetition() -> None:
    """A segment that is completed because it was repeated has the word times that it had before."""
    recording = recorded(
        segments(segment("0.000", "1.000", " So", words=SO)),
        segments(segment("0.000", "1.000", " So", completed=True)),
    )

    interim, final = WhisperLive("").results(recording)

    assert interim.words == final.words == (Word("So", 0.5, 0.8),)


def test_whisperlive_is_credited_with_what_is_open_at_the_end() -> None:
    """It never completes the last words of a call; its own client counts them, and so do we."""
    found = WhisperLive("").results(recorded(segments(segment("0.500", "0.800", " So"))))

    assert said(found) == [("So", False), ("So", True)]


class WhisperLiveServer:
    """Something that speaks WhisperLive's protocol; it notes what it was given."""

    def __init__(self, greeting: Mapping[str, Any]) -> None:
        self.options: dict[str, Any] = {}
        self.frames: list[bytes] = []
        self._greeting = greeting

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """Answer the first frame."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.options = await socket.receive_json()
        await socket.send_json(self._greeting)
        async for message in socket:
            assert message.type is WSMsgType.BINARY
            self.frames.append(message.data)
            if len(self.frames) == 1:
                await socket.send_json(segments(segment("0.000", "0.100", " So")))
            if message.data == b"END_OF_AUDIO":
                break
        return socket


async def called(server: WhisperLiveServer, aiohttp_server: AiohttpServer) -> Recording:
    """Call it."""
    app = web.Application()
    app.router.add_get("/", server.listen)
    running = await aiohttp_server(app)
    return await WhisperLive(f"ws://127.0.0.1:{running.port}").stream(PCM, 2.0)


async def test_whisperlive_is_called_as_by_its_own_client(
    aiohttp_server: AiohttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options first, audio when it is ready, the end when nothing comes any more."""
    monkeypatch.setattr(whisperlive, "_IDLE_S", 0.01)
    server = WhisperLiveServer({"uid": "bench", "message": "SERVER_READY"})

    recording = await called(server, aiohttp_server)

    assert recording.error is None
    assert (server.options["language"], server.options["audio_format"]) == ("en", "int16")
    assert b"".join(server.frames) == PCM + b"END_OF_AUDIO"
    assert said(WhisperLive("").results(recording)) == [("So", False), ("So", True)]


async def test_whisperlive_that_is_full_refuses(aiohttp_server: AiohttpServer) -> None:
    """A caller who is told to wait is refused, and sends no audio."""
    server = WhisperLiveServer({"uid": "bench", "status": "WAIT", "message": 3.0})

    recording = await called(server, aiohttp_server)

    assert (recording.is_refused, recording.error) == (True, "not ready: WAIT")
    assert server.frames == []


def listened(text: str, *words: tuple[str, float, float], is_final: bool) -> dict[str, Any]:
    """A result of WhisperLiveKit's Deepgram protocol."""
    timed = [{"word": word, "start": start, "end": end} for word, start, end in words]
    start_s = words[0][1] if words else 0.0
    return {
        "type": "Results",
        "start": start_s,
        "duration": words[-1][2] - start_s if words else 0.0,
        "is_final": is_final,
        "speech_final": is_final,
        "channel": {"alternatives": [{"transcript": text, "words": timed}]},
    }


def test_whisperlivekit_is_credited_with_words_that_it_shows_without_times() -> None:
    """Words in an interim's transcript alone have the times that they have as finals."""
    so, long, ann = ("So", 0.5, 0.8), ("long,", 0.9, 1.4), ("Ann.", 1.5, 2.0)
    recording = recorded(
        {"type": "Metadata"},
        listened("So long", is_final=False),
        listened("So", so, is_final=True),
        listened("long, Anne", long, is_final=False),
        listened("long, Ann.", long, ann, is_final=True),
    )

    found = WhisperLiveKit("", {}).results(recording)

    assert [result.words for result in found] == [
        (Word("So", 0.5, 0.8), Word("long", 0.9, 1.4)),
        (Word("So", 0.5, 0.8),),
        (Word("long,", 0.9, 1.4), Word("Anne", 1.4, 1.7)),
        (Word("long,", 0.9, 1.4), Word("Ann.", 1.5, 2.0)),
    ]
    assert [result.end_s for result in found] == [1.4, 0.8, 1.7, 2.0]


def test_table_shows_a_rival_that_failed() -> None:
    """A system without figures has a line too, and says why, also on a narrow terminal."""
    rows = [Row("good", offline_figures(WordErrors(1, 8))), Row("bad", failure="not installed: no")]
    console = Console(width=80)

    with console.capture() as capture:
        console.print(side_by_side(rows))

    good, bad, why = (
        line for line in capture.get().splitlines() if "good" in line or "bad" in line
    )
    assert "12.50" in good
    assert set(bad.split()) == {"bad", "-"}
    assert why.strip() == "bad was not measured: not installed: no"


class Server:
    """A system that hears one word, or whose every call fails."""

    def __init__(self, error: str | None = None) -> None:
        self.calls: list[int] = []
        self._error = error

    async def stream(self, pcm: bytes, _pace: float) -> Recording:
        """Note the length of the call."""
        self.calls.append(len(pcm))
        return Recording([Received(0.5, 0.5, "")], 0.5, 0.0, self._error)

    def results(self, recording: Recording) -> Sequence[Result]:
        """The word."""
        (received,) = recording.received
        words = (Word("so", 0.0, 0.4),)
        return [Result(received.at_s, received.cursor_s, 0.0, 0.4, "so", words, True, True)]

    def usage(self) -> Usage:
        """Nothing at all."""
        return Usage(0.0, {"server": 0.0}, {"server": 0})

    @contextmanager
    def start(self, _: Setting) -> Iterator[Running]:
        """It runs already."""
        yield Running(self, self.usage)


@contextmanager
def missing(_: Setting) -> Iterator[Running]:
    """Fail as an installation does."""
    raise Unavailable("not installed: no such version")
    yield


def compared(*contenders: Contender) -> list[Row]:
    """Measure these by one call of 5 s, in which one word is said."""
    call = Call("call", np.zeros(5 * 16_000, dtype=np.float32), (Utterance("c", "so", 0, 0.4, ()),))
    comparison = Comparison([call], 0.3, str, 2, Console(quiet=True))
    return [comparison.live("one", one, cast("Setting", None)) for one in contenders]


def test_rivals_go_on_when_one_cannot_be_had() -> None:
    """A rival that is not to be installed, or fails every call, keeps no other from its figures."""
    good, broken = Server(), Server("closed with 1011")

    rows = compared(
        Contender(missing, ""), Contender(broken.start, ""), Contender(good.start, "as it comes")
    )

    assert [row.failure for row in rows] == [
        "not installed: no such version",
        "every call failed: closed with 1011",
        None,
    ]
    assert {figure.key: figure.value for figure in rows[2].figures}["wer_percent"] == 0
    assert rows[2].remarks[0] == "as it comes"
    assert good.calls == [96_000, 160_000]  # 3 s to warm up, then the call
    assert rows[2].as_json()["interim_latency_mean_s"] is None


def test_environment_that_pip_cannot_make_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown is pip's own error, in one line."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))

    with pytest.raises(Unavailable, match=r"not installed: .*no-python"):
        Environment("rival", ["rival==1"]).install(tmp_path)


def test_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has all that is pinned is used as it is; one with other pins is not."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    rival = Environment("rival", ["rival==1"], alone=["alone==2"])
    (tmp_path / "rival").mkdir()
    (tmp_path / "rival" / "installed.txt").write_text("alone==2\nrival==1")

    assert rival.install(tmp_path) == tmp_path / "rival" / "bin" / "python"
    with pytest.raises(Unavailable):
        replace(rival, requirements=["rival==3"]).install(tmp_path)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("WARNING: a\nERROR: no such version\n\nnotice\n", "ERROR: no such version"),
        ("a\nb\n", "b"),
        ("", "it said nothing"),
    ],
)
def test_reason_is_the_last_error_of_a_log(log: str, expected: str) -> None:
    """The table has room for a line."""
    assert reason(log) == expected


def test_quick_gives_way_to_what_is_stated() -> None:
    """--quick is one short call to each, unless more is asked for."""
    line = ["--corpus", "clips", "--quick", "--seconds", "40", "--only", "lwd"]

    arguments = read_arguments(["lwd", "rival"], line)

    assert (arguments.calls, arguments.seconds, arguments.only) == (1, 40, ["lwd"])


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        (["--calls", "0"], "--calls 0: must be above 0"),
        (["--seconds", "-1"], "--seconds -1.0: must be above 0"),
        (["--model", "large"], "--model large: rivals can have tiny.en or base"),
    ],
)
def test_command_line_faults_are_named(stated: Sequence[str], complaint: str) -> None:
    """What cannot be measured is said before anything is installed."""
    arguments = read_arguments(["lwd"], ["--corpus", "clips", *stated])

    with pytest.raises(UsageError) as fault:
        check(arguments)

    assert str(fault.value) == complaint


def test_unknown_rival_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that --only does not know is answered with those that it does."""
    with pytest.raises(SystemExit):
        read_arguments(["lwd", "rival"], ["--corpus", "clips", "--only", "deepgram"])

    assert "'deepgram' (choose from" in capsys.readouterr().err
