"""Whom lwd lets in, and how it refuses the others."""

import asyncio
import json
import os
import re
import signal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from lwd import metrics
from lwd.asr.pool import EnginePool
from lwd.asr.scripted import Script
from tests.server.conftest import RAW, UPGRADE, Server, StartServer, refused

FLAW = "Failed to deserialize query parameters: "
DIGITS = "invalid digit found in string"
PAIRING = "Bad Request: No such model/language/tier combination found."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "encoding=flac16",
            (
                f"{FLAW}encoding: unknown variant `flac16`, expected one of `linear16`, `linear32`,"
                " `flac`, `alaw`, `mulaw`, `amr-nb`, `amr-wb`, `opus`, `ogg-opus`, `speex`, `g729`"
            ),
        ),
        (
            "encoding=mulaw",
            (
                f"{FLAW}missing field `sample_rate`: `encoding=mulaw` is raw audio;"
                " add its rate in Hz, for example `sample_rate=8000`"
            ),
        ),
        (
            "encoding=linear16",
            (
                f"{FLAW}missing field `sample_rate`: `encoding=linear16` is raw audio;"
                " add its rate in Hz, for example `sample_rate=16000`"
            ),
        ),
        (
            "sample_rate=fast",
            f"{FLAW}sample_rate: {DIGITS} `fast`, expected an integer from 8000 to 192000",
        ),
        (
            "sample_rate=4000",
            f"{FLAW}sample_rate: `4000` is out of range, expected an integer from 8000 to 192000",
        ),
        ("channels=0", f"{FLAW}channels: `0` is out of range, expected an integer from 1 to 20"),
        (
            "interim_results=maybe",
            f"{FLAW}interim_results: provided string `maybe` was not `true` or `false`",
        ),
        ("punctuate=", f"{FLAW}punctuate: provided string `` was not `true` or `false`"),
        (
            "endpointing=soon",
            f"{FLAW}endpointing: {DIGITS} `soon`, expected an integer from 0 to 2147483647",
        ),
        (
            "diarize=true",
            f"{FLAW}diarize: speakers are not told apart by this release; leave the parameter out",
        ),
        ("utterance_end_ms=999", "Invalid 'utterance_end_ms' value of '999'."),
        (
            "model=nova-3&keywords=lwd:2",
            "Keywords are not supported for Nova-3. Please use `keyterm` instead.",
        ),
        (
            "&".join(["keyterm=a"] * 101),
            "Keyterm limit exceeded. The maximum number of tokens across all keyterms is 500.",
        ),
        ("callback=http://[::1/", "Invalid callback url."),
        (
            "callback=http://10.0.0.1/",
            "Invalid callback url. Its address is not public.",
        ),
    ],
)
async def test_a_refused_parameter_to_the_byte(
    start_server: StartServer, query: str, message: str
) -> None:
    """HTTP 400 with Deepgram's JSON, before the upgrade."""
    server = await start_server(callback__enabled=True)

    assert await refusal(server, query) == (400, body("INVALID_QUERY_PARAMETER", message))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("callback=dpgr.am/callback", "Invalid query string."),
        (
            "language=en_US",
            (
                f"{PAIRING} You could try a BCP-47 tag such as 'en-US', or 'multi'"
                " (language: `en_US`)."
            ),
        ),
        ("language=xx-YY", f"{PAIRING} The model scripted knows en and de."),
        ("language=fr", f"{PAIRING} The model scripted knows en and de."),
    ],
)
async def test_what_parses_and_names_nothing_to_the_byte(
    start_server: StartServer, query: str, message: str
) -> None:
    """HTTP 400 under Deepgram's other code for it."""
    server = await start_server(callback__enabled=True)

    assert await refusal(server, query) == (400, body("Bad Request", message))


async def test_spaces_come_in_both_forms(server: Server) -> None:
    """Python's SDK and JavaScript's older ones write `+`, JavaScript's newer ones `%20`."""
    socket = await server.client.ws_connect("/v1/listen?extra=a:b+c%20d%2Be")
    await socket.send_str('{"type":"CloseStream"}')

    assert (await socket.receive_json())["extra"] == {"a": "b c d+e"}


async def refusal(server: Server, query: str) -> tuple[int, str]:
    """Status and text of a handshake that fails, its request id replaced."""
    response = await server.client.get(f"/v1/listen?{query}", headers=UPGRADE)
    assert response.headers["Content-Type"] == "application/json"
    text = await response.text()
    assert response.headers["dg-error"] == json.loads(text)["err_msg"]
    return response.status, text.replace(response.headers["dg-request-id"], "ID")


