"""Every error that lwd raises on purpose, as one tree.

LwdError
├── StartError                what stops the daemon or a command; carries its exit code
│   ├── UsageError            64  the command line is wrong
│   ├── InputUnreadable       66  a file named on the command line cannot be read
│   ├── ModelUnavailable      69  the model is not in the store
│   │   └── ModelUnreadable   69  it may be, but this user may not read it
│   ├── NotInstalled          69  an optional part of lwd is not installed
│   ├── ModelCorrupt          65  the model is in the store, but not as it was installed
│   ├── EngineUnavailable     70  the engine process does not start
│   │   └── DaemonEnded       70  a daemon that a command has started for itself does not
│   ├── AddressUnavailable    71  the address or port cannot be bound
│   ├── LogUnavailable        73  the log file cannot be written
│   ├── OutputUnwritable      73  what a command makes cannot be written
│   ├── ConnectionFailed      76  a server refused or dropped a client command
│   │   └── LimitReached      76  it did so since there are as many streams as may be
│   ├── ConfigInvalid         78  the configuration does not validate
│   └── KeysFileInvalid       78  the file of API keys cannot be used
├── Rejection                 an HTTP request refused, in Deepgram's error shape
│   ├── InvalidParameter      400, or 404 for one in the path
│   ├── InvalidBody           400
│   ├── WrongEndpoint         400, 404 or 405
│   ├── InvalidCredentials    401
│   ├── Forbidden             403
│   ├── PayloadTooLarge       413
│   ├── Overloaded            429
│   ├── InternalFault         500
│   └── Unavailable           503
├── SchemaError               a text frame that is no control message; the stream goes on
├── UndecodableAudio          the stream's bytes are not the audio they claim to be
├── CallbackBroken            the WebSocket that a stream's results go to cannot be opened, or broke
└── EngineFailed              a window that the engine could not transcribe

A message names the field, the value and the remedy. It never holds a key, audio or a transcript.
Exit codes follow sysexits(3).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class LwdError(Exception):
    """Root of everything that lwd raises on purpose."""


class StartError(LwdError):
    """Ends the process with `exit_code` and one line on stderr."""

    exit_code: ClassVar[int] = 70


class UsageError(StartError):
    """The command line is wrong."""

    exit_code = 64


class ModelCorrupt(StartError):
    """A model in the store does not match its manifest, or its disk does not give it."""

    exit_code = 65


class InputUnreadable(StartError):
    """A file that the user named cannot be read as what it should be."""

    exit_code = 66


class ModelUnavailable(StartError):
    """A model is not in the store, or cannot be had."""

    exit_code = 69


class ModelUnreadable(ModelUnavailable):
    """A model or the store is out of reach of this user."""


class NotInstalled(StartError):
    """An optional part of lwd that a command needs is not installed."""

    exit_code = 69


class EngineUnavailable(StartError):
    """The engine process does not become ready, or gives up."""

    exit_code = 70


class DaemonEnded(EngineUnavailable):
    """A daemon that a command started for itself ended too soon; `status` is its own."""

    def __init__(self, status: int) -> None:
        super().__init__(
            f"the daemon for this ended with status {status} before it was ready;"
            " what it said stands above"
        )
        self.status = status


class AddressUnavailable(StartError):
    """The listening address cannot be bound."""

    exit_code = 71


class LogUnavailable(StartError):
    """The log file cannot be opened."""

    exit_code = 73


class OutputUnwritable(StartError):
    """A file that a command is to write cannot be written."""

    exit_code = 73


class ConnectionFailed(StartError):
    """A server refused or dropped the connection of a client command."""

    exit_code = 76


class LimitReached(ConnectionFailed):
    """A server refused a stream, or one so soon, by a limit of its own, the key's or the address's."""


class ConfigInvalid(StartError):
    """The configuration does not validate; `problems` holds one line for each fault."""

    exit_code = 78

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class KeysFileInvalid(StartError):
    """The file of API keys cannot be read or written, or others could read it, or it is wrong."""

    exit_code = 78


REJECTIONS = (
    "bad_request",
    "auth",
    "host",
    "origin",
    "capacity",
    "key_streams",
    "key_rate",
    "address_streams",
    "address_rate",
    "draining",
    "engine",
    "fault",
)
"""Every `reason` of a Rejection."""

_RETRY_SOON = {"Retry-After": "1"}


class Rejection(LwdError):
    """An HTTP request refused, before the upgrade if it asks for one.

    `reason` labels the metric and the log line, `parameter` names the parameter that is to blame,
    and `remedy` says what it takes: those who run lwd are told these, as the message may quote what
    was sent. Status, code and message are the client's
    (https://developers.deepgram.com/docs/errors), and so are `headers` besides. Without `err_code`
    the message is sent as bare text.
    """

    def __init__(
        self,
        status: int,
        err_code: str | None,
        err_msg: str,
        reason: str,
        parameter: str | None = None,
        *,
        remedy: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> None:
        super().__init__(err_msg)
        self.status = status
        self.err_code = err_code
        self.err_msg = err_msg
        self.reason = reason
        self.parameter = parameter
        self.remedy = remedy
        self.headers = headers


class InvalidParameter(Rejection):
    """A parameter that cannot work; `remedy` is made of lwd's own names and limits alone."""

    def __init__(
        self,
        parameter: str,
        err_msg: str,
        err_code: str | None = "INVALID_QUERY_PARAMETER",
        *,
        remedy: str,
        status: int = 400,
    ) -> None:
        super().__init__(status, err_code, err_msg, "bad_request", parameter, remedy=remedy)


class InvalidBody(Rejection):
    """The body of a request is not the JSON that it should be."""

    def __init__(self) -> None:
        super().__init__(
            400,
            "Bad Request",
            "Content-type was application/json, but we could not process the JSON payload.",
            "bad_request",
        )


class WrongEndpoint(Rejection):
    """There is nothing at this path (404), or not for this method (405), or no upgrade (400)."""

    def __init__(
        self, status: int, err_code: str | None, err_msg: str, *, headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(status, err_code, err_msg, "bad_request", headers=headers)


class InvalidCredentials(Rejection):
    """The key is missing, unknown, disabled or expired (`state`), or so is that of the token."""

    def __init__(self, state: str) -> None:
        super().__init__(401, "INVALID_AUTH", "Invalid credentials.", "auth")
        self.state = state


class PayloadTooLarge(Rejection):
    """The body is larger than any that lwd takes."""

    def __init__(self, limit_bytes: int) -> None:
        message = f"Payload size exceeds limit of {limit_bytes >> 20} MB."
        super().__init__(413, "PAYLOAD_TOO_LARGE", message, "bad_request")


class Forbidden(Rejection):
    """Whoever asks is known but may not; `reason` is `auth`, `host` or `origin`."""

    def __init__(self, err_msg: str, reason: str) -> None:
        super().__init__(403, "FORBIDDEN", err_msg, reason)


class Overloaded(Rejection):
    """There are as many streams as may be; `reason` says of whom."""

    def __init__(self, reason: str, headers: Mapping[str, str] = _RETRY_SOON) -> None:
        super().__init__(
            429,
            "TOO_MANY_REQUESTS",
            "Too many requests. Please try again later",
            reason,
            headers=headers,
        )


class InternalFault(Rejection):
    """lwd failed; what happened stands in the log alone."""

    def __init__(self) -> None:
        super().__init__(
            500,
            "INTERNAL_SERVER_ERROR",
            "The server failed on this request. Please try again later",
            "fault",
        )


class Unavailable(Rejection):
    """No stream can be served now; `reason` is `draining` or `engine`."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            503, "Service Unavailable", "Please try again later", reason, headers=_RETRY_SOON
        )


class SchemaError(LwdError):
    """A text frame that is no control message; `description` is written for the client."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class UndecodableAudio(LwdError):
    """The stream's bytes cannot be decoded as audio."""


class CallbackBroken(LwdError):
    """The WebSocket of a stream's callback cannot be opened, or broke."""


class EngineFailed(LwdError):
    """The engine could not transcribe a window."""
