"""The ports: free, lwd's, or whose else. A server that does not answer is known by its process."""

import errno
import re
import socket
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Literal

from lwd.doctor.commands import Ask
from lwd.doctor.findings import Finding, ok, skip
from lwd.errors import AddressUnavailable
from lwd.port import bind

_ANSWER_S = 2.0
_AGENT_ANSWER = re.compile(r"drain|ready up \d+%")
_SERVES = re.compile(r"(?:^|[ /])lwd serve\b")


def check_port(
    check: str, listener: Literal["server", "ops", "agent"], host: str, port: int, ask: Ask
) -> Finding:
    """Whether lwd can have the port, or has it and is ready."""
    if port == 0:
        return skip(check, "any free one")
    try:
        bind(listener, host, port).close()
    except AddressUnavailable as error:
        if answer := (_told_haproxy if listener == "agent" else _answer)(host, port):
            return _answered(check, f"{host}:{port}: lwd answers {answer[1]}", answer[0])
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE:
            return _silent(check, host, port, ask)
        return Finding(check, "fail", str(error), "lwd does not start")
    return ok(check, f"{host}:{port} is free")


def _answered(check: str, shown: str, status: int) -> Finding:
    if status == HTTPStatus.OK:
        return ok(check, shown)
    return Finding(check, "warn", shown, "it is not ready for new streams", "lwd status")


def _answer(host: str, port: int) -> tuple[int, str] | None:
    """What lwd says of its readiness, with its status; None where it is not lwd that is there."""
    shown = f"[{host}]" if ":" in host else host
    connection = HTTPConnection(shown, port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        text = answer.read(100).decode(errors="replace").strip()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    if not answer.headers["dg-request-id"]:
        return None
    return answer.status, answer.headers["dg-error"] or text


def _told_haproxy(host: str, port: int) -> tuple[int, str] | None:
    """What lwd tells HAProxy unasked, in place of HTTP, with the status that this comes to."""
    try:
        with socket.create_connection((host, port), _ANSWER_S) as connection:
            line = connection.recv(100).decode(errors="replace").strip()
    except OSError:
        return None
    if not _AGENT_ANSWER.fullmatch(line):
        return None
    return HTTPStatus.SERVICE_UNAVAILABLE if line == "drain" else HTTPStatus.OK, line


def _silent(check: str, host: str, port: int, ask: Ask) -> Finding:
    """Somebody has the port who does not answer as lwd does."""
    at = f"{host}:{port}"
    command = f"lsof -nP -iTCP:{port} -sTCP:LISTEN"
    pid = _listener(port, ask)
    if pid is None:
        meaning = "another program has it, or an lwd that hangs; no other lwd starts beside it"
        return Finding(check, "fail", f"{at}: Address already in use", meaning, f"sudo {command}")
    if _SERVES.search(ask("ps", "-ww", "-o", "command=", "-p", pid) or ""):
        return Finding(
            check,
            "fail",
            f"{at}: lwd has it (process {pid}) and does not answer",
            "it hangs or was stopped; this writes where its threads stand to its stderr and ends it,"
            " so that it is started anew",
            f"kill -ABRT {pid}; kill -CONT {pid}",
        )
    meaning = "another program has it, and lwd does not start"
    return Finding(check, "fail", f"{at}: process {pid} has it", meaning, command)


def _listener(port: int, ask: Ask) -> str | None:
    """The process that listens on the port; None where nobody tells, as to another user."""
    by_lsof = ask("lsof", "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN") or ""
    by_ss = "" if by_lsof else ask("ss", "-Hltnp", f"sport = :{port}") or ""
    told = re.search(r"^(\d+)$", by_lsof, re.MULTILINE) or re.search(r"\bpid=(\d+)", by_ss)
    return told[1] if told else None
