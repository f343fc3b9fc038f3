"""A page that asks why its stream was refused does not count as refused once more."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from lwd import metrics
from lwd.server import question
from tests.server.conftest import KEY, RAW, UPGRADE, Server, StartServer

WITH_KEY = {"Authorization": f"Token {KEY}"}
WRONG_KEY = {"Authorization": "Token wrong"}
BAD = {"endpointing": "soon"}


def refusals() -> float:
    """How many requests were refused, whatever for."""
    return sum(value for _, _, value in metrics.read(metrics.STREAMS_REJECTED))


async def asked(
    server: Server, params: dict[str, str], headers: dict[str, str]
) -> tuple[int, str, float]:
    """Status and id of the answer, and how many refusals it counted for."""
    before = refusals()
    response = await server.client.get("/v1/listen", params=params, headers=headers)
    return response.status, response.headers["dg-request-id"], refusals() - before


@pytest.fixture
async def guarded(start_server: StartServer) -> Server:
    """A server that asks for a key."""
    return await start_server(auth__keys=[KEY])


@pytest.mark.parametrize(
    ("params", "protocols", "headers", "status"),
    [
        (BAD, ["token", KEY], WITH_KEY, 400),
        (RAW, ["token", "wrong"], WRONG_KEY, 401),
        (RAW, [], {}, 401),
    ],
)
async def test_a_question_is_no_refusal(
    guarded: Server,
    params: dict[str, str],
    protocols: list[str],
    headers: dict[str, str],
    status: int,
) -> None:
    """It is answered alike, under the stream's own id, which is listed and logged once."""
    upgrade = UPGRADE | ({"Sec-WebSocket-Protocol": ", ".join(protocols)} if protocols else {})
    with capture_logs() as logs:
        refused = await asked(guarded, params, upgrade)
        question = await asked(guarded, params, headers)

    assert refused == (status, refused[1], 1)
    assert question == (status, refused[1], 0)
    assert [line["request_id"] for line in logs] == [refused[1]]
    listing = await guarded.client.get("/v1/status/rejections", headers=WITH_KEY)
    listed: dict[str, Any] = await listing.json()
    assert [one["request_id"] for one in listed["rejections"]] == [refused[1]]


async def test_each_refusal_has_one_question(guarded: Server) -> None:
    """Whoever goes on without an upgrade is counted."""
    for _ in range(2):
        await asked(guarded, RAW, UPGRADE | WRONG_KEY)
        assert [(await asked(guarded, RAW, WRONG_KEY))[2] for _ in range(3)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("params", "headers"),
    [
        (RAW, {"Authorization": "Token wrong2"}),
        (RAW, {}),
        (BAD, WRONG_KEY),
        (RAW, UPGRADE | WRONG_KEY),
    ],
)
async def test_another_request_is_no_question(
    guarded: Server, params: dict[str, str], headers: dict[str, str]
) -> None:
    """Keys that are tried out are counted, each of them, and so are streams."""
    await asked(guarded, RAW, UPGRADE | WRONG_KEY)

    assert (await asked(guarded, params, headers))[2] == 1


async def test_another_address_asks_no_question(start_server: StartServer) -> None:
    """Its requests are its own, however alike."""
    server = await start_server(auth__keys=[KEY], server__trusted_proxies=["127.0.0.0/8"])
    await asked(server, RAW, {**UPGRADE, "X-Forwarded-For": "198.51.100.1"})

    assert (await asked(server, RAW, {"X-Forwarded-For": "198.51.100.2"}))[2] == 1
    assert (await asked(server, RAW, {"X-Forwarded-For": "198.51.100.1"}))[2] == 0


async def test_a_late_question_is_a_refusal(
    guarded: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks a minute later why."""
    await asked(guarded, RAW, UPGRADE)
    monkeypatch.setattr(question, "age_s", lambda _: 61.0)

    assert (await asked(guarded, RAW, {}))[2] == 1


async def test_only_the_latest_refusals_are_kept(guarded: Server) -> None:
    """However many there are."""
    for n in range(101):
        await asked(guarded, {"endpointing": f"x{n}"}, UPGRADE)

    assert (await asked(guarded, {"endpointing": "x0"}, {}))[2] == 1
    assert (await asked(guarded, {"endpointing": "x1"}, {}))[2] == 0


async def test_questions_are_as_many_as_handshakes_may_be(start_server: StartServer) -> None:
    """The brake on whoever tries out keys holds for them too."""
    server = await start_server(auth__keys=[KEY], limits__address_handshakes_per_minute=2)
    statuses = []
    for n in range(2):
        wrong = {"Authorization": f"Token wrong{n}"}
        statuses += [(await asked(server, RAW, UPGRADE | wrong))[0]]
        statuses += [(await asked(server, RAW, wrong))[0]]

    assert statuses == [401, 401, 429, 429]
