"""Who is let in, with which credentials, and what the others are told."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from aiohttp import ClientResponse
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from httpx import AsyncClient
from structlog.testing import capture_logs

from lwd.auth.keyfile import update_keys
from lwd.auth.keys import Key, fingerprint, new_secret
from tests.server.conftest import KEY, RAW, UPGRADE, Server, StartServer, refused

GRANT = "/v1/auth/grant"


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """A keys file that does not exist yet."""
    return tmp_path / "keys.json"


def put(path: Path, **fields: Any) -> str:
    """Add a key to the file, or put it in the place of that with its id; return the secret."""
    secret = new_secret()
    key = Key(**{"id": "desk", "sha256": fingerprint(secret), **fields})
    update_keys(path, lambda keys: (*(other for other in keys if other.id != key.id), key))
    return secret


async def handshake(server: Server, **headers: str) -> ClientResponse:
    """Ask for a stream and let it go at once."""
    response = await server.client.get("/v1/listen", params=RAW, headers={**UPGRADE, **headers})
    response.close()
    return response


async def whole_stream(server: Server, headers: dict[str, str]) -> None:
    """A stream from its handshake to its last log line."""
    runner = server.client.server.runner
    assert runner
    assert runner.server
    # Unlike the daemon's, the test server cancels the handler of a client that has gone.
    runner.server.handler_cancellation = False
    async with asyncio.timeout(20):
        async with server.client.ws_connect("/v1/listen", params=RAW, headers=headers) as socket:
            await socket.send_str('{"type":"CloseStream"}')
            await socket.receive()
        await server.streams.wait_empty()


async def asked(server: Server, secret: str | None, body: bytes = b"") -> ClientResponse:
    """The answer to a request for a token."""
    headers = {"Authorization": f"Token {secret}"} if secret else {}
    response = await server.client.post(GRANT, data=body, headers=headers)
    await response.read()
    return response


async def raw_refusal(response: ClientResponse) -> tuple[int, str]:
    """Status and text of a refusal, its request id replaced, whose headers agree with it."""
    text = await response.text()
    request_id = response.headers["dg-request-id"]
    assert UUID(request_id)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["dg-error"] == json.loads(text)["err_msg"]
    return response.status, text.replace(request_id, "ID")


def body_of(err_code: str, err_msg: str) -> str:
    """The text of a refusal, its request id replaced."""
    return f'{{"err_code":"{err_code}","err_msg":"{err_msg}","request_id":"ID"}}'


UNAUTHORIZED = (401, body_of("INVALID_AUTH", "Invalid credentials."))
OUT_OF_BOUNDS = "Invalid 'ttl_seconds' value of '3601'; expected a number from 1 to 3600."
FOREIGN = (
    "Forbidden: {} '{}' is not this machine, and lwd asks for no key; "
    "add it to server.allowed_{}, or configure a key"
)


async def test_a_key_is_accepted_in_every_form(start_server: StartServer) -> None:
    """Every SDK's way to present a key; of a sub-protocol the scheme comes back as offered."""
    server = await start_server(auth__keys=["another", KEY])
    for scheme in ("Token", "token", "Bearer", "bearer"):
        response = await handshake(server, Authorization=f"{scheme} {KEY}")

        assert response.status == 101
        assert UUID(response.headers["dg-request-id"])
        assert "Sec-WebSocket-Extensions" not in response.headers
        assert "Sec-WebSocket-Protocol" not in response.headers

    session = f"x-deepgram-session-id,{UUID(int=1)}"
    for offered, echoed in (
        (f"token, {KEY}", "token"),
        (f"bearer,{KEY}", "bearer"),
        (f"Token,{KEY}", "Token"),
        (f"token,{KEY},{session}", "token"),
        (f"custom,{session},bearer,{KEY}", "bearer"),
    ):
        response = await handshake(server, **{"Sec-WebSocket-Protocol": offered})

        assert response.status == 101
        assert response.headers["Sec-WebSocket-Protocol"] == echoed


