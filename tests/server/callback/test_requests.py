"""Results by HTTP: what a receiver gets, and what happens when it does not take them."""

import asyncio
import contextlib
import time

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from tests.server.callback.conftest import Answer, Count, MakeSite, Site, outcomes


async def never(_: web.Request) -> web.StreamResponse:
    """Take a request and say nothing."""
    await asyncio.Event().wait()
    raise AssertionError


async def endless(request: web.Request) -> web.StreamResponse:
    """Say 200, and then go on for as long as anybody listens."""
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(bytes(1 << 20))
    return response


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
async def test_each_message_is_a_request_in_order(site: Site, method: str) -> None:
    """The body is the message, its type JSON, and the header `dg-token` names the key."""
    texts = [f'{{"type":"Results","n":{n},"text":"é"}}' for n in range(20)]
    delivered = outcomes("delivered")

    async with site.callback(method=method) as callback:
        for text in texts:
            callback.send(text, is_interim=False)

    assert site.receiver.bodies == texts
    for request in site.receiver.requests:
        assert request.method == method
        assert request.path_qs == "/secret-path?secret=query"
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["dg-token"] == "the-key-id"
    assert int(delivered) == 20


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_a_receiver_that_recovers_misses_nothing(site: Site, status: int) -> None:
    """A message is tried again until it is taken, and those after it wait."""
    site.receiver.answers = [status, status, 204]
    retries = Count("lwd_callback_retries_total")

    async with site.callback() as callback:
        for text in "ab":
            callback.send(text, is_interim=False)

    assert site.receiver.bodies == ["a", "a", "a", "b"]
    assert int(retries) == 2


@pytest.mark.parametrize("status", [300, 304, 400, 404])
async def test_an_answer_that_stays_is_not_asked_for_again(site: Site, status: int) -> None:
    """What is refused for good is given up at once, and the next message has its chance."""
    site.receiver.answers = [status, status]
    refused, delivered = outcomes("refused"), outcomes("delivered")

    with capture_logs() as logs:
        async with site.callback() as callback:
            for text in "abc":
                callback.send(text, is_interim=False)

    assert site.receiver.bodies == ["a", "b", "c"]
    assert (int(refused), int(delivered)) == (2, 1)
    [line] = logs
    assert line["event"] == "callback_failed"
    assert (line["host"], line["reason"]) == ("127.0.0.1", "refused")
    assert "secret" not in str(line)


@pytest.mark.parametrize(("answer", "timeout_s"), [(503, 60), (never, 60), (never, 0.1)])
async def test_a_dead_receiver_is_given_up_in_time(
    site: Site, answer: int | Answer, timeout_s: float
) -> None:
    """However many messages wait, the last is given up `give_up_s` after it was made."""
    site.receiver.always = answer
    began_s = time.monotonic()

    with capture_logs() as logs:
        async with site.callback(timeout_s=timeout_s, give_up_s=0.3) as callback:
            for n in range(50):
                callback.send(str(n), is_interim=False)

    assert 0.25 < time.monotonic() - began_s < 30
    assert set(site.receiver.bodies) < set(map(str, range(50)))
    reasons = [line["reason"] for line in logs]
    assert len(reasons) == len(set(reasons))
    assert "expired" in reasons


async def test_no_receiver_is_told_apart(site: Site) -> None:
    """A port on which nobody listens is `unreachable`."""
    unreachable = outcomes("unreachable")

    async with site.callback("http://127.0.0.1:9/", ports=(9,), give_up_s=0.5) as callback:
        callback.send("a", is_interim=False)

    assert int(unreachable) == 1


async def test_the_reason_is_that_of_the_last_whole_attempt(site: Site) -> None:
    """The attempt that a message's end cuts short says nothing of the receiver."""
    unavailable = outcomes("unavailable")
    site.receiver.answers = [503]
    site.receiver.always = never

    async with site.callback(timeout_s=60, give_up_s=0.5) as callback:
        callback.send("a", is_interim=False)

    assert int(unavailable) == 1


async def test_a_slow_receiver_costs_interims_first(site: Site) -> None:
    """Nothing waits for it, and what does not fit is dropped and counted."""
    release = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    site.receiver.always = slow
    dropped = outcomes("dropped")
    async with site.callback(queue_messages=4) as callback:
        callback.send("at the receiver", is_interim=False)
        await site.receiver.arrived.wait()
        for n in range(10):
            callback.send(f"interim {n}", is_interim=True)
        for n in range(10):
            callback.send(f"final {n}", is_interim=False)
        release.set()

    assert site.receiver.bodies == [
        "at the receiver",
        "interim 0",
        "interim 1",
        "final 0",
        "final 1",
    ]
    assert int(dropped) == 16


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(site: Site, make_site: MakeSite, status: int) -> None:
    """Neither the message nor the key's name goes anywhere else."""
    other = await make_site()

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": other.url()})

    site.receiver.always = elsewhere
    redirected = outcomes("redirected")

    async with site.callback(ports=(site.port, other.port)) as callback:
        callback.send("a", is_interim=False)

    assert site.receiver.bodies == ["a"]
    assert other.receiver.requests == []
    assert int(redirected) == 1


async def test_an_answer_is_not_read(site: Site) -> None:
    """An endless answer is hung up on, and holds nothing up."""
    site.receiver.answers = [endless]

    async with asyncio.timeout(10):
        async with site.callback() as callback:
            for text in "ab":
                callback.send(text, is_interim=False)

    assert site.receiver.bodies == ["a", "b"]


async def test_cookies_are_not_kept(site: Site) -> None:
    """A receiver learns nothing by setting one."""

    async def with_cookie(_: web.Request) -> web.StreamResponse:
        return web.Response(headers={"Set-Cookie": "a=b"})

    site.receiver.always = with_cookie

    async with site.callback(f"http://localhost:{site.port}/") as callback:
        for text in "ab":
            callback.send(text, is_interim=False)

    assert site.receiver.bodies == ["a", "b"]
    assert not any("Cookie" in request.headers for request in site.receiver.requests)


async def test_proxies_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would look names up itself, and connect for lwd to what lwd may not reach."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    async with site.callback() as callback:
        callback.send("a", is_interim=False)

    assert site.receiver.bodies == ["a"]


async def test_a_certificate_must_be_valid(make_site: MakeSite) -> None:
    """Nobody in between reads along."""
    site = await make_site(tls=True)
    untrusted = outcomes("tls")

    async with site.callback(site.url("https")) as callback:
        callback.send("a", is_interim=False)

    assert site.receiver.requests == []
    assert int(untrusted) == 1


async def test_a_stream_that_is_killed_does_not_wait(site: Site) -> None:
    """When lwd is told to stop twice, what is left is not delivered."""
    site.receiver.always = never

    callback = site.callback()

    async def stream() -> None:
        async with callback:
            callback.send("a", is_interim=False)

    running = asyncio.create_task(stream())
    await site.receiver.arrived.wait()
    running.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait({running})

    assert running.cancelled()
    assert callback.delivery.cancelled()
