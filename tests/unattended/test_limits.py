"""A daemon that has less than it would like."""

import asyncio
import contextlib
import resource
import socket

import aiohttp
import pytest

from tests.unattended.conftest import StartDaemon, call, get, metric

pytestmark = pytest.mark.ops


async def test_few_open_files_are_a_clear_refusal(start_daemon: StartDaemon, voice: bytes) -> None:
    """Under `ulimit -n 64` too many connections get 503; those that are in are served."""
    daemon = start_daemon(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    warned = [line for line in daemon.log if '"few_files"' in line]
    assert len(warned) == 1
    async with aiohttp.ClientSession() as session, contextlib.AsyncExitStack() as stack:
        caller = await call(session, daemon)
        limit = int(await metric(session, daemon, "lwd_connections_limit"))
        assert 10 <= limit < 64
        idle = [await connect(stack, daemon.port) for _ in range(limit + 7)]

        answers = await asyncio.gather(*map(ask, idle))

        assert answers.count(b"HTTP/1.1 200 OK") == limit - 1
        assert answers.count(b"HTTP/1.1 503 Service Unavailable") == 8
        await caller.socket.send_bytes(voice)
        assert await caller.finish() == 1000
        assert caller.finals.startswith("word0")
        assert (await get(session, daemon, "/livez"))[0] == 200
        assert await metric(session, daemon, "lwd_connections_refused_total") == 8


async def connect(
    stack: contextlib.AsyncExitStack, port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that is open until the test is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, family=socket.AF_INET)
    stack.callback(writer.close)
    return reader, writer


async def ask(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bytes:
    """The first line of the answer to a request."""
    reader, writer = connection
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return (await reader.readline()).strip()
