"""A receiver of callbacks, and callbacks that may reach it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lwd.config import CallbackConfig
from lwd.metrics import REGISTRY
from lwd.server.callback import Callback, Callbacks, requests

SELF_SIGNED = Path(__file__).parent / "self_signed.pem"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """A server on loopback that keeps what it is sent; `answers` are for its next requests."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[str] = []
        self.answers: list[int | Answer] = []
        self.always: int | Answer = 200
        self.arrived = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Keep a request and answer it."""
        self.requests.append(request)
        self.bodies.append(await request.text())
        self.arrived.set()
        answer = self.answers.pop(0) if self.answers else self.always
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request)


class Site:
    """Where a receiver listens."""

    def __init__(self, server: TestServer, receiver: Receiver) -> None:
        self.receiver = receiver
        self.port = server.port or 0
        self._server = server

    def url(self, scheme: str = "http", host: str = "127.0.0.1") -> str:
        """The URL to name as `callback`; its path and query are secrets."""
        return f"{scheme}://{host}:{self.port}/secret-path?secret=query"

    def callback(
        self, url: str | None = None, method: str = "POST", **settings: object
    ) -> Callback:
        """A callback that may reach this site."""
        allowed = {"ports": (self.port,), "allow_networks": ("127.0.0.0/8",), **settings}
        callbacks = Callbacks(CallbackConfig.model_validate({"enabled": True, **allowed}))
        target = callbacks.check(url or self.url())
        callback = callbacks.open(target, method, UUID(int=1), "the-key-id")
        assert callback
        return callback


MakeSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def make_site() -> AsyncIterator[MakeSite]:
    """Start receivers; with `tls` they have a certificate that nobody has signed."""
    servers = []

    async def make(*, tls: bool = False) -> Site:
        receiver = Receiver()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", receiver.handle)
        server = TestServer(app, scheme="https" if tls else "http", host="127.0.0.1")
        context = None
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(SELF_SIGNED)
        await server.start_server(ssl=context)
        servers.append(server)
        return Site(server, receiver)

    yield make
    for server in servers:
        await server.close()


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    """A receiver that listens on loopback."""
    return await make_site()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once, as far as a test can tell."""
    monkeypatch.setattr(requests, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(requests, "_LONGEST_PAUSE_S", 0.01)


class Count:
    """How often a counter grew since this was made."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name = name
        self._labels = labels
        self._before = self._now

    @property
    def _now(self) -> float:
        return REGISTRY.get_sample_value(self._name, self._labels) or 0.0

    def __int__(self) -> int:
        return round(self._now - self._before)


def outcomes(outcome: str) -> Count:
    """How many messages have this outcome from now on."""
    return Count("lwd_callback_messages_total", outcome=outcome)
