"""How daemons are, asked of servers that are well, ill, something else, or not there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lwd.client import status as status_module
from lwd.client.figures import Figures
from lwd.client.status import Host, Status, ask_all
from lwd.errors import UsageError
from lwd.protocol.messages import rejection_body

StartServer = Callable[[web.Application], Awaitable[TestServer]]
METRICS = 'lwd_build_info{version="9"} 1.0\nlwd_streams_limit 40.0\n'
WELL = {"system_health": "Healthy", "active_stream_requests": 3}


def daemon(
    ready: tuple[int, str] = (200, "ok\n"),
    status: Mapping[str, object] = WELL,
    instance: str = "a",
) -> web.Application:
    """A daemon's pages; both of its ports in one."""

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(status=ready[0], text=ready[1], headers={"lwd-instance": instance})

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(status)

    async def engine(_: web.Request) -> web.Response:
        return web.json_response({"engine_connection_status": "Connected"})

    async def metrics(request: web.Request) -> web.Response:
        is_known = request.headers.get("Authorization", "Token key") == "Token key"
        return web.Response(text=METRICS, status=200 if is_known else 401)

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/v1/status", tell)
    app.router.add_get("/v1/status/engine", engine)
    app.router.add_get("/metrics", metrics)
    return app


async def ask(server: TestServer, key: str | None = None, timeout_s: float = 20.0) -> Status:
    """How one is, whose two ports are one."""
    [status] = await ask_all(
        [Host.parse(f"127.0.0.1:{server.port}", server.port or 0)], key, timeout_s
    )
    return status


async def test_a_daemon_that_is_well(aiohttp_server: StartServer) -> None:
    """Ready, with its streams, and what its metrics say."""
    status = await ask(await aiohttp_server(daemon()), "key")

    assert (status.state, status.reason) == ("ready", None)
    assert (status.system_health, status.engine, status.streams) == ("Healthy", "Connected", 3)
    assert (status.figures.version, status.figures.capacity) == ("9", 40)


async def test_figures_want_the_key(aiohttp_server: StartServer) -> None:
    """Without it a daemon is as well, but says less."""
    status = await ask(await aiohttp_server(daemon()), "other")

    assert (status.state, status.streams, status.figures.version) == ("ready", 3, None)


