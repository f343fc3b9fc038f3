"""How lwd logs: one event a line on stderr, as JSON or for people, and never personal data.

Events of lwd itself (structlog) and messages of libraries (logging) leave by the same handler.
Event names are snake_case and fixed; what varies stands in fields. Knows nothing of what is logged.
"""

import logging
import sys
from collections.abc import Mapping
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

_QUOTES_REQUESTS = "aiohttp.server"
"""Its exceptions quote the line that is no HTTP, which may be the one with the key."""


def configure_logging(
    level: Literal["debug", "info", "warning", "error"],
    log_format: Literal["auto", "json", "console"],
) -> None:
    """Send every event of at least `level` to stderr; `auto` is console on a terminal, else JSON."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    formatter = ProcessorFormatter(
        foreign_pre_chain=[_name_library_message],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            add_log_level,
            *(_for_people() if console else _as_json()),
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    # Their lines hold query strings, and keys in sub-protocols; lwd logs each stream itself.
    for library in ("aiohttp.access", "aiohttp.websocket"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            filter_by_level,
            structlog.contextvars.merge_contextvars,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


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


def _name_library_message(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Give a library's message the one fixed event name that all of them share."""
    name, message = event["_record"].name, event["event"]
    if name == _QUOTES_REQUESTS and (exc_info := event.pop("exc_info", None)):
        message = f"{message}: {exc_info[0].__name__}"
    return {**event, "logger": name, "message": message, "event": "library_message"}
