"""How lwd logs: one event a line, as JSON or for people, and never personal data.

Events of lwd itself (structlog) and messages of libraries (logging) leave by the same handler.
Event names are snake_case and fixed; what varies stands in fields. Knows nothing of what is logged.
"""

import fcntl
import logging
import os
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import ExceptionRenderer, JSONRenderer, format_exc_info
from structlog.stdlib import ProcessorFormatter, add_log_level, filter_by_level
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from lwd import metrics
from lwd.logfile import LogFile

# Fields that could hold what was said, who said it, or a secret. Names of keys and parameters may
# be logged, in fields such as `key_id` and `params`.
PERSONAL = frozenset(
    {
        "audio",
        "authorization",
        "callback",
        "context",
        "extra",
        "headers",
        "hypothesis",
        "key",
        "keys",
        "keyterm",
        "keyterms",
        "keywords",
        "prompt",
        "query",
        "query_string",
        "replace",
        "search",
        "tag",
        "text",
        "token",
        "tokens",
        "transcript",
        "url",
        "word",
        "words",
    }
)

_HTTP_SERVER = "aiohttp.server"
"""Its exceptions quote the line that is no HTTP, which may be the one with the key."""

_MOST_STDERR_BYTES = 5 << 20

Level = Literal["debug", "info", "warning", "error"]


def configure_logging(
    level: Level, log_format: Literal["auto", "json", "console"], file: LogFile | None = None
) -> None:
    """Send every event of at least `level` to a file, or else to stderr.

    `auto` is console on a terminal, else JSON.
    """
    is_on_terminal = file is None and sys.stderr.isatty()
    console = log_format == "console" or (log_format == "auto" and is_on_terminal)
    formatter = ProcessorFormatter(
        foreign_pre_chain=[_name_library_message],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            add_log_level,
            *(_for_people() if console else _as_json()),
        ],
    )
    handler = _Handler(_to_stderr() if file is None else lambda text: file.write(text.encode()))
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    set_level(level)
    logging.captureWarnings(capture=True)
    # Their lines hold query strings, and keys in sub-protocols; lwd logs each stream itself.
    for library in ("aiohttp.access", "aiohttp.websocket"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    logging.getLogger(_HTTP_SERVER).addFilter(_is_no_farewell)
    structlog.configure(
        processors=[
            filter_by_level,
            structlog.contextvars.merge_contextvars,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def set_level(level: Level) -> None:
    """Send every event of at least this level from now on."""
    logging.getLogger().setLevel(level.upper())


def empty_large_stderr() -> None:
    """Empty the file that stderr goes to if it has grown large, as nothing else bounds it."""
    with suppress(OSError):
        fd = sys.stderr.fileno()
        status = os.fstat(fd)
        appends = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND
        if stat.S_ISREG(status.st_mode) and appends and status.st_size > _MOST_STDERR_BYTES:
            os.ftruncate(fd, 0)


class _Handler(logging.Handler):
    """Writes events, and counts them, and those that it could not write.

    logging's own report of these would show what was to be logged.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        metrics.LOG_EVENTS.labels(record.levelname.lower()).inc()
        try:
            self._write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - no fault of the log stops the service
            metrics.LOG_EVENTS_LOST.inc()


def _to_stderr() -> Callable[[str], object]:
    stderr = sys.stderr

    def write(text: str) -> None:
        stderr.write(text)
        stderr.flush()

    return write


def publish(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Make the event fit to leave: time, level and name first, and no personal data."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    first = {"timestamp": now, "level": event["level"], "event": event["event"]}
    return {**first, **_publishable(event)}


def _publishable(value: object) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {
                str(key): _publishable(inner)
                for key, inner in value.items()
                if str(key).lower() not in PERSONAL
            }
        case list() | tuple():
            return [_publishable(item) for item in value]
        case Path() | UUID():
            return str(value)
        case _:
            # The repr of an unknown object could hold anything.
            return f"<{type(value).__name__}>"


def _as_json() -> list[Processor]:
    exceptions = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return [exceptions, publish, JSONRenderer()]


def _for_people() -> list[Processor]:
    renderer = ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=plain_traceback, sort_keys=False
    )
    return [format_exc_info, publish, renderer]


def _is_no_farewell(record: logging.LogRecord) -> bool:
    """Whether it is not just a client that left before its answer: for aiohttp that is an error."""
    return not (record.exc_info and isinstance(record.exc_info[1], ConnectionError))


def _name_library_message(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Give a library's message the one fixed event name that all of them share."""
    name, message = event["_record"].name, event["event"]
    if name == _HTTP_SERVER and (exc_info := event.pop("exc_info", None)):
        message = f"{message}: {exc_info[0].__name__}"
    return {**event, "logger": name, "message": message, "event": "library_message"}
