"""What the Python drivers share: orders come as lines of JSON on stdin, events go so to stdout.

It is run by the client's own environment, so it knows nothing but the standard library.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any


def tell(event: str, **facts: object) -> None:
    """Say what the client reports: `results`, `metadata`, `close` and so on; see process.py."""
    print(json.dumps({"event": event, **facts}), flush=True)


def tell_message(message: Any) -> None:
    """Say what a message of the SDK holds, read as an application reads it: by its attributes."""
    match message.type:
        case "Results":
            best = message.channel.alternatives[0]
            tell(
                "results",
                text=best.transcript,
                words=len(best.words),
                is_final=message.is_final,
                from_finalize=message.from_finalize,
            )
        case "Metadata":
            tell("metadata")
        case "Error":
            tell("error", text=message.description)


def obey(package: str, client_type: Callable[[str, str], Any]) -> None:
    """Do what stdin orders with a client for the address and the key of the command line.

    An order names one of the client's methods: `open`, `audio`, `keep_alive`, `finalize`, `close`.
    """
    tell("client", text=version(package))
    asyncio.run(_obey(client_type, *sys.argv[1:]))


async def _obey(client_type: Callable[[str, str], Any], address: str, key: str) -> None:
    client = client_type(address, key)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        data = [base64.b64decode(order["data"])] if "data" in order else []
        try:
            await getattr(client, order["do"])(*data)
        except Exception as error:  # noqa: BLE001 - however it is raised, it is what a user gets
            tell("error", text=f"{type(error).__name__}: {error}")
