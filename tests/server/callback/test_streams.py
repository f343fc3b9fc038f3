"""`callback` over the whole server: who gets which message."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from lwd.protocol.closing import Close
from tests.server.callback.conftest import Count, Site
from tests.server.callback.test_relay import Socket
from tests.server.conftest import Server, StartServer

RAW = {"encoding": "linear16", "sample_rate": "16000", "interim_results": "true"}
ALL = {"vad_events": "true", "utterance_end_ms": "1000"}


async def start(start_server: StartServer, site: Site, **settings: object) -> Server:
    """A server that may deliver to the site."""
    return await start_server(
        callback__enabled=True,
        callback__ports=[site.port],
        callback__allow_networks=["127.0.0.0/8"],
        **settings,
    )


async def rest(socket: ClientWebSocketResponse) -> list[dict[str, Any]]:
    """Everything that the client still gets."""
    return [json.loads(message.data) async for message in socket]


async def test_results_go_to_the_callback_alone(
    start_server: StartServer, site: Site, voice: bytes
) -> None:
    """Each message is a request, Metadata the last; the socket has Metadata and its close."""
    server = await start(start_server, site)
    socket = await server.client.ws_connect(
        "/v1/listen", params={**RAW, **ALL, "callback": site.url(), "callback_method": "put"}
    )
    await socket.send_bytes(voice)
    await socket.send_str('{"type":"CloseStream"}')

    told = await rest(socket)
    await server.streams.wait_empty()

    received = [json.loads(body) for body in site.receiver.bodies]
    assert [message["type"] for message in told] == ["Metadata"]
    assert socket.close_code == 1000
    assert received[-1] == told[0]
    kinds = {message["type"] for message in received[:-1]}
    assert kinds == {"SpeechStarted", "Results"}
    assert any(m["is_final"] for m in received if m["type"] == "Results")
    assert {request.method for request in site.receiver.requests} == {"PUT"}


async def test_mistakes_are_told_to_who_made_them(start_server: StartServer, site: Site) -> None:
    """The answer to a frame that is no control message comes by the socket."""
    server = await start(start_server, site)
    socket = await server.client.ws_connect("/v1/listen", params={**RAW, "callback": site.url()})
    await socket.send_str("nonsense")
    await socket.send_str('{"type":"Finalize"}')
    await socket.send_str('{"type":"CloseStream"}')

    told = await rest(socket)
    await server.streams.wait_empty()

    assert [message["type"] for message in told] == ["Error", "Metadata"]
    received = [json.loads(body)["type"] for body in site.receiver.bodies]
    assert received == ["Results", "Metadata"]


async def test_a_dead_receiver_does_not_hold_the_client(
    start_server: StartServer, site: Site
) -> None:
    """The client is told of the end at once; the stream counts as open until all is given up."""
    site.receiver.always = 503
    server = await start(start_server, site, callback__give_up_s=0.5)
    socket = await server.client.ws_connect("/v1/listen", params={**RAW, "callback": site.url()})
    await socket.send_str('{"type":"CloseStream"}')

    await rest(socket)

    assert socket.close_code == 1000
    assert len(server.streams.open) == 1
    async with asyncio.timeout(10):
        await server.streams.wait_empty()


async def test_results_are_relayed(start_server: StartServer, site: Site, voice: bytes) -> None:
    """Over a WebSocket, which closes when the stream does."""
    receiver = Socket()
    site.receiver.always = receiver.accept
    server = await start(start_server, site)
    socket = await server.client.ws_connect(
        "/v1/listen", params={**RAW, "callback": site.url("ws")}
    )
    await socket.send_bytes(voice)
    await socket.send_str('{"type":"CloseStream"}')

    told = await rest(socket)
    await receiver.closed.wait()

    received = [json.loads(text) for text in receiver.received]
    assert [message["type"] for message in told] == ["Metadata"]
    assert received[-1] == told[0]
    assert {message["type"] for message in received[:-1]} == {"Results"}


async def test_a_broken_relay_ends_the_stream(start_server: StartServer, site: Site) -> None:
    """With Metadata, and a close frame that says why; other streams go on."""
    site.receiver.always = 404
    server = await start(start_server, site)
    broken = Count("lwd_streams_total", outcome="callback_broken")
    socket = await server.client.ws_connect(
        "/v1/listen", params={**RAW, "callback": site.url("ws")}
    )

    async with asyncio.timeout(10):
        metadata, close = await socket.receive_json(), await socket.receive()

    assert metadata["type"] == "Metadata"
    assert metadata["sha256"] == "incomplete"
    assert (close.type, close.data) == (WSMsgType.CLOSE, 1011)
    assert close.extra == Close.CALLBACK_BROKEN.reason
    await server.streams.wait_empty()
    assert int(broken) == 1


@pytest.mark.parametrize(
    ("parameters", "settings", "problem"),
    [
        (
            {"callback": "https://example.com/"},
            {},
            "Invalid callback url. This server delivers to none; its operator may set callback.enabled.",
        ),
        (
            {"callback": "http://127.0.0.1:8080/"},
            {"callback__enabled": True},
            "Invalid callback url. Its address is not public.",
        ),
        (
            {"callback": "https://example.com/"},
            {"callback__enabled": True, "callback__hosts": ["*.Example.org"]},
            "Invalid callback url. Its host is not in this server's callback.hosts.",
        ),
        (
            {"callback_method": "PATCH"},
            {},
            "Failed to deserialize query parameters: callback_method: unknown variant `PATCH`, expected one of `POST`, `GET`, `PUT`, `DELETE`",
        ),
    ],
)
async def test_a_callback_that_will_not_do_is_refused(
    start_server: StartServer, parameters: dict[str, str], settings: dict[str, Any], problem: str
) -> None:
    """400 before the upgrade, in Deepgram's shape."""
    server = await start_server(**settings)

    response = await server.client.get("/v1/listen", params={**RAW, **parameters})

    assert response.status == 400
    body = await response.json()
    assert body["err_code"] == "INVALID_QUERY_PARAMETER"
    assert body["err_msg"] == response.headers["dg-error"] == problem
