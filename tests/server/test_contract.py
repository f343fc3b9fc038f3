"""Long mixed streams in which every message is Deepgram's, to the key, and says what was asked for."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from lwd.asr.scripted import Script
from tests import schemas
from tests.server.conftest import StartServer, silence
from tests.server.test_listen import messages, next_of, transcript

WORDS = ("So", "um", "call", "five", "five", "five", "one", "two", "three", "four,", "shit", "it.")
RAW = [("encoding", "linear16"), ("sample_rate", "16000")]
MIXED = [
    ("interim_results", "true"),
    ("utterance_end_ms", "1000"),
    ("vad_events", "True"),
    ("endpointing", "100"),
    ("punctuate", "true"),
    ("search", "call me"),
    ("extra", "call:17"),
]


async def stream(
    start_server: StartServer,
    query: Sequence[tuple[str, str]],
    frames: Sequence[bytes | str],
    words: tuple[str, ...] = WORDS,
) -> list[dict[str, Any]]:
    """Everything that a stream of these frames gets, all of it checked."""
    server = await start_server(Script(words=words))
    socket = await server.client.ws_connect("/v1/listen?" + urlencode([*RAW, *query]))
    for frame in frames:
        await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
    await socket.send_str('{"type":"CloseStream"}')
    received = await messages(socket)
    assert socket.close_code == 1000
    for message in received:
        schemas.check(message)
    return received


def final_text(received: Sequence[dict[str, Any]]) -> str:
    """The finals, one after the other."""
    finals = (transcript(m) for m in received if m["type"] == "Results" and m["is_final"])
    return " ".join(filter(None, finals))


@pytest.mark.parametrize(
    "more",
    [
        [],
        [("smart_format", "true"), ("detect_entities", "true")],
        [("numerals", "true"), ("profanity_filter", "true"), ("replace", "call:ring")],
        [("redact", "numbers"), ("language", "multi"), ("language_hint", "de")],
        [("dictation", "true"), ("filler_words", "true"), ("keyterm", "Zarathustra")],
    ],
)
async def test_every_message_is_deepgrams(
    start_server: StartServer, voice: bytes, more: list[tuple[str, str]]
) -> None:
    """With all kinds of them in one stream, and no key that Deepgram does not have."""
    frames: list[bytes | str] = [
        voice,
        silence(2.0),
        '{"type":"KeepAlive"}',
        '{"type":"Finalize"}',
        '{"type":"KeepAlive "}',
        '{"type":"Configure","keyterms":["a"],"features":{"numerals":true}}',
        json.dumps({"type": "Configure", "keyterms": ["a"] * 101}),
        '{"type":"Sync"}',
        voice[:64_000],
        silence(1.5),
    ]

    received = await stream(start_server, [*MIXED, *more], frames)

    kinds = Counter(message["type"] for message in received)
    assert kinds.keys() == schemas.MESSAGES.keys()
    assert kinds["Metadata"] == kinds["ConfigureSuccess"] == kinds["ConfigureFailure"] == 1
    assert received[-1]["extra"] == {"call": "17"}
    assert all(m["metadata"]["extra"] == {"call": "17"} for m in received if m["type"] == "Results")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], "so call five five five one two three four shit it"),
        ([("punctuate", "true")], "So call five five five one two three four, shit it."),
        ([("filler_words", "true")], "so um call five five five one two three four shit it"),
        ([("numerals", "true")], "so call 5 5 5 1 2 3 4 shit it"),
        ([("profanity_filter", "true")], "so call five five five one two three four **** it"),
        (
            [("replace", "call:ring"), ("replace", "so")],
            "ring five five five one two three four shit it",
        ),
        ([("redact", "numbers")], "so call [NUMBER_1] shit it"),
    ],
)
async def test_text_is_as_it_was_asked_for(
    start_server: StartServer, voice: bytes, query: list[tuple[str, str]], expected: str
) -> None:
    """Each parameter has its effect on what comes out of the socket."""
    received = await stream(start_server, query, [voice])

    assert final_text(received) == expected


async def test_what_is_redacted_is_nowhere(start_server: StartServer, voice: bytes) -> None:
    """In no interim, word, search hit or entity."""
    query = [*MIXED, ("redact", "numbers"), ("detect_entities", "true"), ("search", "five one")]

    received = await stream(start_server, query, [voice, silence(1.0)])

    said = json.dumps([m for m in received if m["type"] == "Results"]).replace("five one", "")
    assert "[NUMBER_1]" in said
    assert not [word for word in ("five", "three", "four", "5", "555") if f'"{word}' in said]


async def test_the_language_is_told_where_speakers_switch(
    start_server: StartServer, voice: bytes
) -> None:
    """For each word, and for the result; clients take the first of a result's."""
    received = await stream(start_server, [("language", "multi")], [voice])

    [alternative] = received[0]["channel"]["alternatives"]
    assert alternative["languages"] == ["en"]
    assert {word["language"] for word in alternative["words"]} == {"en"}


async def test_numerals_change_in_mid_stream(start_server: StartServer, voice: bytes) -> None:
    """What comes after a Configure is written so; keyterms are answered for."""
    server = await start_server(Script(words=("twenty", "apples")))
    socket = await server.client.ws_connect("/v1/listen?" + urlencode(RAW))
    await socket.send_bytes(voice[:64_000])
    await socket.send_str('{"type":"Finalize"}')
    before = await next_of(socket, "Results", from_finalize=True)
    await socket.send_str('{"type":"Configure","processors":{"numerals":true}}')
    await socket.send_str('{"type":"Configure","keyterms":["apples"]}')
    answer = await next_of(socket, "ConfigureSuccess")
    await socket.send_bytes(voice[64_000:128_000])
    await socket.send_str('{"type":"Finalize"}')
    after = await next_of(socket, "Results", from_finalize=True)

    assert "twenty" in transcript(before)
    assert "20" in transcript(after)
    assert "twenty" not in transcript(after)
    assert answer["keyterms"] == ["apples"]
    await socket.close()
