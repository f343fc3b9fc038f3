"""What lwd tells of its own state in Deepgram's words."""

import json
import platform
import re
import time

import pytest
from prometheus_client import Gauge

from lwd import __version__, metrics
from lwd.asr.pool import EnginePool
from tests.server.conftest import KEY, RAW, Server, StartServer, silence


async def health(server: Server) -> str:
    """The text of /v1/status."""
    response = await server.client.get("/v1/status")
    assert response.status == 200
    return await response.text()


def status(health: str, streams: int = 0) -> str:
    """What /v1/status should say."""
    return (
        f'{{"system_health":"{health}","active_batch_requests":0,'
        f'"active_stream_requests":{streams},"active_listen_v2_stream_requests":0}}'
    )


async def test_status_follows_the_streams(server: Server) -> None:
    """Ready until a stream has been served, Healthy from then on; open ones are counted."""
    assert await health(server) == status("Ready")

    websocket = await server.client.ws_connect("/v1/listen", params=RAW)
    assert await health(server) == status("Ready", streams=1)

    await websocket.send_str('{"type":"CloseStream"}')
    async for _ in websocket:
        pass
    await server.streams.wait_empty()
    assert await health(server) == status("Healthy")


@pytest.mark.parametrize(
    ("state", "told", "connection"),
    [
        ({"is_ready": False}, "Initializing", "Disconnected"),
        ({"is_ready": False, "has_failed": True}, "Critical", "Disconnected"),
        ({"replicas": 2}, "Degraded", "Connected"),
        ({}, "Ready", "Connected"),
    ],
)
async def test_status_follows_the_engines(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    state: dict[str, object],
    told: str,
    connection: str,
) -> None:
    """Whether an engine answers, and whether all do, is told at once and to the byte."""
    for name, value in state.items():
        monkeypatch.setattr(EnginePool, name, value)

    engine = await server.client.get("/v1/status/engine")

    assert await health(server) == status(told)
    assert engine.status == 200
    assert await engine.text() == f'{{"engine_connection_status":"{connection}"}}'


async def test_clients_are_not_shown_what_operators_see(server: Server) -> None:
    """Health and metrics are on the ops listener alone, `/v1` on the other, probes on both."""
    for path, for_clients, for_operators in [
        ("/livez", 200, 200),
        ("/readyz", 200, 200),
        ("/healthz", 404, 200),
        ("/metrics", 404, 200),
        ("/v1/status", 200, 404),
        ("/v1/listen", 400, 404),
    ]:
        assert (await server.client.get(path)).status == for_clients, path
        assert (await server.ops.get(path)).status == for_operators, path


async def test_both_ports_tell_which_daemon_they_are(server: Server) -> None:
    """Where several run on a machine, what one's operators see is not taken for another's."""
    answers = [await part.get("/readyz") for part in (server.client, server.ops)]

    told = {answer.headers["lwd-instance"] for answer in answers}
    assert len(told) == 1
    assert told != {""}


async def test_probes_tell_whether_a_key_is_wanted_and_room_is_left(
    start_server: StartServer,
) -> None:
    """Without a key: the console asks nothing else before it has one, and says when lwd is full."""

    async def told(server: Server) -> tuple[str, str]:
        headers = (await server.client.get("/readyz")).headers
        return headers["lwd-key"], headers["lwd-free-streams"]

    guarded = await start_server(auth__keys=[KEY])
    server = await start_server(limits__streams=1)

    assert await told(guarded) == ("required", str(guarded.streams.limit))
    assert await told(server) == ("none", "1")
    async with server.client.ws_connect("/v1/listen", params=RAW):
        assert await told(server) == ("none", "0")


async def test_elsewhere_than_on_loopback_operators_need_a_key(start_server: StartServer) -> None:
    """Prometheus sends it as a Bearer; probes have none."""
    server = await start_server(auth__keys=["opensesame"], ops__listen="0.0.0.0:0")

    for path in ("/healthz", "/metrics"):
        assert (await server.ops.get(path)).status == 401
        headers = {"Authorization": "Bearer opensesame"}
        assert (await server.ops.get(path, headers=headers)).status == 200
    assert (await server.ops.get("/livez")).status == 200
    assert (await server.ops.get("/readyz")).status == 200


async def test_health_is_in_the_shape_that_tools_know(server: Server) -> None:
    """draft-inadarei-api-health-check-06: lists of what was observed, by name."""
    response = await server.ops.get("/healthz")
    health = await response.json(content_type="application/health+json")

    assert health["status"] == "pass"
    assert health["releaseId"].startswith(f"{health['version']}.")
    assert set(health["checks"]) == {
        "engine:scripted",
        "lwd:streams",
        "lwd:connections",
        "lwd:uptime",
    }
    for observed in (one for check in health["checks"].values() for one in check):
        assert isinstance(observed["observedValue"], int)
        assert isinstance(observed["observedUnit"], str)