async def test_with_a_key_one_port_is_enough(
    aiohttp_server: StartServer, unused_tcp_port: int
) -> None:
    """The figures of a host whose other port cannot be reached come with its key.

    Without one it is not asked for them: it would refuse, and count that as an intruder.
    """
    seen: list[str | None] = []

    async def operations(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        if request.headers.get("Authorization") != "Token key":
            return web.json_response({"err_code": "INVALID_AUTH"}, status=401)
        document = {
            "version": "9",
            "uptime_s": 7.5,
            "streams": {"limit": 40},
            "models": [{"queued": 1}],
            "latency": {"final": []},
        }
        return web.json_response(document)

    app = daemon()
    app.router.add_get("/v1/status/operations", operations)
    server = await aiohttp_server(app)
    host = Host.parse(f"127.0.0.1:{server.port}", unused_tcp_port)

    [known] = await ask_all([host], "key", 20)
    [unknown] = await ask_all([host], None, 20)
    [refused] = await ask_all([host], "other", 20)

    assert known.figures == Figures("9", 40, 1, None, 7)
    assert (known.reason, known.is_key_refused) == (None, False)
    assert (unknown.state, unknown.figures) == ("ready", Figures())
    assert seen == ["Token key", "Token other"]
    assert unknown.is_key_refused is False
    assert unknown.reason == "no figures without --key or the right --ops-port"
    assert "the key is unknown to the server" in (refused.reason or "")
    assert (refused.state, refused.is_key_refused) == ("ready", True)


async def test_a_key_is_not_sent_in_the_clear(aiohttp_server: StartServer) -> None:
    """What goes over TLS to the clients' port does not go without it to the other."""
    seen: list[str | None] = []

    async def metrics(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(text=METRICS)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    ops = await aiohttp_server(app)
    hosts = [Host.parse(f"{scheme}://127.0.0.1:1", ops.port or 0) for scheme in ("ws", "wss")]

    for host in hosts:
        await ask_all([host], "sentinel", 20)

    assert seen == ["Token sentinel", None]


async def test_without_a_key_another_machines_metrics_are_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, aiohttp_server: StartServer
) -> None:
    """Elsewhere than on loopback they want a key."""
    server = await aiohttp_server(daemon())
    monkeypatch.setattr(status_module, "is_loopback", lambda _: False)

    assert (await ask(server)).figures == Figures()
    assert (await ask(server, "key")).figures.version == "9"


@pytest.mark.parametrize("ready", [(200, "ok\n"), (503, "an engine is starting\n")])
async def test_the_port_for_operators_is_told_as_such(
    aiohttp_server: StartServer, ready: tuple[int, str]
) -> None:
    """Who takes it for the one for clients learns which is meant."""

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(status=ready[0], text=ready[1])

    app = web.Application()
    app.router.add_get("/readyz", readyz)

    status = await ask(await aiohttp_server(app))

    assert status.state == "down"
    assert "port for operators; name the one for clients" in (status.reason or "")


@pytest.mark.parametrize(
    ("app", "state", "reason"),
    [
        (daemon((503, "draining\n")), "degraded", "draining"),
        (daemon(status={"system_health": "Degraded"}), "degraded", "system_health is Degraded"),
        (daemon(status={}), "degraded", "system_health is None"),
        (
            web.Application(),
            "down",
            "/readyz answers with status 404: no lwd, or a proxy before it",
        ),
    ],
)
async def test_a_daemon_that_is_not(
    aiohttp_server: StartServer, app: web.Application, state: str, reason: str
) -> None:
    """What is amiss is said."""
    status = await ask(await aiohttp_server(app))

    assert (status.state, status.reason) == (state, reason)


async def test_nobody_there(unused_tcp_port: int) -> None:
    """A port at which nobody listens is down, and says why."""
    [status] = await ask_all(
        [Host.parse(f"localhost:{unused_tcp_port}", unused_tcp_port)], None, 20
    )

    assert (status.state, status.reason, status.streams) == ("down", "connection refused", None)


async def test_while_models_load_operators_are_answered(
    aiohttp_server: StartServer, unused_tcp_port: int
) -> None:
    """A daemon that is starting is not taken for one that is gone."""
    ops = await aiohttp_server(daemon((503, "an engine is starting\n")))

    [status] = await ask_all([Host.parse(f"127.0.0.1:{unused_tcp_port}", ops.port or 0)], None, 20)

    assert (status.state, status.reason) == ("degraded", "an engine is starting")


async def test_one_whose_connections_are_used_up_says_so(aiohttp_server: StartServer) -> None:
    """It refuses in Deepgram's shape, of which a person wants the message alone."""
    refusal = rejection_body("Service Unavailable", "No connection is free", "1")

    status = await ask(await aiohttp_server(daemon((503, refusal))))

    assert (status.state, status.reason) == ("degraded", "No connection is free")


async def test_another_daemons_operators_are_not_its_own(
    aiohttp_server: StartServer, unused_tcp_port: int
) -> None:
    """Where a host's other daemon has the port for operators, one that is gone is down all the same."""
    other = await aiohttp_server(daemon())

    [status] = await ask_all(
        [Host.parse(f"127.0.0.1:{unused_tcp_port}", other.port or 0)], None, 20
    )

    assert (status.state, status.reason) == ("down", "connection refused")
    assert status.figures == Figures()


async def test_of_two_daemons_each_is_asked_alone(aiohttp_server: StartServer) -> None:
    """The figures of another daemon on the host are not shown as this one's, and it is said why."""
    asked, other = await aiohttp_server(daemon()), await aiohttp_server(daemon(instance="b"))

    [status] = await ask_all([Host.parse(f"127.0.0.1:{asked.port}", other.port or 0)], None, 20)

    assert (status.state, status.streams, status.figures) == ("ready", 3, Figures())
    assert "its port for operators is another daemon's" in (status.reason or "")
    assert "--ops-port" in (status.reason or "")


async def test_one_that_hangs_holds_up_no_other(aiohttp_server: StartServer) -> None:
    """All are asked at once; who does not answer in time is down."""
    forever = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await forever.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/{path:.*}", hang)
    well, hanging = await aiohttp_server(daemon()), await aiohttp_server(app)
    hosts = [Host.parse(f"127.0.0.1:{server.port}", server.port or 0) for server in (hanging, well)]

    first, second = await ask_all(hosts, None, 2.0)
    forever.set()

    assert (first.state, first.reason) == ("down", "no answer in time")
    assert second.state == "ready"


@pytest.mark.parametrize(
    ("name", "url", "ops_url"),
    [
        ("mini1", "http://mini1:9000", "http://mini1:8081"),
        ("mini1:9001", "http://mini1:9001", "http://mini1:8081"),
        ("[::1]:9001", "http://[::1]:9001", "http://[::1]:8081"),
        ("ws://mini1:9001", "http://mini1:9001", "http://mini1:8081"),
        ("wss://speech.example", "https://speech.example", "http://speech.example:8081"),
        ("https://example.org/lwd/v1/listen", "https://example.org/lwd", "http://example.org:8081"),
    ],
)
def test_hosts_are_named_as_people_do(name: str, url: str, ops_url: str) -> None:
    """A name, a name with a port, or an address as an application has it."""
    assert Host.parse(name, 8081) == Host(name, url, ops_url)


@pytest.mark.parametrize(
    "name", ["", "mini1:x", "ftp://mini1", "ws://", "mini1:0", "mini1:70000", "[::1"]
)
def test_what_is_no_host_is_refused(name: str) -> None:
    """In words that show one that is."""
    with pytest.raises(UsageError, match="expected a server such as mini1"):
        Host.parse(name, 8081)
