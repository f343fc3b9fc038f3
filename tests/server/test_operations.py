"""What the console shows of the daemon: its load, and why requests were refused."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from lwd import errors
from lwd.auth.keyfile import update_keys
from lwd.auth.keys import Key, fingerprint
from lwd.errors import REJECTIONS, Rejection
from lwd.server.rejections import explain
from tests.server.conftest import KEY, RAW, UPGRADE, Server, StartServer

WITH_KEY = {"Authorization": f"Token {KEY}"}
STATUS = ("/v1/status/operations", "/v1/status/rejections")


async def told(server: Server, what: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """One answer."""
    response = await server.client.get(f"/v1/status/{what}", headers=headers)
    assert response.status == 200
    body: dict[str, Any] = await response.json()
    return body


async def test_operations_follow_the_streams(start_server: StartServer, voice: bytes) -> None:
    """Open streams are listed with their key, the free ones counted, the ended ones by how."""
    server = await start_server(auth__keys=[KEY], limits__streams=3)
    before = await told(server, "operations", WITH_KEY)
    async with server.client.ws_connect("/v1/listen", params=RAW, headers=WITH_KEY) as socket:
        during = await told(server, "operations", WITH_KEY)
        await socket.send_bytes(voice[: 4 * 2 * 16_000])
        await socket.send_str('{"type":"CloseStream"}')
        async for _ in socket:
            pass
    await server.streams.wait_empty()
    after = await told(server, "operations", WITH_KEY)

    assert before["streams"] == {"open": 0, "limit": 3, "list": []}
    [stream] = during["streams"]["list"]
    assert (during["streams"]["open"], stream["key_id"]) == (1, "auth.keys.0")
    assert 0 <= stream["age_s"] < 60
    assert stream["backlog_s"] == 0
    assert after["ended"]["completed"] == before["ended"]["completed"] + 1
    assert after["latency"]["final"][-1][0] == "+Inf"
    assert after["latency"]["final"][-1][1] > before["latency"]["final"][-1][1]
    assert after["uptime_s"] > before["uptime_s"]


async def test_operations_tell_of_the_engines(server: Server) -> None:
    """Each model with how many of its engines answer, and whether streams are welcome."""
    body = await told(server, "operations")
    [model] = body["models"]

    assert (model["name"], model["engines"], model["answering"]) == ("scripted", 1, 1)
    assert model["queued"] == 0
    assert body["fault"] is None
    assert body["resident_bytes"] > 10e6
    server.streams.is_draining = True
    assert (await told(server, "operations"))["fault"] == "draining"


async def test_only_a_key_will_do(start_server: StartServer) -> None:
    """A token may be in the hands of strangers, who need not know other clients' keys' names."""
    server = await start_server(auth__keys=[KEY])
    granted = await server.client.post("/v1/auth/grant", headers=WITH_KEY)
    token = (await granted.json())["access_token"]

    for path in STATUS:
        for headers, status in (
            ({}, 401),
            ({"Authorization": "Token wrong"}, 401),
            ({"Authorization": f"Bearer {token}"}, 403),
            (WITH_KEY, 200),
        ):
            assert (await server.client.get(path, headers=headers)).status == status


async def test_pages_of_other_sites_learn_nothing(server: Server) -> None:
    """Without keys, only pages of this machine and of lwd itself."""
    for path in STATUS:
        headers = {"Origin": "https://evil.example"}
        assert (await server.client.get(path, headers=headers)).status == 403


async def test_each_rejection_has_its_reason(start_server: StartServer, tmp_path: Path) -> None:
    """The newest first, each with when, what the client got, and what helps."""
    keys = tmp_path / "keys.json"
    one = Key(id="one", sha256=fingerprint(KEY), streams=1)
    off = Key(id="off", sha256=fingerprint("off"), disabled=True)
    update_keys(keys, lambda _: (one, off))
    server = await start_server(auth__keys_file=str(keys))

    async def refused(params: dict[str, str], secret: str | None) -> str:
        headers = UPGRADE | ({"Authorization": f"Token {secret}"} if secret else {})
        response = await server.client.get("/v1/listen", params=params, headers=headers)
        return response.headers["dg-request-id"]

    async with server.client.ws_connect("/v1/listen", params=RAW, headers=WITH_KEY):
        ids = [
            await refused(RAW, None),
            await refused(RAW, "sesame"),
            await refused(RAW, "off"),
            await refused({"endpointing": "sesame"}, KEY),
            await refused(RAW, KEY),
        ]
        recent = (await told(server, "rejections", WITH_KEY))["rejections"]

    assert [one["request_id"] for one in recent] == ids[::-1]
    assert [(one["status"], one["reason"], one["key_id"]) for one in recent] == [
        (429, "key_streams", "one"),
        (400, "bad_request", None),
        (401, "auth", "off"),
        (401, "auth", None),
        (401, "auth", None),
    ]
    assert [one["why"] for one in recent] == [
        "The key has as many streams open as it may.",
        "The value of the parameter endpointing cannot be used.",
        "The key is disabled.",
        "The key is not one of lwd's, or the token is no longer good.",
        "No key was sent, and lwd asks for one.",
    ]
    assert all(one["remedy"] and one["at"].endswith("+00:00") for one in recent)
    assert recent[1]["parameter"] == "endpointing"
    assert recent[1]["remedy"] == "Expected an integer from 0 to 2147483647."


async def test_what_operators_are_refused_is_listed_too(server: Server) -> None:
    """As it is counted: the count and the list are of both ports."""
    before = (await told(server, "operations"))["rejected"]["bad_request"]
    response = await server.ops.get("/v1/listen")
    counted = (await told(server, "operations"))["rejected"]["bad_request"]
    [one] = (await told(server, "rejections"))["rejections"]

    assert counted == before + 1
    assert (one["status"], one["reason"]) == (404, "bad_request")
    assert one["request_id"] == response.headers["dg-request-id"]


async def test_no_rejection_keeps_what_was_sent(start_server: StartServer) -> None:
    """Neither keys nor values nor paths, which may hold either, are remembered."""
    server = await start_server(auth__keys=[KEY])
    secret = "f00dfacef00dface"  # noqa: S105 - what must not come back
    for path in (
        f"/v1/listen?language={secret}",
        f"/v1/listen?callback=http://{secret}.example/",
        f"/v1/listen?replace={secret}&encoding={secret}",
        f"/v1/projects/{secret}",
        f"/{secret}?token={secret}",
    ):
        headers = {"Authorization": f"Token {secret}", "Origin": f"http://{secret}"}
        with capture_logs() as logs:
            assert (await server.client.get(path, headers=headers)).status >= 400
        assert [line["event"] for line in logs] == ["rejected"]
        assert secret not in str(logs)
    answer = await server.client.get("/v1/status/rejections", headers=WITH_KEY)

    assert len((await answer.json())["rejections"]) == 5
    assert secret not in await answer.text()


async def test_the_log_says_what_and_where(server: Server) -> None:
    """The route, the parameter and what it takes; `other` is whatever lwd has nothing at."""
    with capture_logs() as logs:
        await server.client.get("/v1/listen", params={"diarize": "true"})
        await server.client.get("/v1/projects/sesame")
        await server.client.get("/sesame")

    assert [(one["route"], one["parameter"], one["remedy"]) for one in logs] == [
        (
            "/v1/listen",
            "diarize",
            "speakers are not told apart by this release; leave the parameter out",
        ),
        ("/v1/projects/{project_id}", "project_id", "expected a UUID"),
        ("other", None, None),
    ]


async def test_rejections_do_not_pile_up(server: Server) -> None:
    """The last hundred are kept."""
    for _ in range(101):
        response = await server.client.get("/v1/listen", params={"encoding": "wax"})
    recent = (await told(server, "rejections"))["rejections"]

    assert len(recent) == 100
    assert recent[0]["request_id"] == response.headers["dg-request-id"]


@pytest.mark.parametrize("reason", REJECTIONS)
def test_every_reason_is_explained(reason: str) -> None:
    """Whatever a request is refused for, its reader is told why and what helps."""
    explained = explain(Rejection(400, "CODE", "What the client is told", reason))

    assert explained.why.endswith(".")
    assert explained.remedy.endswith(".")
    assert reason == "bad_request" or explained.why != "What the client is told."


@pytest.mark.parametrize("state", ["missing", "unknown", "disabled", "expired"])
def test_every_fault_of_a_key_is_explained(state: str) -> None:
    """Each has words of its own, which the client is not told."""
    assert explain(errors.InvalidCredentials(state)).why != "Invalid credentials."
