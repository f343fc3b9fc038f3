"""What a driver says that its client reported: a line of JSON for each event. Pure."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is client, open, results, metadata, close or error.

    `text` is a transcript, what an error says, or the version of the client. `from_finalize` marks
    the answer to Finalize. `code` is the close code, where the client shows it.
    """

    kind: str
    text: str = ""
    words: int = 0
    is_final: bool = False
    from_finalize: bool = False
    code: int | None = None


def read_event(line: bytes) -> Event | None:
    """A line of a driver's stdout; None for anything else, such as what a library prints there."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match told:
        case {"event": "open" | "metadata" as kind}:
            return Event(kind)
        case {"event": "client" | "error" as kind, "text": str(text)}:
            return Event(kind, text)
        case {"event": "close", "code": int() | None as code}:
            return Event("close", code=code)
        case {
            "event": "results",
            "text": str(text),
            "words": int(words),
            "is_final": bool(is_final),
            "from_finalize": bool(from_finalize),
        }:
            return Event("results", text, words, is_final, from_finalize)
    return None
