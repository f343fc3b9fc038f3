"""Chromium without a window, which hears a recording through its fake microphone.

Knows the three commands of its debugger that a page needs.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse
from chromium import chromium, recording

_START_S = 60.0


class Page:
    """An open page."""

    def __init__(self, debugger: ClientWebSocketResponse) -> None:
        self._debugger = debugger
        self._n_sent = 0

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        self._n_sent += 1
        parameters = {"expression": expression, "userGesture": True, "returnByValue": True}
        await self._debugger.send_json(
            {"id": self._n_sent, "method": "Runtime.evaluate", "params": parameters}
        )
        while (answer := await self._debugger.receive_json()).get("id") != self._n_sent:
            pass
        return answer["result"]["result"].get("value")


@asynccontextmanager
async def opened(url: str, microphone: Path, profile: Path) -> AsyncIterator[Page]:
    """Open a page that may record `microphone`, a WAV file; raises StartError without Chromium."""
    process = await asyncio.create_subprocess_exec(
        chromium(), *_flags(microphone, profile), url, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with ClientSession() as session:
            address = await _debugger_address(session, process.stderr, url)
            async with session.ws_connect(address, max_msg_size=0) as debugger:
                yield Page(debugger)
    finally:
        process.kill()
        await process.wait()


async def _debugger_address(session: ClientSession, log: Any, url: str) -> str:
    async with asyncio.timeout(_START_S):
        while not (match := re.search(rb"listening on ws://([^/]+)/", await log.readline())):
            pass
        while True:
            async with session.get(f"http://{match[1].decode()}/json/list") as answer:
                for target in await answer.json():
                    if target["url"] == url:
                        return str(target["webSocketDebuggerUrl"])
            await asyncio.sleep(0.1)


def _flags(microphone: Path, profile: Path) -> list[str]:
    return [
        *recording(microphone),
        "--headless",
        "--disable-gpu",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
    ]
