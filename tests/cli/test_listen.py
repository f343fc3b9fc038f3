"""`lwd listen`: what a person or a program that runs it sees."""

import asyncio
import json
import os
import signal
import struct
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray
from rich.console import Console
from rich.live import Live

from lwd.cli import listen as command
from lwd.cli.streaming import TerminalLines
from lwd.client.results import Result, parse
from lwd.errors import ConnectionFailed

from .conftest import Run, Serve, Start, heard

Listen = Callable[..., Awaitable[int]]
UUID = "6e0a1b9e-9c3a-5a5e-8a39-0d8f3a4f1c55"
METADATA = '{"type":"Metadata","request_id":"01a0"}'


def results(
    transcript: str,
    spoken_s: float = 0.0,
    *,
    is_final: bool = True,
    speech_final: bool | None = None,
    model: str = "",
) -> str:
    """A result whose first word is said a while after its audio begins."""
    words = [{"word": text, "start": spoken_s} for text in transcript.split()]
    channel = {"alternatives": [{"transcript": transcript, "confidence": 1.0, "words": words}]}
    return json.dumps(
        {
            "type": "Results",
            "start": max(0.0, spoken_s - 0.5),
            "is_final": is_final,
            "duration": 1.5,
            "speech_final": is_final if speech_final is None else speech_final,
            "channel": channel,
            "metadata": {"model_info": {"name": model}, "model_uuid": UUID},
        }
    )


MESSAGES = (
    '{"type":"SpeechStarted","channel":[0,1],"timestamp":0.5}',
    results("hello", is_final=False),
    results("Hello there."),
    results("", 1.5),
    results("General", 59.96, is_final=False),
    results("General Kenobi.", 59.96),
    METADATA,
)

PARTS = (
    results("When I was young", is_final=False),
    results("When I was young", 0.5, speech_final=False),
    results("I", 2.0, is_final=False),
    results("I could", 2.0, speech_final=False),
    results("", 3.0),
    results("fly.", 4.0, speech_final=False),
    METADATA,
)
"""An utterance that is settled in two parts and ended by its pause, and one that the stream ends."""


@pytest.fixture
def listen(run: Run, monkeypatch: pytest.MonkeyPatch) -> Listen:
    """Run `lwd listen` beside the server, on half a second of audio, as fast as it goes."""

    def read_audio(_: object, sample_rate: int) -> Iterator[NDArray[np.int16]]:
        assert sample_rate == 16000
        yield np.zeros(8000, np.int16)

    monkeypatch.setattr(command, "read_audio", read_audio)

    async def listen_(*args: str) -> int:
        return await asyncio.to_thread(run, "listen", "speech.wav", "--fast", *args)

    return listen_


async def answer(ws: web.WebSocketResponse, messages: Sequence[str] = MESSAGES) -> None:
    """Hear a stream to its end and answer with these messages."""
    await heard(ws)
    for message in messages:
        await ws.send_str(message)
    await ws.close()


async def note_and_answer(
    asked: list[dict[str, str]], request: web.Request
) -> web.WebSocketResponse:
    """Answer, and note what was asked for."""
    asked.append(dict(request.query))
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    await answer(ws)
    return ws


