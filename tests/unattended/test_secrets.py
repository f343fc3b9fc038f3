"""What is said, and what opens the door, is nowhere but between a client and lwd."""

import asyncio
import json
import signal
from pathlib import Path

import aiohttp
import pytest

from lwd.asr.scripted import Script
from tests.unattended.conftest import RAW, StartDaemon, call, get

SAID = ("xylograph", "quixotic", "zephyrine", "obelisk")
KEY = "sentinelkeyabcdef0123456789"
TAG = "sentinelvalue"
SENTINELS = (*SAID, "sentinel")


def leaks(text: str) -> list[str]:
    """The sentinels that stand in a text."""
    return [word for word in SENTINELS if word in text.lower()]


async def test_nothing_said_and_no_key_leaves_by_logs_metrics_or_errors(
    start_daemon: StartDaemon, config_file: Path, voice: bytes
) -> None:
    """At the log level debug, through streams, faults, refusals, a reload and the stop."""
    config_file.write_text(f"auth: {{keys: [{KEY}]}}\ncallback: {{enabled: true}}\n")
    daemon = start_daemon(Script(words=SAID), LWD_LOG__LEVEL="debug", LWD_SERVER__DRAIN_S="0")
    url = f"http://127.0.0.1:{daemon.port}/v1/listen"
    refusals: list[str] = []
    params = {
        "keyterm": TAG,
        "search": TAG,
        "replace": f"{TAG}:{TAG}",
        "tag": TAG,
        "extra": f"{TAG}:{TAG}",
        "language": "en",
        TAG: TAG,
        "callback": f"http://127.0.0.1:1/{TAG}?{TAG}={TAG}",
    }
    headers = {"Authorization": f"Token {KEY}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        plain = {name: value for name, value in params.items() if name != "callback"}
        caller = await call(session, daemon, **plain)
        await caller.socket.send_bytes(voice)
        await caller.socket.send_str(json.dumps({"type": TAG, "text": TAG}))
        await caller.socket.send_str(json.dumps({"type": "Configure", "keyterms": [TAG]}))
        assert await caller.finish() == 1000
        assert caller.finals.startswith(" ".join(SAID))

        broken = await session.ws_connect(url, params={"tag": TAG}, headers=headers)
        await broken.send_bytes(f"RIFF{TAG}".encode() * 500_000)
        await broken.close()

        for query in ({**RAW, **params}, {**RAW, "encoding": TAG}, {**RAW, "language": TAG}):
            async with session.get(url, params=query) as answer:
                refusals.append(str(answer.headers) + await answer.text())
        async with aiohttp.ClientSession() as stranger:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await stranger.ws_connect(url, headers={"Authorization": f"Token {KEY}wrong"})
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await stranger.ws_connect(url, protocols=["token", f"{KEY}wrong"])
        reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
        writer.write(f"{KEY} {TAG}\r\nAuthorization: {KEY}\r\n\r\n".encode())
        await reader.read()
        writer.close()

        config_file.write_text(f"auth: {{keys: [{KEY}, {{{KEY}: 1}}]}}\n")
        daemon.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(daemon.await_event, "reload_refused")
        paths = ("/metrics", "/healthz", "/readyz", "/livez")
        pages = [(await get(session, daemon, path))[1] for path in paths]

    assert daemon.stop(signal.SIGTERM) == 0
    events = {json.loads(line)["event"] for line in daemon.log}
    assert events >= {"stream_ended", "rejected", "reload_refused", "library_message", "stopped"}
    assert [line for line in daemon.log if leaks(line)] == []
    assert [page for page in pages if leaks(page)] == []
    # As at Deepgram, a client is shown what it wrote itself, but for keys.
    assert [refusal for refusal in refusals if KEY in refusal] == []
