"""What the log says of a stream's results."""

import pytest
from structlog.testing import capture_logs

from lwd.server.tally import Tally
from lwd.stream.events import SpeechBegan, StreamEvent, Transcribed, UtteranceEnded
from tests.server.conftest import RAW, Server

NOW_S = 1000.0


def result(*, is_final: bool, asked_at_s: float | None = None) -> Transcribed:
    """A result without words."""
    return Transcribed(0, 0.0, 1.0, (), is_final=is_final, asked_at_s=asked_at_s)


def final(latency_s: float) -> Transcribed:
    """A final that comes so late."""
    return result(is_final=True, asked_at_s=NOW_S - latency_s)


def told(*events: StreamEvent) -> Tally:
    """A tally of events that were all told at the same time."""
    tally = Tally()
    for event in events:
        tally.tell(event, NOW_S)
    return tally


def test_each_type_is_counted_by_itself() -> None:
    """What was told of speech, one by one."""
    tally = told(
        *[result(is_final=False)] * 3,
        *[result(is_final=True)] * 2,
        SpeechBegan(0, 0.0),
        UtteranceEnded(0, 1.0),
    )

    assert (tally.count("interim"), tally.count("final")) == (3, 2)
    assert (tally.count("speech_started"), tally.count("utterance_end")) == (1, 1)


@pytest.mark.parametrize(
    ("latencies_s", "p50_s", "p95_s"),
    [
        ([], None, None),
        ([0.25], 0.25, 0.25),
        ([0.75, 0.25], 0.25, 0.75),
        ([n / 8 for n in range(20, 0, -1)], 1.25, 2.375),
        ([5.0, *[0.5] * 1000], 0.5, 0.5),
    ],
    ids=["none", "one", "two", "twenty", "those of long ago"],
)
def test_how_late_finals_were(
    latencies_s: list[float], p50_s: float | None, p95_s: float | None
) -> None:
    """Half of the finals, and 95 of 100, were no later; each is one that there was."""
    tally = told(*map(final, latencies_s))

    assert tally.final_latency_s(0.5) == p50_s
    assert tally.final_latency_s(0.95) == p95_s


def test_only_finals_that_were_due_have_a_latency() -> None:
    """Neither interims nor the answer to a Finalize without audio are waited for."""
    tally = told(result(is_final=False, asked_at_s=1.0), result(is_final=True))

    assert tally.final_latency_s(0.95) is None


def test_the_first_result_counts_from_the_first_audio() -> None:
    """Later audio and later results change nothing."""
    tally = Tally()
    for now_s in (10.0, 11.0):
        tally.audio_came(now_s)
    for now_s in (12.5, 14.0):
        tally.tell(result(is_final=False), now_s)

    assert tally.first_result_s == 2.5


async def test_a_stream_is_told_of_in_one_line(server: Server, voice: bytes) -> None:
    """What an operator asks of a call: how much was said, and how late the answers were."""
    with capture_logs() as logs:
        websocket = await server.client.ws_connect("/v1/listen", params=RAW)
        await websocket.send_bytes(voice[: 4 * 2 * 16_000])
        await websocket.send_str('{"type":"CloseStream"}')
        async for _ in websocket:
            pass
        await server.streams.wait_empty()

    [line] = [one for one in logs if one["event"] == "stream_ended"]
    [started] = [one for one in logs if one["event"] == "stream_started"]
    assert line["model"] == started["model"] == "scripted"
    assert (line["outcome"], line["audio_s"], line["interims"]) == ("completed", 4.0, 0)
    assert line["finals"] > 0
    assert 0 < line["final_p50_s"] <= line["final_p95_s"] < 600
    assert line["first_result_s"] > 0
