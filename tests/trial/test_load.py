"""How a server's limit is sought, and how the age of a result is told."""

import asyncio
import json

import numpy as np
import pytest
from aiohttp import web

from lwd.errors import ConnectionFailed, LimitReached
from lwd.trial import load
from lwd.trial.daemon import Server
from lwd.trial.load import Load, measure
from tests.client.conftest import Serve, serve, start

__all__ = ["serve", "start"]

NOWHERE = Server("ws://127.0.0.1:1", None)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Measure a server that serves ten callers in time and refuses the twenty-first."""
    numbers: list[int] = []

    async def one(_: Server, n: int) -> Load:
        numbers.append(n)
        if n > 20:
            raise LimitReached("refused with status 429")
        return Load(n, 0.1, 0.1, 0.3 if n <= 10 else 2.0)

    async def factor(_: Server) -> float:
        return 0.1

    monkeypatch.setattr(load, "_load", one)
    monkeypatch.setattr(load, "_real_time_factor", factor)
    return numbers


async def test_the_limit_is_between_what_held_and_what_did_not(tried: list[int]) -> None:
    """It is doubled until finals come late, and then sought in between."""
    reported: list[Load] = []

    measured = await measure(NOWHERE, 64, reported.append)

    assert tried == [1, 2, 4, 8, 16, 12, 10]
    assert measured.limit == 10
    assert "more than 1 s" in measured.ended_by
    assert not measured.is_capped
    assert [each.streams for each in reported] == tried


async def test_no_more_than_asked_are_tried(tried: list[int]) -> None:
    """The last step is a shorter one."""
    measured = await measure(NOWHERE, 6, lambda _: None)

    assert tried == [1, 2, 4, 6]
    assert (measured.limit, measured.ended_by) == (6, "more than 6 were not tried")
    assert not measured.is_capped


async def test_a_refusal_ends_it(tried: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that somebody has set is what is found then, with its reason, and told as such."""
    monkeypatch.setattr(load, "IN_TIME_S", 5.0)

    measured = await measure(NOWHERE, 64, lambda _: None)

    assert measured.limit == 20
    assert measured.ended_by == "refused with status 429"
    assert measured.is_capped
    assert tried[:6] == [1, 2, 4, 8, 16, 32]


@pytest.mark.usefixtures("tried")
async def test_a_connection_that_breaks_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that drops callers is at its end."""

    async def one(_: Server, n: int) -> Load:
        if n > 2:
            raise ConnectionFailed("closed with 1011")
        return Load(n, 0.1, 0.1, 0.3)

    monkeypatch.setattr(load, "_load", one)

    measured = await measure(NOWHERE, 64, lambda _: None)

    assert (measured.limit, measured.ended_by, measured.is_capped) == (2, "closed with 1011", False)


async def test_not_even_one(tried: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is too slow is told so."""
    monkeypatch.setattr(load, "IN_TIME_S", 0.01)

    assert (await measure(NOWHERE, 64, lambda _: None)).limit is None
    assert tried == [1]


def result(start_s: float, duration_s: float, *, is_final: bool, speech_final: bool) -> str:
    channel = {"alternatives": [{"transcript": "hello", "words": []}]}
    return json.dumps(
        {
            "type": "Results",
            "start": start_s,
            "duration": duration_s,
            "is_final": is_final,
            "speech_final": speech_final,
            "channel": channel,
        }
    )


async def test_ages_are_since_the_audio_was_sent(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result about the first audio is old when it comes at the end; a cut does not count."""
    monkeypatch.setattr(load, "sentence", lambda: np.zeros(16_000, np.int16))
    monkeypatch.setattr(load, "_PAUSE_S", 0.1)
    monkeypatch.setattr(load, "_SPREAD_S", 0.1)

    async def script(ws: web.WebSocketResponse) -> None:
        async for message in ws:
            if message.type is web.WSMsgType.TEXT:
                break
        await ws.send_str(result(0, 0.05, is_final=False, speech_final=False))
        await ws.send_str(result(0, 0.05, is_final=True, speech_final=False))
        await ws.send_str(result(0, 1.1, is_final=True, speech_final=True))
        await ws.close()

    url = await serve(script)
    measured = await asyncio.wait_for(load._load(Server(url, None), 2), 60)

    assert measured.streams == 2
    assert measured.interim_mean_s is not None
    assert measured.final_worst_s is not None
    assert measured.interim_mean_s >= measured.final_worst_s + 0.3
    assert measured.first_result_s is not None
    assert measured.first_result_s >= 0.3
