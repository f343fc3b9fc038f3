"""What a page in a browser is told about using lwd from another origin."""

import asyncio

import pytest

from lwd.asr.pool import EnginePool
from tests.server.conftest import KEY, RAW, UPGRADE, Server, StartServer

ORIGIN = "http://localhost:60330"
EXPOSED = "dg-model-name,dg-model-uuid,dg-char-count,dg-request-id,dg-project-id,dg-error"
VARY = ["origin", "access-control-request-method", "access-control-request-headers"]


async def cors_headers(
    server: Server, path: str, headers: dict[str, str], method: str = "GET"
) -> tuple[int, dict[str, list[str]]]:
    """Status and CORS headers of an answer."""
    response = await server.client.request(
        method, path, params=RAW, headers={"Origin": ORIGIN, **headers}
    )
    response.close()
    names = {name.lower() for name in response.headers}
    return response.status, {
        name: response.headers.getall(name)
        for name in sorted(names)
        if name == "vary" or name.startswith("access-control-")
    }


READABLE = {
    "access-control-allow-credentials": ["true"],
    "access-control-allow-origin": [ORIGIN],
    "access-control-expose-headers": [EXPOSED],
    "vary": VARY,
}


async def test_a_page_may_read_every_answer(start_server: StartServer) -> None:
    """The upgrade, successes and refusals carry the headers that Deepgram's carry."""
    server = await start_server(auth__keys=[KEY])
    key = {"Authorization": f"Token {KEY}"}

    assert await cors_headers(server, "/v1/listen", UPGRADE | key) == (101, READABLE)
    assert await cors_headers(server, "/v1/listen", UPGRADE) == (401, READABLE)
    assert await cors_headers(server, "/v1/listen", key) == (400, READABLE)
    assert await cors_headers(server, "/v1/projects", key) == (200, READABLE)
    assert await cors_headers(server, "/v1/projects", {}) == (401, READABLE)
    assert await cors_headers(server, "/v1/status", {}) == (200, READABLE)
    assert await cors_headers(server, "/nowhere", {}) == (404, READABLE)


async def test_a_fault_can_be_read_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the headers a page would take a fault of lwd for one of the network."""
    monkeypatch.setattr(EnginePool, "has_failed", property(lambda _: 1 / 0))

    assert await cors_headers(server, "/v1/listen", UPGRADE) == (500, READABLE)


async def test_without_an_origin_nothing_is_said(server: Server) -> None:
    """Other clients than browsers have no use for it."""
    response = await server.client.get("/v1/models")

    assert not any(name.lower().startswith("access-control-") for name in response.headers)
    assert "Vary" not in response.headers


async def test_a_preflight_is_answered_without_a_key(start_server: StartServer) -> None:
    """A browser asks before a page's request, without its key, and for headers of the SDKs."""
    server = await start_server(auth__keys=[KEY])
    wanted = "authorization,content-type,x-client-info,x-deepgram-session-id,x-fern-language"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
    welcome = {
        **READABLE,
        "access-control-allow-headers": [wanted],
        "access-control-allow-methods": ["GET, POST, OPTIONS"],
        "access-control-max-age": ["7200"],
    }

    for path in ("/v1/listen", "/v1/auth/grant", "/nowhere"):
        assert await cors_headers(server, path, asked, method="OPTIONS") == (200, welcome)


async def test_an_origin_of_any_bytes_breaks_nothing(start_server: StartServer) -> None:
    """A header that is no text is answered like any other."""
    server = await start_server(auth__keys=[KEY])
    reader, writer = await asyncio.open_connection("127.0.0.1", server.client.port)
    writer.write(b"GET /v1/models HTTP/1.1\r\nHost: h\r\nOrigin: \xff\xf0\r\n")
    writer.write(f"Authorization: Token {KEY}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b'"tts":[]}')
