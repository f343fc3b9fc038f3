"""The latest requests that were refused, each with a reason and a remedy in plain words.

Browsers hide from a page why its WebSocket was refused, and a client's developer seldom sees the
log. Neither keys nor what a query held are kept.
"""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from lwd.errors import InvalidCredentials, Rejection
from lwd.server.reply import KEY_ID, REJECTION, REQUEST_ID, Handler, route_of

_KEPT = 100
"""Rejections that are remembered; older ones are in the log."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request was refused, and what to do about it."""

    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Refused:
    """One request that was refused; `route` is one of lwd's own, never what was asked for."""

    at: datetime
    request_id: str
    route: str
    status: int
    err_code: str | None
    reason: str
    parameter: str | None
    key_id: str | None
    why: str
    remedy: str


class Rejections:
    """Remembers what was refused; the newest is the last."""

    def __init__(self) -> None:
        self.recent: deque[Refused] = deque(maxlen=_KEPT)

    @web.middleware
    async def note(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Look at what answers a request."""
        response = await handler(request)
        if (rejection := request.get(REJECTION)) is not None:
            self.recent.append(_refused(request, rejection))
        return response


def _refused(request: web.Request, rejection: Rejection) -> Refused:
    reason = explain(rejection)
    return Refused(
        at=datetime.now(UTC),
        request_id=str(request[REQUEST_ID]),
        route=route_of(request),
        status=rejection.status,
        err_code=rejection.err_code,
        reason=rejection.reason,
        parameter=rejection.parameter,
        key_id=request.get(KEY_ID),
        why=reason.why,
        remedy=reason.remedy,
    )


def explain(rejection: Rejection) -> Reason:
    """A rejection in plain words, without anything that its client sent."""
    if isinstance(rejection, InvalidCredentials):
        return _CREDENTIALS[rejection.state]
    if rejection.remedy is not None:
        return Reason(
            f"The value of the parameter {rejection.parameter} cannot be used.",
            f"{rejection.remedy[0].upper()}{rejection.remedy[1:].removesuffix('.')}.",
        )
    if (reason := _REASONS.get(rejection.reason)) is not None:
        return reason
    return Reason(
        f"{rejection.err_msg.removesuffix('.')}.", "See docs/protocol.md for what lwd takes."
    )


_CREDENTIALS = {
    "missing": Reason(
        "No key was sent, and lwd asks for one.",
        "Send Authorization: Token KEY, or in a browser the sub-protocols token and KEY.",
    ),
    "unknown": Reason(
        "The key is not one of lwd's, or the token is no longer good.",
        "Compare it with `lwd keys list`, or ask for a new token.",
    ),
    "disabled": Reason("The key is disabled.", "Use another, or make one with `lwd keys add`."),
    "expired": Reason("The key has expired.", "Make a new one with `lwd keys add`."),
}

_REASONS = {
    "auth": Reason(
        "A token was sent where only a key will do.", "Send the key that the token was made with."
    ),
    "host": Reason(
        "lwd asks for no key, and was called by a name that is not this machine's.",
        "Name the host in server.allowed_hosts, or configure a key.",
    ),
    "origin": Reason(
        "lwd asks for no key, and the page is not one of this machine's.",
        "Name its origin in server.allowed_origins, or configure a key.",
    ),
    "capacity": Reason(
        "As many streams are open as lwd takes.",
        "Try again when one has ended; where finals are still quick, raise limits.streams.",
    ),
    "key_streams": Reason(
        "The key has as many streams open as it may.",
        "End one of them, or use a key with a higher limit.",
    ),
    "key_rate": Reason(
        "The key opened streams faster than it may.",
        "Wait as long as the header Retry-After says, or use a key with a higher limit.",
    ),
    "address_streams": Reason(
        "The address has as many streams open as one may.",
        "End one of them, or raise limits.address_streams; behind a proxy, name that in"
        " server.trusted_proxies.",
    ),
    "address_rate": Reason(
        "The address opened streams faster than one may.",
        "Wait as long as the header Retry-After says, or raise"
        " limits.address_handshakes_per_minute.",
    ),
    "draining": Reason(
        "lwd is stopping and takes no more streams.", "Connect again once it has started."
    ),
    "engine": Reason(
        "No engine of the model starts.",
        "See engine_start_failed in the log, and run `lwd doctor`.",
    ),
    "fault": Reason(
        "lwd failed on this request.", "See request_failed in the log, with the same request_id."
    ),
}