def body(err_code: str, err_msg: str) -> str:
    """The text of a refusal, its request id replaced."""
    return f'{{"err_code":"{err_code}","err_msg":"{err_msg}","request_id":"ID"}}'


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/listen", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v2/listen", 404, "NOT_FOUND"),
        ("GET", "/v1/speak", 404, "NOT_FOUND"),
        ("GET", "/v1/auth/grant", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_what_is_not_there_says_what_is(
    server: Server, method: str, path: str, status: int, code: str
) -> None:
    """A caller of Deepgram's other interfaces learns that they are not here."""
    response = await server.client.request(method, path, data=b"audio")
    body = await response.json()

    assert response.status == status
    assert body["err_code"] == code
    assert "GET /v1/listen" in body["err_msg"]
    assert response.headers["dg-request-id"] == body["request_id"]


async def test_a_page_visit_is_told_what_this_is(server: Server) -> None:
    """A plain GET has no upgrade, and says how to get one."""
    status, body = await refused(server, RAW, {"Accept": "*/*"})

    assert status == 400
    assert "ws://" in body["err_msg"]


async def test_any_model_name_works(server: Server) -> None:
    """Deepgram's names mean the model that is loaded; unknown parameters mean nothing."""
    for model in ("nova-3", "nova-2-phonecall", "whisper-large", "scripted", "2-general"):
        params = {**RAW, "model": model, "tier": "nova", "is_final": "true"}
        response = await server.client.get("/v1/listen", params=params, headers=UPGRADE)
        assert response.status == 101
        response.close()


@pytest.mark.parametrize(("model", "unknown"), [("sentinel", True), ("scripted", False)])
async def test_the_log_tells_of_an_unknown_model(server: Server, model: str, unknown: bool) -> None:
    """An operator sees that a client got the default for want of what it asked for; not its name."""
    with capture_logs() as logs:
        params = {**RAW, "model": model}
        response = await server.client.get("/v1/listen", params=params, headers=UPGRADE)
        response.close()

    [started] = [line for line in logs if line["event"] == "stream_started"]
    assert started["model_unknown"] is unknown
    assert "sentinel" not in str(logs)


async def test_messages_are_counted_from_zero(start_server: StartServer) -> None:
    """Every kind of message has its counter before the first is sent, so its first rise is seen."""
    metrics.MESSAGES.clear()
    server = await start_server()
    shown = await (await server.ops.get("/metrics")).text()

    kinds = re.findall(r'^lwd_messages_total{kind="(\w+)"}', shown, re.MULTILINE)
    assert set(kinds) == {
        *("Results", "Metadata", "SpeechStarted", "UtteranceEnd", "ErrorMessage"),
        *("ConfigureSuccess", "ConfigureFailure"),
    }


async def test_without_an_engine_there_is_no_stream(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no engine starts, a client is told at once instead of waiting for words."""
    monkeypatch.setattr(EnginePool, "has_failed", True)

    status, body = await refused(server, RAW)

    assert status == 503
    assert body["error_code"] == "Service Unavailable"


async def test_health_follows_the_engine(server: Server) -> None:
    """Ready with an engine, not ready when draining; liveness needs neither."""
    ready = await server.client.get("/readyz")
    health = await server.ops.get("/healthz")
    assert (ready.status, health.status) == (200, 200)
    assert (await health.json(content_type=None))["status"] == "pass"

    server.streams.is_draining = True

    ready = await server.client.get("/readyz")
    assert (ready.status, await ready.text()) == (503, "draining\n")
    assert (await server.ops.get("/healthz")).status == 503
    assert (await server.ops.get("/livez")).status == 200


async def test_health_tells_of_each_replica(start_server: StartServer, tmp_path: Path) -> None:
    """A lost engine is a warning while another answers, which is enough to be ready."""
    due = tmp_path / "due"
    due.mkdir()
    server = await start_server(Script(accident="refuse", due=str(due)), model__replicas=2)
    assert await engine_check(server) == ("pass", 2, "of 2 engine processes")

    for n in range(12):
        (due / str(n)).touch()
    os.kill(server.pool.pids[0], signal.SIGKILL)
    while len(server.pool.pids) == 2:  # noqa: ASYNC110 - a death has no event
        await asyncio.sleep(0.001)

    assert await engine_check(server) == ("warn", 1, "of 2 engine processes")
    assert (await server.client.get("/readyz")).status == 200


async def engine_check(server: Server) -> tuple[str, int, str]:
    """What /healthz says of the engines' processes."""
    response = await server.ops.get("/healthz")
    [check, _] = (await response.json(content_type=None))["checks"]["engine:scripted"]
    return check["status"], check["observedValue"], check["observedUnit"]
