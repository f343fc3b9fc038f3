"""How a stream ended, for the metric and the log, and which close frame says so."""

from enum import Enum

from lwd.protocol.closing import Close


class Outcome(Enum):
    """What became of a stream."""

    COMPLETED = "completed"
    CLIENT_GONE = "client_gone"
    IDLE_TIMEOUT = "idle_timeout"
    UNDECODABLE_AUDIO = "undecodable_audio"
    CALLBACK_BROKEN = "callback_broken"
    SLOW_CLIENT = "slow_client"
    SERVER_ERROR = "server_error"
    DRAINED = "drained"


OUTCOMES = {
    Close.NORMAL: Outcome.COMPLETED,
    Close.NO_CLIENT_DATA: Outcome.IDLE_TIMEOUT,
    Close.UNDECODABLE_AUDIO: Outcome.UNDECODABLE_AUDIO,
    Close.CALLBACK_BROKEN: Outcome.CALLBACK_BROKEN,
    Close.INTERNAL_ERROR: Outcome.SERVER_ERROR,
    Close.SERVICE_RESTART: Outcome.DRAINED,
}
_CODES = {outcome: close.code for close, outcome in OUTCOMES.items()}


def close_code(outcome: Outcome, heard: int | None) -> int | None:
    """The code that lwd closed with, or else the one that the socket heard or made up.

    The socket keeps what the client answered, and clients answer any code with 1000.
    """
    return _CODES.get(outcome, None if heard is None else int(heard))
