"""Whether a server hears, asked of servers that do, do not, and hear what is not there."""

import json

import pytest
from aiohttp import web

from lwd.errors import ConnectionFailed
from lwd.trial.daemon import Server
from lwd.trial.probe import probe
from lwd.trial.sounds import SPOKEN
from tests.client.conftest import Serve, heard, serve, start

__all__ = ["serve", "start"]

TONE_BYTES = 16_000 * 2 * 4
"""More than the tone has, and less than the sentence."""


def results(*words: str) -> str:
    channel = {"alternatives": [{"transcript": " ".join(words), "words": []}]}
    final = {"start": 0.0, "duration": 1.0, "is_final": True, "speech_final": True}
    return json.dumps({"type": "Results", "channel": channel, **final})


async def asked(
    serve: Serve, *, of_tone: tuple[str, ...], of_sentence: tuple[str, ...]
) -> list[bool]:
    """What the two checks say of a server that answers so."""

    async def script(ws: web.WebSocketResponse) -> None:
        audio = [part for part in await heard(ws) if isinstance(part, bytes)]
        is_tone = sum(map(len, audio)) < TONE_BYTES
        await ws.send_str(results(*(of_tone if is_tone else of_sentence)))
        await ws.close()

    checks = await probe(Server(await serve(script), None))
    assert [check.check for check in checks] == ["tone", "sentence"]
    return [check.passed for check in checks]


async def test_a_server_that_hears(serve: Serve) -> None:
    """No words for the tone, and enough of the sentence's."""
    assert await asked(serve, of_tone=(), of_sentence=SPOKEN) == [True, True]
    assert await asked(serve, of_tone=(), of_sentence=SPOKEN[:16]) == [True, True]


async def test_a_server_that_is_deaf(serve: Serve) -> None:
    """It answers, but not with what was said."""
    assert await asked(serve, of_tone=(), of_sentence=()) == [True, False]
    assert await asked(serve, of_tone=(), of_sentence=SPOKEN[:15]) == [True, False]


async def test_a_server_that_hears_voices(serve: Serve) -> None:
    """Words for a sine are as bad."""
    assert await asked(serve, of_tone=("Thank", "you."), of_sentence=SPOKEN) == [False, True]


async def test_a_server_that_is_not_there(unused_tcp_port: int) -> None:
    """Is told as by any other command."""
    with pytest.raises(ConnectionFailed, match="connection refused"):
        await probe(Server(f"ws://127.0.0.1:{unused_tcp_port}", None))
