"""How a stream ends: the close codes and their reasons, which clients compare as text.

A reason has room for 123 bytes (RFC 6455, 5.5). JS SDK 5 reconnects after any code but 1000.
"""

from enum import Enum


class Close(Enum):
    """A WebSocket close frame."""

    NORMAL = (1000, "")
    NO_CLIENT_DATA = (
        1011,
        (
            "Deepgram did not receive audio data or a text message within the timeout window."
            " See https://dpgr.am/net0001"
        ),
    )
    UNDECODABLE_AUDIO = (
        1008,
        "Deepgram could not decode the audio. See https://dpgr.am/data0000 (DATA-0000)",
    )
    CALLBACK_BROKEN = (
        1011,
        "The WebSocket at `callback` could not be opened, or broke. Please check it and reconnect.",
    )
    INTERNAL_ERROR = (  # Deepgram's words for faults of its own
        1011,
        (
            "Deepgram did not provide a response message within the timeout window."
            " See https://dpgr.am/net0000"
        ),
    )
    SERVICE_RESTART = (1012, "The server is restarting. Please reconnect.")

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
