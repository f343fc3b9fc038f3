"""lwd.log: what stands in the log, and what never does."""

import json
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from aiohttp import ClientConnectionResetError
from aiohttp.log import ws_logger

from lwd.log import PERSONAL, configure_logging

Lines = Callable[[], list[dict[str, Any]]]
log = structlog.get_logger()


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for library in ("aiohttp.access", "aiohttp.websocket"):
        logging.getLogger(library).setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Log JSON from debug on; return a function that reads what was logged."""
    stderr = StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logging("debug", "json")
    return lambda: [json.loads(line) for line in stderr.getvalue().splitlines()]


def test_event_is_one_line_of_json(lines: Lines) -> None:
    """An event has UTC time in milliseconds, level and name first, then its fields."""
    log.info("stream_closed", seconds=1.5, reason="line\nbreak")

    [line] = lines()

    assert list(line) == ["timestamp", "level", "event", "seconds", "reason"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "event": "stream_closed",
        "seconds": 1.5,
        "reason": "line\nbreak",
    }


def test_context_is_added(lines: Lines) -> None:
    """What is bound for a stream stands on each of its lines."""
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        log.info("stream_opened")
    log.info("stopping")

    assert [line.get("request_id") for line in lines()] == ["r1", None]


@pytest.mark.parametrize("field", sorted(PERSONAL))
def test_personal_data_is_dropped(field: str, lines: Lines) -> None:
    """A field that could hold speech or a secret is left out, at any depth, whatever its case."""
    log.info("stream_closed", **{field: "sentinel"}, kept=1)
    log.info("stream_closed", outer=[{field.title(): "sentinel", "kept": 2}])

    first, second = lines()

    assert "sentinel" not in str((first, second))
    assert first["kept"] == 1
    assert second["outer"] == [{"kept": 2}]


@pytest.mark.parametrize("console", ["json", "console"])
def test_unknown_objects_show_their_type_alone(
    console: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An object whose text form is not known to be harmless is named by its type."""

    class Hypothesis:
        def __repr__(self) -> str:
            return "sentinel"

    configure_logging("info", console)  # type: ignore[arg-type]
    log.info("batch_done", hypothesis_=Hypothesis(), raw=b"sentinel", error=ValueError("sentinel"))
    shown = capsys.readouterr().err

    assert "sentinel" not in shown
    assert all(name in shown for name in ("<Hypothesis>", "<bytes>", "<ValueError>"))


def test_paths_and_ids_are_text(lines: Lines) -> None:
    """Paths and UUIDs are logged as people write them."""
    log.info("model_loaded", path=Path("/models/tiny"), request_id=UUID(int=1))

    [line] = lines()

    assert (line["path"], line["request_id"]) == ("/models/tiny", str(UUID(int=1)))


def _fail(transcript: str) -> None:
    raise ValueError(f"{len(transcript)} is not allowed")


def test_exception_is_data_without_variables(lines: Lines) -> None:
    """An exception is logged with its type, message and frames, but no frame's variables."""
    try:
        _fail("sentinel")
    except ValueError:
        log.exception("stream_failed")
        logging.getLogger("asyncio").exception("Task failed")

    ours, theirs = lines()

    for line in (ours, theirs):
        [exception] = line["exception"]
        assert (exception["exc_type"], exception["exc_value"]) == (
            "ValueError",
            "8 is not allowed",
        )
        assert [set(frame) for frame in exception["frames"]] == [{"filename", "lineno", "name"}] * 2
    assert (ours["level"], theirs["level"]) == ("error", "error")
    assert "sentinel" not in str((ours, theirs))


def test_a_request_that_is_no_http_is_not_quoted(lines: Lines) -> None:
    """The HTTP library's own errors show the bytes at fault, which may be a key's."""
    try:
        raise ValueError("Invalid header value char: 'Authorization: Token sentinel'")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling request")

    [line] = lines()

    assert line["message"] == "Error handling request: ValueError"
    assert "sentinel" not in str(line)


def test_a_client_that_left_is_no_error(lines: Lines) -> None:
    """The HTTP library takes a connection that its client gave up for one."""
    try:
        raise ClientConnectionResetError("Cannot write to closing transport")
    except ClientConnectionResetError:
        logging.getLogger("aiohttp.server").exception("Error handling request")

    assert lines() == []


def test_library_messages_go_the_same_way(lines: Lines) -> None:
    """What a library logs or warns of becomes an event with a fixed name."""
    logging.getLogger("aiohttp.server").warning("hello %s", "there")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)  # pytest has put its own hook in place since
        warnings.warn("old", stacklevel=1)

    first, second = lines()

    assert (first["event"], first["level"]) == ("library_message", "warning")
    assert (first["logger"], first["message"]) == ("aiohttp.server", "hello there")
    assert second["logger"] == "py.warnings"


def test_access_log_is_silent(lines: Lines) -> None:
    """The access log of aiohttp, which shows query strings, is off even at debug."""
    assert not logging.getLogger("aiohttp.access").isEnabledFor(logging.INFO)
    assert lines() == []


def test_sub_protocols_are_not_logged(lines: Lines) -> None:
    """Aiohttp's warning of sub-protocols that nobody knows would show a key among them."""
    ws_logger.warning("Client protocols ['sentinel']")

    assert lines() == []


def test_level_is_a_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    """What is less severe than the level is not logged, neither lwd's nor a library's."""
    configure_logging("warning", "json")
    log.info("stream_closed")
    logging.getLogger("asyncio").info("selector")
    log.warning("stream_slow")

    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == [
        "stream_slow"
    ]


@pytest.mark.parametrize(
    ("log_format", "terminal", "is_json"),
    [("auto", True, False), ("auto", False, True), ("json", True, True), ("console", False, False)],
)
def test_auto_is_for_people_on_a_terminal_alone(
    log_format: str,
    terminal: bool,
    is_json: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Format auto is text on a terminal and JSON elsewhere; a stated format holds anywhere."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    configure_logging("info", log_format)  # type: ignore[arg-type]
    log.info("ready", port=9000)

    assert capsys.readouterr().err.startswith("{") == is_json


def test_console_shows_a_plain_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """For people, an exception is Python's usual traceback, without variables."""
    configure_logging("info", "console")
    try:
        _fail("sentinel")
    except ValueError:
        log.exception("stream_failed", words=["sentinel"])
    shown = capsys.readouterr().err

    assert "ValueError: 8 is not allowed" in shown
    assert shown.count("sentinel") == 1  # the line of this file that the traceback quotes
