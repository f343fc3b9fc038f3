"""A client is installed, talks to lwd, and is turned away by it."""

import asyncio
from pathlib import Path
from secrets import token_hex

from clients.lineup import Client
from clients.process import Command, driver
from clients.scenario import REJECTED_KEY, Conversation, converse, is_rejected
from clients.server import Server
from clients.table import Row
from environment import Unavailable

_KEY_BYTES = 20


def any_key() -> str:
    """A new key of forty hex digits, as Deepgram's are."""
    return token_hex(_KEY_BYTES)


def tried(name: str, client: Client, root: Path, server: Server) -> Row:
    """What came of a client, whose environment is under `root`."""
    try:
        command = client.kit.install(root / name)
    except Unavailable as error:
        return Row(name, failure=str(error))
    return asyncio.run(_talk(name, client, command, server))


async def _talk(name: str, client: Client, command: Command, server: Server) -> Row:
    async with driver(command, server.address, server.key) as admitted:
        verdicts = await converse(
            Conversation(admitted, server, server.streams(), client.shows_metadata)
        )
    async with driver(command, server.address, any_key()) as stranger:
        verdicts[REJECTED_KEY] = await is_rejected(stranger)
    versions = [event.text for event in admitted.heard if event.kind == "client"]
    return Row(name, "".join(versions), verdicts)