async def test_health_tells_of_what_is_not_as_it_should_be(start_server: StartServer) -> None:
    """A full daemon is healthy with a concern, for which no machine takes it out of service."""
    server = await start_server(limits__streams=1)
    socket = await server.client.ws_connect("/v1/listen", params=RAW)

    response = await server.ops.get("/healthz")
    health = await response.json(content_type="application/health+json")

    assert (response.status, health["status"]) == (200, "warn")
    assert health["checks"]["lwd:streams"][0]["status"] == "warn"
    assert (await server.ops.get("/readyz")).status == 200
    await socket.close()


async def test_health_tells_of_connections_that_are_used_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks at the operators' port sees why nobody gets in at the other."""
    for name, value in [("CONNECTIONS", 9), ("CONNECTIONS_LIMIT", 9)]:
        gauge = Gauge(name, name, registry=None)
        gauge.set(value)
        monkeypatch.setattr(metrics, name, gauge)

    health = await (await server.ops.get("/healthz")).json(content_type=None)

    [check] = health["checks"]["lwd:connections"]
    assert (health["status"], check["status"]) == ("warn", "warn")
    assert (check["observedValue"], check["observedUnit"]) == (9, "of 9 connections")


async def test_an_engine_that_cannot_be_killed_is_worth_a_restart(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only then does liveness fail while the process answers."""
    monkeypatch.setattr(EnginePool, "is_stuck", True)

    assert (await server.ops.get("/livez")).status == 503
    assert (await server.client.get("/livez")).status == 503


async def test_metrics_are_of_this_process(server: Server) -> None:
    """Memory, files and time come from the system, and nothing is there twice."""
    await server.client.get("/v1/nowhere")
    shown = await values(server)

    assert 10e6 < shown["lwd_process_resident_bytes"] < 10e9
    assert 3 < shown["lwd_process_open_fds"] < 10_000
    assert 0 < shown["lwd_process_cpu_seconds_total"] < 100_000
    assert shown['lwd_http_requests_total{code="404",route="other"}'] >= 1
    assert [name for name in shown if "_created" in name or "engine_active" in name] == []


async def test_build_says_what_runs_and_what_is_served(server: Server) -> None:
    """A dashboard tells the nodes of a fleet apart that run something else."""
    text = await (await server.ops.get("/metrics")).text()
    [build] = [line for line in text.splitlines() if line.startswith("lwd_build_info")]

    assert re.search(r'mlx="\d+\.\d+', build)
    assert f'python="{platform.python_version()}"' in build
    assert f'version="{__version__}"' in build
    assert 'model="scripted"' in build


async def test_results_are_counted_by_type(server: Server, voice: bytes) -> None:
    """What is told of speech in a stream, and when its engine was last of use."""
    before = await values(server)
    params = {**RAW, "vad_events": "true", "interim_results": "true", "utterance_end_ms": "1000"}
    websocket = await server.client.ws_connect("/v1/listen", params=params)
    await websocket.send_bytes(voice + silence(3))
    await websocket.send_str('{"type":"CloseStream"}')
    heard = [json.loads(message.data) async for message in websocket]
    after = await values(server)

    def told(kind: str) -> float:
        name = f'lwd_results_total{{type="{kind}"}}'
        return after[name] - before[name]

    results = [one["is_final"] for one in heard if one["type"] == "Results"]
    assert told("final") == results.count(True) > 0
    assert told("interim") == results.count(False)
    assert told("speech_started") == sum(one["type"] == "SpeechStarted" for one in heard) > 0
    assert told("utterance_end") == sum(one["type"] == "UtteranceEnd" for one in heard) > 0
    last_s = after['lwd_engine_last_batch_timestamp_seconds{model="scripted",replica="0"}']
    assert time.time() - 600 < last_s <= time.time()


async def values(server: Server) -> dict[str, float]:
    """Every sample of `/metrics`, by its name and labels as they are shown."""
    text = await (await server.ops.get("/metrics")).text()
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


async def test_deepgrams_names_are_there_when_asked_for(start_server: StartServer) -> None:
    """Dashboards made for Deepgram's engine find what they know."""
    server = await start_server(ops__deepgram_metrics=True, limits__streams=5)
    socket = await server.client.ws_connect("/v1/listen", params=RAW)

    text = await (await server.ops.get("/metrics")).text()

    assert 'engine_active_requests{kind="stream"} 1.0\n' in text
    assert "engine_estimated_stream_capacity 5.0\n" in text
    assert 'engine_requests_total{kind="stream",response_status="200"}' in text
    await socket.close()
