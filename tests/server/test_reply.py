"""Every answer has an id, and whatever is no success has Deepgram's shape."""

import asyncio
import time
from io import BytesIO
from urllib.parse import quote
from uuid import RFC_4122, UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from yarl import URL

from lwd.config import Config, LimitsConfig
from lwd.server.admission import Streams
from lwd.server.app import build_app, build_decoders
from lwd.server.engines import Engines
from lwd.server.live import Live
from lwd.server.rejections import Rejections
from lwd.server.reply import new_request_id
from lwd.server.stream import Stream
from tests.server.conftest import RAW, UPGRADE, Server

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
HINT = "A live stream is GET /v1/listen, as a WebSocket, on server.port; recordings are not taken over HTTP."
PATHS = ["", "v1", "v1/listen", "v1/models", "v1/models/", "v1/projects/", "v1/status/", "v2/"]


def test_ids_begin_with_the_time() -> None:
    """A UUIDv7, so that ids sort by when their requests came; no two are the same."""
    before_ms = time.time_ns() // 1_000_000
    ids = [new_request_id() for _ in range(100)]
    after_ms = time.time_ns() // 1_000_000

    assert len(set(ids)) == 100
    assert {(request_id.version, request_id.variant) for request_id in ids} == {(7, RFC_4122)}
    assert all(before_ms <= request_id.int >> 80 <= after_ms for request_id in ids)


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    method=st.sampled_from(METHODS),
    prefix=st.sampled_from(PATHS),
    path=st.text(max_size=40),
    query=st.text(max_size=20),
)
async def test_whatever_is_asked_is_answered_in_shape(
    server: Server, method: str, prefix: str, path: str, query: str
) -> None:
    """No path and no method makes lwd fail, and each refusal is Deepgram's JSON with its id."""
    raw = f"/{prefix}{quote(path, errors='replace')}?{quote(query, errors='replace')}"
    # Not joined to a URL: that would take what follows two slashes for a host.
    url = URL(f"{server.client.make_url('').origin()}{raw}", encoded=True)

    response = await server.client.session.request(method, url)

    request_id = response.headers["dg-request-id"]
    assert UUID(request_id).version == 7
    assert response.status < 500
    if response.status >= 400 and method != "HEAD":
        assert_refusal(await response.text(), request_id)


def assert_refusal(text: str, request_id: str) -> None:
    """One of the three forms that a refusal has."""
    if not text.startswith(("UUID parsing failed: ", '{"err_code":"PROJECT_NOT_FOUND"')):
        assert text.startswith('{"err_code":"')
        assert text.endswith(f'","request_id":"{request_id}"}}')


async def test_a_path_that_is_not_there_to_the_byte(server: Server) -> None:
    """Compact JSON in Deepgram's order of keys, its text in `dg-error` too."""
    message = f"Not Found. {HINT}"
    for method, path in (("GET", "/v2/listen"), ("POST", "/v1/speak"), ("OPTIONS", "/v1")):
        response = await server.client.request(method, path)

        request_id = response.headers["dg-request-id"]
        assert response.status == 404
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["dg-error"] == message
        assert await response.text() == (
            f'{{"err_code":"NOT_FOUND","err_msg":"{message}","request_id":"{request_id}"}}'
        )


async def test_a_method_that_is_not_there_to_the_byte(server: Server) -> None:
    """A recording is refused with a status that no SDK tries again."""
    message = f"Method Not Allowed: this path takes GET, HEAD. {HINT}"

    response = await server.client.post("/v1/listen", data=b"audio")

    request_id = response.headers["dg-request-id"]
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.headers["dg-error"] == message
    assert await response.text() == (
        f'{{"err_code":"METHOD_NOT_ALLOWED","err_msg":"{message}","request_id":"{request_id}"}}'
    )


async def test_an_upgrade_and_its_messages_have_one_id(server: Server) -> None:
    """What a client reads in the header it finds in each message, and its operator in the log."""
    with capture_logs() as logs:
        websocket = await server.client.ws_connect("/v1/listen", params=RAW)
        await websocket.send_str('{"type":"CloseStream"}')
        metadata = await websocket.receive_json()
        await websocket.close()

    request_id = websocket._response.headers["dg-request-id"]
    assert UUID(request_id).version == 7
    assert metadata["request_id"] == request_id
    assert {line["request_id"] for line in logs} == {request_id}


async def test_a_fault_says_nothing_of_itself(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client learns that lwd failed and under which id; why stands in the log."""

    def fail(*_: object) -> None:
        raise RuntimeError("sentinel")

    monkeypatch.setattr(Engines, "choose", fail)
    with capture_logs() as logs:
        response = await server.client.get("/v1/listen", params=RAW, headers=UPGRADE)

    request_id = response.headers["dg-request-id"]
    assert response.status == 500
    assert await response.text() == (
        '{"err_code":"INTERNAL_SERVER_ERROR","err_msg":"The server failed on this request.'
        f' Please try again later","request_id":"{request_id}"}}'
    )
    failed, rejected = logs
    assert (failed["event"], failed["log_level"]) == ("request_failed", "error")
    assert failed["request_id"] == rejected["request_id"] == request_id
    assert rejected["reason"] == "fault"


async def test_a_fault_after_the_upgrade_only_closes(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WebSocket client is not sent an HTTP response in place of a frame."""

    async def fail(_: Stream) -> None:
        raise RuntimeError("sentinel")

    monkeypatch.setattr(Stream, "run", fail)
    upgrade = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    with capture_logs() as logs:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.client.port)
        writer.write(f"GET /v1/listen HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n".encode())
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert answer.count(b"HTTP/1.1") == 1
    assert [line["event"] for line in logs] == ["stream_started", "request_failed"]


async def test_too_large_a_body_is_refused_in_shape() -> None:
    """An upload above the library's limit gets Deepgram's 413."""

    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    live = Live(Config())
    app = build_app(
        live, Engines([], None), build_decoders(live.config), Streams(LimitsConfig()), Rejections()
    )
    app.router.add_post("/upload", read)
    async with TestClient(TestServer(app)) as client:
        response = await client.post("/upload", data=BytesIO(bytes((1 << 20) + 1)))
        text = await response.text()

    request_id = response.headers["dg-request-id"]
    assert response.status == 413
    assert text == (
        '{"err_code":"PAYLOAD_TOO_LARGE","err_msg":"Payload size exceeds limit of 1 MB.",'
        f'"request_id":"{request_id}"}}'
    )


async def test_a_long_query_is_read(server: Server) -> None:
    """As many replacements as Deepgram takes fit into the request line."""
    params = [*RAW.items(), *(("replace", f"{n:099}:{n:0100}") for n in range(200))]

    response = await server.client.get("/v1/listen", params=params, headers=UPGRADE)

    assert response.status == 101
    response.close()


async def test_an_expectation_that_cannot_be_met_has_an_id(server: Server) -> None:
    """The HTTP library refuses it before lwd sees the request."""
    response = await server.client.get("/v1/models", headers={"Expect": "a miracle"})

    assert response.status == 417
    assert UUID(response.headers["dg-request-id"])