async def test_a_wrong_key_is_refused(start_server: StartServer) -> None:
    """401 with the same body whatever is wrong, and the key is not repeated."""
    server = await start_server(auth__keys=[KEY])
    for headers in (
        {},
        {"Authorization": "Token wrong"},
        {"Authorization": "Token"},
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Token {KEY.upper()}"},
        {"Authorization": f"Token {KEY}{KEY}"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJhY2Nlc3NvciI6ImF1dGgua2V5cy4wIn0."},
        {"Sec-WebSocket-Protocol": f"{KEY}, token"},
        {"Sec-WebSocket-Protocol": "token"},
    ):
        response = await server.client.get("/v1/listen", params=RAW, headers={**UPGRADE, **headers})

        assert await raw_refusal(response) == UNAUTHORIZED
        assert response.headers["Content-Length"] == "112"  # as captured from Deepgram


async def test_a_key_in_the_query_is_none(start_server: StartServer) -> None:
    """Addresses end up in the logs of proxies, so no key is taken from one."""
    server = await start_server(auth__keys=[KEY])

    status, _ = await refused(server, {**RAW, "token": KEY})

    assert status == 401


async def test_parameters_are_checked_before_the_key(start_server: StartServer) -> None:
    """As Deepgram does: a 400 with a bad key stays a 400."""
    server = await start_server(auth__keys=[KEY])

    status, _ = await refused(server, {"encoding": "linear16"})

    assert status == 400


async def test_keys_of_the_file_come_and_go(start_server: StartServer, keys_file: Path) -> None:
    """What `lwd keys` does to the file holds for the next stream, without a restart."""
    first = put(keys_file)
    server = await start_server(auth__keys_file=str(keys_file), auth__keys=[KEY])

    async def status(secret: str) -> int:
        return (await handshake(server, Authorization=f"Token {secret}")).status

    assert [await status(secret) for secret in (first, KEY, "")] == [101, 101, 401]
    second = put(keys_file, id="second")
    assert [await status(secret) for secret in (first, second)] == [101, 101]
    put(keys_file, sha256=fingerprint(first), disabled=True)
    assert [await status(secret) for secret in (first, second)] == [401, 101]
    put(keys_file, sha256=fingerprint(first), expires=datetime.now(UTC) - timedelta(seconds=1))
    assert [await status(secret) for secret in (first, second)] == [401, 101]
    put(keys_file, sha256=fingerprint(first), expires=datetime.now(UTC) + timedelta(hours=1))
    assert [await status(secret) for secret in (first, second)] == [101, 101]


async def test_the_log_names_the_key_by_its_id(start_server: StartServer, keys_file: Path) -> None:
    """An operator sees whose stream it was, and whose was refused; nobody sees the key."""
    secret = put(keys_file)
    server = await start_server(auth__keys_file=str(keys_file))

    with capture_logs() as logs:
        headers = {"Authorization": f"Token {secret}"}
        await whole_stream(server, headers)
        await refused(server, RAW)
        put(keys_file, sha256=fingerprint(secret), disabled=True)
        await refused(server, RAW, {**UPGRADE, **headers})

    named = [(line["event"], line["key_id"]) for line in logs if "key_id" in line]
    assert named == [
        ("stream_started", "desk"),
        ("stream_ended", "desk"),
        ("rejected", None),
        ("rejected", "desk"),
    ]
    assert secret not in str(logs)


async def test_a_token_opens_a_stream(start_server: StartServer, keys_file: Path) -> None:
    """A page gets a token from its own server, and connects with it in either of two ways."""
    secret = put(keys_file, created=datetime(2026, 1, 2, tzinfo=UTC))
    server = await start_server(auth__keys_file=str(keys_file))

    with capture_logs() as logs:
        response = await asked(server, secret)

    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    assert UUID(response.headers["dg-request-id"])
    text = await response.text()
    token = json.loads(text)["access_token"]
    assert text == f'{{"access_token":"{token}","expires_in":30}}'
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["accessor"], claims["created"]) == ("desk", "2026-01-02T00:00:00Z")
    [line] = logs
    assert (line["event"], line["key_id"], line["ttl_s"]) == ("token_granted", "desk", 30)
    assert token not in str(logs)

    for scheme in ("Bearer", "bearer"):
        assert (await handshake(server, Authorization=f"{scheme} {token}")).status == 101
        response = await handshake(server, **{"Sec-WebSocket-Protocol": f"{scheme}, {token}"})
        assert (response.status, response.headers["Sec-WebSocket-Protocol"]) == (101, scheme)


async def test_the_sdk_gets_and_uses_a_token(start_server: StartServer) -> None:
    """Deepgram's SDK for Python, unmodified: it asks with a key, and connects with the token."""
    server = await start_server(auth__keys=[KEY])
    http, ws = (f"{scheme}://127.0.0.1:{server.client.port}" for scheme in ("http", "ws"))
    environment = DeepgramClientEnvironment(base=http, production=ws, agent=ws, agent_rest=http)

    async with AsyncClient() as http_client:
        client = AsyncDeepgramClient(api_key=KEY, environment=environment, httpx_client=http_client)
        granted = await client.auth.v1.tokens.grant(ttl_seconds=60)
    assert granted.expires_in == 60

    client = AsyncDeepgramClient(access_token=granted.access_token, environment=environment)
    async with client.listen.v1.connect(model="nova-3", **RAW):
        assert len(server.streams.open) == 1


async def test_a_token_is_as_good_as_its_key(start_server: StartServer, keys_file: Path) -> None:
    """It ends with a key that is replaced, disabled or removed, and gives no further token."""
    secret = put(keys_file)
    server = await start_server(auth__keys_file=str(keys_file))
    token = (await (await asked(server, secret)).json())["access_token"]

    async def status() -> int:
        return (await handshake(server, Authorization=f"Bearer {token}")).status

    assert await status() == 101
    assert await raw_refusal(await asked(server, token)) == (
        403,
        body_of("FORBIDDEN", "Insufficient permissions."),
    )
    put(keys_file, generation=1)
    assert await status() == 401
    put(keys_file, sha256=fingerprint(secret))
    assert await status() == 101
    put(keys_file, sha256=fingerprint(secret), disabled=True)
    assert await status() == 401
    update_keys(keys_file, lambda _: ())
    assert await status() == 401


