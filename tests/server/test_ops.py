"""What lwd tells of its own state in Deepgram's words."""

import pytest

from lwd.asr.pool import EnginePool
from tests.server.conftest import RAW, Server


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
