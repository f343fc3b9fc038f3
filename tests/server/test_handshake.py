"""Whom lwd lets in, and how it refuses the others."""

import asyncio
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


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"encoding": "flac16", "sample_rate": "16000"}, "encoding"),
        ({"encoding": "mulaw"}, "sample_rate"),
        ({"encoding": "linear16"}, "sample_rate"),
        ({**RAW, "sample_rate": "fast"}, "sample_rate"),
        ({**RAW, "sample_rate": "4000"}, "sample_rate"),
        ({**RAW, "channels": "0"}, "channels"),
        ({**RAW, "interim_results": "maybe"}, "interim_results"),
        ({**RAW, "punctuate": ""}, "punctuate"),
        ({**RAW, "endpointing": "soon"}, "endpointing"),
        ({**RAW, "utterance_end_ms": "999"}, "utterance_end_ms"),
    ],
)
async def test_a_bad_parameter_is_named(server: Server, params: dict[str, str], named: str) -> None:
    """HTTP 400 with Deepgram's JSON, before the upgrade."""
    status, body = await refused(server, params)

    assert status == 400
    assert body["err_code"] == "INVALID_QUERY_PARAMETER"
    assert named in body["err_msg"]


@pytest.mark.parametrize("language", ["fr", "en_US", "xx-YY"])
async def test_a_language_that_the_model_does_not_know(server: Server, language: str) -> None:
    """Deepgram's text for a model and language that do not go together."""
    status, body = await refused(server, {**RAW, "language": language})

    assert status == 400
    assert body["err_code"] == "Bad Request"
    assert "No such model/language/tier combination found." in body["err_msg"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/listen", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v2/listen", 404, "NOT_FOUND"),
        ("GET", "/", 404, "NOT_FOUND"),
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
    shown = await (await server.client.get("/metrics")).text()

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
    health = await server.client.get("/healthz")
    assert (ready.status, health.status) == (200, 200)
    assert (await health.json(content_type=None))["status"] == "pass"

    server.streams.is_draining = True

    ready = await server.client.get("/readyz")
    assert (ready.status, await ready.text()) == (503, "draining\n")
    assert (await server.client.get("/healthz")).status == 503
    assert (await server.client.get("/livez")).status == 200


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
    response = await server.client.get("/healthz")
    [check, _] = (await response.json(content_type=None))["checks"]["engine:scripted"]
    return check["status"], check["observedValue"], check["observedUnit"]