async def test_bodies_of_a_grant(start_server: StartServer) -> None:
    """What SDKs send is understood, what is wrong is named, and strangers are not read at all."""
    server = await start_server(auth__keys=[KEY])

    for body, expires_in in ((b"", 30), (b"{}", 30), (b'{"ttl_seconds": 3600}', 3600)):
        answer = await (await asked(server, KEY, body)).json()
        assert answer["expires_in"] == expires_in
        assert isinstance(answer["expires_in"], int)

    unreadable = "Content-type was application/json, but we could not process the JSON payload."
    for body in (b"{", b"[]", b" " * 4097, b" " * 65_536):
        assert await raw_refusal(await asked(server, KEY, body)) == (
            400,
            body_of("Bad Request", unreadable),
        )
    assert await raw_refusal(await asked(server, KEY, b'{"ttl_seconds":3601}')) == (
        400,
        body_of("Bad Request", OUT_OF_BOUNDS),
    )
    assert await raw_refusal(await asked(server, "wrong", b"{")) == UNAUTHORIZED
    assert await raw_refusal(await asked(server, None)) == UNAUTHORIZED


async def test_a_keys_file_without_keys_opens_to_nobody(
    start_server: StartServer, keys_file: Path
) -> None:
    """An operator who takes the last key away has not opened the door."""
    update_keys(keys_file, lambda _: ())
    server = await start_server(auth__keys_file=str(keys_file))

    status, body = await refused(server, RAW)

    assert (status, body["err_code"]) == (401, "INVALID_AUTH")


async def test_without_keys_anything_is_a_key(server: Server) -> None:
    """SDKs insist on a key, so any is taken, and tokens are given to whoever wants one."""
    token = (await (await asked(server, None)).json())["access_token"]

    for secret in (None, "any", token):
        headers = {"Authorization": f"Token {secret}"} if secret else {}
        assert (await handshake(server, **headers)).status == 101
    response = await handshake(server, **{"Sec-WebSocket-Protocol": "Token, any"})
    assert response.headers["Sec-WebSocket-Protocol"] == "Token"


async def test_without_keys_pages_of_other_sites_are_refused(start_server: StartServer) -> None:
    """A browser's page can neither connect nor get a token, and the answer says what to do."""
    server = await start_server(
        server__allowed_hosts=["lwd.example"], server__allowed_origins=["https://app.example"]
    )
    host, origin = {"Host": "evil.example:9000"}, {"Origin": "https://evil.example"}
    for headers, header, remedy in ((host, "Host", "hosts"), (origin, "Origin", "origins")):
        with capture_logs() as logs:
            listen = await server.client.get("/v1/listen", params=RAW, headers=UPGRADE | headers)
            grant = await server.client.post(GRANT, headers=headers)
        for response in (listen, grant):
            assert await raw_refusal(response) == (
                403,
                body_of("FORBIDDEN", FOREIGN.format(header, headers[header], remedy)),
            )
        assert [line["reason"] for line in logs] == [header.lower()] * 2

    named = {"Host": "LWD.example", "Origin": "https://app.example"}
    assert (await handshake(server, **named)).status == 101
    assert (await handshake(server, Origin="http://localhost:3000")).status == 101


async def test_with_keys_any_page_may_try(start_server: StartServer) -> None:
    """A page needs a key then, which no browser adds by itself."""
    server = await start_server(auth__keys=[KEY])
    headers = {"Host": "evil.example", "Origin": "https://evil.example"}

    assert (await handshake(server, **headers, Authorization=f"Token {KEY}")).status == 101
    assert (await handshake(server, **headers)).status == 401


async def test_the_metrics_tell_of_the_keys_file_as_it_is(
    start_server: StartServer, keys_file: Path
) -> None:
    """An alert begins and ends though no client comes."""
    put(keys_file, id="desk")
    set_mode = keys_file.chmod
    server = await start_server(auth__keys_file=str(keys_file), auth__keys=[KEY])

    async def broken() -> str:
        shown = await (await server.ops.get("/metrics")).text()
        [line] = [one for one in shown.splitlines() if one.startswith("lwd_keys_file_broken ")]
        return line.split()[1]

    set_mode(0o644)
    assert await broken() == "1.0"
    health = await (await server.ops.get("/healthz")).json(content_type=None)
    assert health["status"] == "warn"
    [check] = health["checks"]["lwd:keys"]
    headers = {"Authorization": f"Token {KEY}"}
    operations = await server.client.get("/v1/status/operations", headers=headers)
    assert (await operations.json())["concerns"] == [check["output"]]
    set_mode(0o600)
    assert await broken() == "0.0"