async def test_pipe_gets_settled_lines_alone(
    serve: Serve, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where stdout is no terminal, each final is a line with its first word's time, and there is nothing else."""
    assert await listen("--url", await serve(answer)) == 0
    assert capsys.readouterr() == ("00:00.0  Hello there.\n01:00.0  General Kenobi.\n", "")


async def test_an_utterance_is_a_line(
    serve: Serve, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    """However many results settle it; the last one ends with the stream."""
    assert await listen("--url", await serve(partial(answer, messages=PARTS))) == 0
    assert capsys.readouterr() == ("00:00.5  When I was young I could\n00:04.0  fly.\n", "")


async def test_a_lost_server_leaves_a_whole_line(
    serve: Serve, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was settled is ended before the fault is told."""

    async def script(ws: web.WebSocketResponse) -> None:
        await ws.send_str(PARTS[1])
        await ws.close(code=1011, message=b"gone")

    assert await listen("--url", await serve(script)) == 76
    shown = capsys.readouterr()
    assert shown.out == "00:00.5  When I was young\n"
    assert shown.err.endswith("closed with 1011: gone\n")


async def test_json_is_passed_through(
    serve: Serve, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json, stdout is the server's messages as they came, one a line."""
    assert await listen("--url", await serve(answer), "--json") == 0
    assert capsys.readouterr() == ("\n".join(MESSAGES) + "\n", "")


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ([], {}),
        (["--json"], {"interim_results": "true"}),
        (["--json", "--no-interim"], {}),
        (["--no-punctuate"], {"punctuate": "false"}),
        (
            ["--model", "tiny", "--language", "pt-BR", "--endpointing", "10"],
            {"model": "tiny", "language": "pt-BR", "endpointing": "10"},
        ),
        (
            ["--param", "keyterm=a=b", "--param", "numerals=true"],
            {"keyterm": "a=b", "numerals": "true"},
        ),
    ],
)
async def test_options_become_parameters(
    options: list[str], changed: dict[str, str], start: Start, listen: Listen
) -> None:
    """The server is asked for raw audio of 16 kHz and for what the options say."""
    asked: list[dict[str, str]] = []

    assert await listen("--url", await start(partial(note_and_answer, asked)), *options) == 0
    assert asked == [
        {
            "encoding": "linear16",
            "sample_rate": "16000",
            "channels": "1",
            "interim_results": "false",
            "punctuate": "true",
            "endpointing": "300",
            **changed,
        }
    ]


async def test_an_unknown_parameter_is_sent_with_a_warning(
    start: Start, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt one would do nothing, and nobody would know; a newer server may have it."""
    asked: list[dict[str, str]] = []

    params = ["smart_fromat=true", "zzz=1", "keyterm=a", "tag=b", "diarize=false"]
    options = [word for param in params for word in ("--param", param)]

    assert await listen("--url", await start(partial(note_and_answer, asked)), *options) == 0

    assert capsys.readouterr().err.splitlines() == [
        "lwd: --param smart_fromat: unknown parameter; did you mean smart_format?",
        "lwd: --param zzz: unknown parameter; the server may ignore it",
    ]
    assert (asked[0]["smart_fromat"], asked[0]["zzz"]) == ("true", "1")


@pytest.mark.parametrize(
    ("asked", "loaded", "heard"),
    [
        ("large-v3", "tiny-en-whisper", "tiny.en"),
        ("nova-3", "distil-large-v3-8bit-whisper", "distil-large-v3-8bit"),
        ("tiny", "tiny-en-whisper", "tiny.en"),
        ("nova-3", "my-own-whisper", "my-own-whisper"),
        ("tiny.en", "tiny-en-whisper", None),
        ("Whisper-Tiny.EN", "tiny-en-whisper", None),
        (UUID.upper(), "tiny-en-whisper", None),
        ("nova-3", "2-general-nova", None),
        ("my.own", "my-own-whisper", None),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
async def test_another_model_is_told_of(
    form: list[str],
    asked: str,
    loaded: str,
    heard: str | None,
    *,
    serve: Serve,
    listen: Listen,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Once, on stderr: lwd takes any name, and hears with its default where it knows none."""

    async def script(ws: web.WebSocketResponse) -> None:
        async for _ in ws:
            break
        for message in (METADATA, results("One.", model=loaded), results("Two.", model=loaded)):
            await ws.send_str(message)
        await ws.close()

    assert await listen("--url", await serve(script), "--model", asked, *form) == 0

    told = f"lwd: model {asked}: none of that name is loaded there; heard with {heard}\n"
    assert capsys.readouterr().err == (told if heard else "")


@pytest.mark.parametrize(("options", "key"), [([], "from-env"), (["--key", "option"], "option")])
async def test_key_comes_from_option_or_environment(
    options: list[str], key: str, start: Start, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is DEEPGRAM_API_KEY's unless --key is given."""
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(status=401)

    monkeypatch.setenv("DEEPGRAM_API_KEY", "from-env")
    await listen("--url", await start(handle), *options)

    assert seen == [f"Token {key}"]


async def test_refusal_is_one_line(
    start: Start, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal ends with status 76 and one line, which does not show the key."""

    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=503, headers={"dg-error": "Later.", "dg-request-id": "01a0"})

    url = await start(handle)

    assert await listen("--url", url, "--key", "sentinel") == 76
    message = (
        f"lwd: {url}: refused with status 503: Later. (request 01a0); see lwd status for why\n"
    )
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize(
    "message",
    ["hello", "[]", "{}", '{"type":"Results"}', '{"type":"Results","start":"x","channel":5}'],
)
async def test_other_protocols_are_told_apart(
    message: str, serve: Serve, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that does not speak Deepgram's protocol is named as such, in one line."""

    async def script(ws: web.WebSocketResponse) -> None:
        await ws.send_str(message)
        async for _ in ws:
            pass

    assert await listen("--url", await serve(script)) == 76
    assert capsys.readouterr().err == "lwd: the server sent a message that is not Deepgram's\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--url", "ftp://localhost"],
            "ftp://localhost: expected a server such as mini1, mini1:9001 or wss://mini1",
        ),
        (["--param", "numerals"], "--param numerals: expected NAME=VALUE"),
        (
            ["--param", "encoding=mulaw"],
            (
                "--param encoding: FILE itself must tell it; give raw audio a header first, such as by"
                " ffmpeg -f s16le -ar 16000 -i raw.pcm speech.wav"
            ),
        ),
        (
            ["--param", "multichannel=true"],
            (
                "--param multichannel: FILE is mixed to one channel;"
                " the console and Deepgram's SDKs keep channels apart"
            ),
        ),
        (["--key", "a\nb"], "--key: the key holds a character that no request can carry"),
        (
            ["--endpointing", "abc"],
            "--endpointing abc: expected milliseconds such as 300, or false",
        ),
        (["--endpointing", "-1"], "--endpointing -1: expected milliseconds such as 300, or false"),
    ],
)
async def test_wrong_options_are_one_line(
    options: list[str], message: str, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option that cannot be right ends with status 64 before anything is sent."""
    assert await listen(*options) == 64
    assert capsys.readouterr() == ("", f"lwd: {message}\n")


def test_empty_name_is_one_line(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable that is empty in a script is not taken for the working directory."""
    assert run("listen", "") == 64
    expected = "lwd: FILE is empty; expected a path, or - for standard input\n"
    assert capsys.readouterr() == ("", expected)


def test_missing_file_is_one_line(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not there ends with status 66, whether or not a server runs."""
    assert run("listen", str(tmp_path / "none.wav")) == 66

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"lwd: {tmp_path}/none.wav")


@pytest.mark.parametrize(
    ("start_s", "shown"),
    [(0.0, "00:00.0"), (59.94, "00:59.9"), (59.96, "01:00.0"), (3725.25, "62:05.2")],
)
def test_times_are_minutes_and_seconds(start_s: float, shown: str) -> None:
    """The time of a line is rounded to a tenth of a second and never says 60 seconds."""
    assert str(Result(start_s, "Hi.", is_final=True)) == f"{shown}  Hi."


def test_messages_without_words_are_no_results() -> None:
    """Metadata and events are not taken for words."""
    assert parse(METADATA) is None
    with pytest.raises(ConnectionFailed):
        parse("")


def on_terminal(*messages: str) -> str:
    """Show messages on a terminal 30 columns wide; return everything that was written to it."""
    console = Console(file=StringIO(), force_terminal=True, width=30, color_system=None)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        lines = TerminalLines(live)
        for message in messages:
            lines.show(message)
        lines.close()
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def visible(written: str) -> list[str]:
    """Carry out the control sequences that rich uses and return the lines that remain."""
    lines, row = [""], 0
    for part in written.replace("\x1b", "\0\x1b").split("\0"):
        text = part
        if part.startswith("\x1b"):
            sequence, end = part[2:], 0
            while not sequence[end].isalpha():
                end += 1
            count, kind, text = sequence[:end], sequence[end], sequence[end + 1 :]
            if kind == "A":
                row -= int(count)
            elif kind == "K":
                lines[row] = ""
        for character in text:
            if character == "\n":
                row += 1
                lines += [""] * (row == len(lines))
            elif character == "\r":
                pass
            else:
                lines[row] += character
    return [line.rstrip() for line in lines if line.strip()]


def test_terminal_shows_interims_on_one_changing_line() -> None:
    """An interim replaces the one before it, wrapped to the width, below the settled lines."""
    interims = [
        results("one", is_final=False),
        results("one two three four five six", is_final=False),
    ]
    written = on_terminal(results("Zero."), *interims)

    cleared_at_the_end = written[: written.rindex("six") + 3]
    assert visible(cleared_at_the_end) == [
        "00:00.0  Zero.",
        "00:00.0  one two three four",
        "five six",
    ]


def test_terminal_keeps_settled_lines_alone() -> None:
    """In the end only finals stand on the terminal, each once."""
    assert visible(on_terminal(*MESSAGES)) == ["00:00.0  Hello there.", "01:00.0  General Kenobi."]


def test_terminal_shows_an_interim_behind_what_is_settled() -> None:
    """An utterance is one line that grows, in the end without what was not settled."""
    written = on_terminal(*PARTS[:3])

    assert visible(written[: written.rindex("I") + 1])[-1] == "00:00.5  When I was young I"
    assert visible(written) == ["00:00.5  When I was young"]
    assert visible(on_terminal(*PARTS)) == [
        "00:00.5  When I was young I",
        "could",
        "00:04.0  fly.",
    ]


def test_terminal_shows_all_of_a_long_utterance() -> None:
    """One that is longer than the screen is there from its first word to its last."""
    n_words = 400
    parts = [results(f"word{n}", float(n), speech_final=False) for n in range(n_words)]

    shown = " ".join(visible(on_terminal(*parts)))

    assert shown == "00:00.0  " + " ".join(f"word{n}" for n in range(n_words))


async def test_interrupt_shows_the_last_words(serve: Serve) -> None:
    """Ctrl-C while the pipe is silent ends the stream, prints the last final, and exits with 130."""
    arrived = asyncio.Event()

    async def script(ws: web.WebSocketResponse) -> None:
        await ws.receive()
        arrived.set()
        await heard(ws)
        await ws.send_str(results("Goodbye."))
        await ws.close()

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lwd", "listen", "-", "--fast", "--url", await serve(script)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Tests in the background of a shell are started with Ctrl-C ignored, and so would this be.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdin
    process.stdin.write(wav_of_unknown_length() + bytes(160_000))
    async with asyncio.timeout(20):
        await arrived.wait()
        process.send_signal(signal.SIGINT)
        # The pipe stays open: what is read from it must not hold the command up.
        await process.wait()
    assert process.stdout
    assert process.stderr
    shown, complaints = await process.stdout.read(), await process.stderr.read()

    assert (process.returncode, shown) == (130, b"00:00.0  Goodbye.\n")
    assert complaints.strip() == b""


async def test_a_pipe_has_each_part_at_once(serve: Serve, tmp_path: Path) -> None:
    """Whoever reads it does not wait for the end of the utterance."""
    was_read = asyncio.Event()

    async def script(ws: web.WebSocketResponse) -> None:
        await heard(ws)
        await ws.send_str(PARTS[1])
        await was_read.wait()
        await ws.send_str(results("I flew."))
        await ws.close()

    speech = tmp_path / "speech.wav"
    speech.write_bytes(wav_of_unknown_length() + bytes(16_000))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lwd", "listen", speech, "--fast", "--url", await serve(script)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    async with asyncio.timeout(20):
        part = await process.stdout.readexactly(len("00:00.5  When I was young"))
        was_read.set()
        rest, _ = await process.communicate()

    assert (part, rest) == (b"00:00.5  When I was young", b" I flew.\n")


async def test_reader_that_leaves_ends_the_command_quietly(serve: Serve, tmp_path: Path) -> None:
    """`lwd listen … | head -1` is no failure, and nobody reads of one."""
    gone = asyncio.Event()

    async def script(ws: web.WebSocketResponse) -> None:
        await gone.wait()
        await answer(ws)

    speech = tmp_path / "speech.wav"
    speech.write_bytes(wav_of_unknown_length() + bytes(16_000))
    reader, writer = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lwd", "listen", speech, "--fast", "--url", await serve(script)),
        stdout=writer,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writer)
    os.close(reader)
    gone.set()
    async with asyncio.timeout(20):
        _, complaints = await process.communicate()

    assert (process.returncode, complaints) == (0, b"")


def wav_of_unknown_length() -> bytes:
    """Return the header that programs write which record into a pipe: 16 kHz, mono, 16 bits."""
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16)
    return b"RIFF\xff\xff\xff\xffWAVE" + layout + b"data\xff\xff\xff\xff"
