"""SIGHUP under load: nobody notices but those who come later."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import aiohttp

from tests.e2e.conftest import Daemon
from tests.unattended.conftest import Caller, StartDaemon, call, get, metric


async def reload(daemon: Daemon, event: str = "reloaded") -> dict[str, Any]:
    """Ask for a reload; what the log says of it."""
    daemon.process.send_signal(signal.SIGHUP)
    return await asyncio.to_thread(daemon.await_event, event)


def served_by(caller: Caller) -> str:
    """The model that a stream had, by its last message."""
    [model] = caller.heard[-1]["model_info"].values()
    return str(model["name"])


async def speak(caller: Caller, voice: bytes, stop: asyncio.Event) -> int | None:
    """Send speech, as much as is answered, until told to stop; then end the stream."""
    while not stop.is_set():
        await caller.socket.send_bytes(voice[:32_000])
        await caller.socket.send_str('{"type":"Finalize"}')
        while not (caller.heard and caller.heard[-1].pop("from_finalize", False)):
            message = await caller.socket.receive()
            assert message.type is aiohttp.WSMsgType.TEXT, (message.data, message.extra)
            caller.heard.append(message.json())
    return await caller.finish()


async def test_everything_reloadable_changes_and_no_stream_ends(
    start_daemon: StartDaemon, config_file: Path, voice: bytes
) -> None:
    """Limits, keys, level, aliases and models are new for the next stream; open ones go on."""
    # On a loaded machine a caller may wait for its answer for long, and say nothing meanwhile.
    patient = "server: {idle_timeout_s: 120, ping_interval_s: %d}\n"
    config_file.write_text(
        "model: {name: tiny.en}\nlimits: {streams: 9}\n" + patient % 10,
    )
    daemon = start_daemon()
    stop = asyncio.Event()
    async with aiohttp.ClientSession() as session:
        callers = [await call(session, daemon) for _ in range(8)]
        speaking = [asyncio.create_task(speak(caller, voice, stop)) for caller in callers]
        config_file.write_text(
            "model: {name: base, aliases: {nova-3: base}}\n"
            "limits: {streams: 10, backlog_s: 20}\n"
            "auth: {keys: [opensesame]}\n"
            "log: {level: debug}\n"
            "engine: {batch_size: 3}\n" + patient % 5
        )
        told = await reload(daemon)

        assert told["applied"] == [
            "server.ping_interval_s",
            "auth.keys",
            "limits.streams",
            "limits.backlog_s",
            "model.name",
            "model.aliases",
            "log.level",
        ]
        assert told["needs_restart"] == ["engine.batch_size"]
        assert told["models"] == ["base"]
        assert await metric(session, daemon, "lwd_config_current") == 0
        assert await metric(session, daemon, "lwd_streams_limit") == 10
        assert await metric(session, daemon, "lwd_connections_limit") == 120

        headers = {"Authorization": "Token opensesame"}
        async with aiohttp.ClientSession(headers=headers) as known:
            later = await call(known, daemon, model="nova-3")
            await later.socket.send_bytes(voice)
            assert await later.finish() == 1000
        assert served_by(later) == "base"

        assert await get(session, daemon, "/readyz") == (200, "ok\n")
        assert await metric(session, daemon, 'lwd_engine_ready{model="tiny.en",replica="0"}') == 1
        stop.set()
        assert await asyncio.gather(*speaking) == [1000] * 8
        while await metric(session, daemon, 'lwd_engine_ready{model="tiny.en",replica="0"}'):
            await asyncio.sleep(0.05)

    for caller in callers:
        assert served_by(caller) == "tiny.en"
        assert "word0" in caller.finals
    assert daemon.stop(signal.SIGTERM) == 0


async def test_a_faulty_configuration_changes_nothing(
    start_daemon: StartDaemon, config_file: Path
) -> None:
    """It is told in the log and the metrics; the daemon goes on with what it has."""
    config_file.write_text("auth: {keys: [opensesame]}\nlimits: {streams: 7}\n")
    daemon = start_daemon(LWD_SERVER__HOST="0.0.0.0")  # noqa: S104

    async with aiohttp.ClientSession() as session:
        for text, reason in [
            ("limits: {streams: 0}", "limits.streams"),
            ("limits: {streams: 8", "not YAML"),
            ("limits: {streams: 8}", "server.host"),
            ("auth: {keys: [k], keys_file: none.json}", "auth.keys_file"),
            ("auth: {keys: [k]}\nmodel: {name: tiny.en, language: fr}", "model.language"),
        ]:
            config_file.write_text(text)
            told = await reload(daemon, "reload_refused")
            assert reason in told["reason"]
            assert await metric(session, daemon, "lwd_streams_limit") == 7
        assert await metric(session, daemon, "lwd_config_current") == 0

        config_file.write_text("auth: {keys: [opensesame]}\nlimits: {streams: 8}\n")
        assert (await reload(daemon))["applied"] == ["limits.streams"]
        assert await metric(session, daemon, "lwd_config_current") == 1
