"""Every answer over HTTP: its id, and refusals and faults in Deepgram's shape.

Knows neither what a request asks for nor who may ask it.
https://developers.deepgram.com/docs/errors
"""

import json
import secrets
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from aiohttp import hdrs, web

from lwd import metrics
from lwd.errors import InternalFault, PayloadTooLarge, Rejection, WrongEndpoint
from lwd.protocol.messages import rejection_body

REQUEST_ID = web.RequestKey("request_id", UUID)
"""Identifies one request to its client and in the log."""

KEY_ID = web.RequestKey("key_id", str)
"""Names the key that a request presented, once that is known; never the key itself."""

ADDRESS = web.RequestKey("address", str)
"""Where the client of a request is, as far as that is known."""

REJECTION = web.RequestKey("rejection", Rejection)
"""Why a request was refused, if it was; not set where it only asks about a refusal."""

ASKS_ABOUT = web.RequestKey("asks_about", UUID)
"""Identifies the refused stream that a request asks about, and so is its own id too."""

_HINT = "A live stream is GET /v1/listen, as a WebSocket, on server.port; recordings are not taken over HTTP."
_JSON = {hdrs.CONTENT_TYPE: "application/json"}  # to the byte: no charset

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


@web.middleware
async def count_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count what is answered with which status, by the paths that there are."""
    response = await handler(request)
    metrics.HTTP_REQUESTS.labels(route_of(request), str(response.status)).inc()
    return response


@web.middleware
async def answer_in_shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, and its refusal Deepgram's shape, the log and the metric."""
    request_id = request[REQUEST_ID] = request.get(ASKS_ABOUT) or new_request_id()
    try:
        return await _or_rejection(request, handler)
    except Rejection as rejection:
        if ASKS_ABOUT not in request:
            _note(rejection, request)
        return _rejection_response(rejection, request_id)


async def add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """Name the request in the headers of whatever answers it, an upgrade too."""
    # The library refuses an unknown `Expect` before any middleware.
    request_id = request.get(REQUEST_ID) or new_request_id()
    response.headers["dg-request-id"] = str(request_id)


def route_of(request: web.Request) -> str:
    """The path that a request matches, with the names of its parts; `other` where there is none."""
    resource = request.match_info.route.resource
    return "other" if resource is None else resource.canonical


def json_response(body: object) -> web.Response:
    """The answer 200, in compact JSON."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(body=text.encode(), headers=_JSON)


def new_request_id() -> UUID:
    """A UUID of version 7 (RFC 9562), as Deepgram's are: it begins with the time."""
    unix_ms = time.time_ns() // 1_000_000
    high = unix_ms << 16 | 0x7 << 12 | secrets.randbits(12)
    return UUID(int=high << 64 | 0b10 << 62 | secrets.randbits(62))


def age_s(request_id: UUID) -> float:
    """How long ago an id was made."""
    return time.time() - (request_id.int >> 80) / 1000


async def _or_rejection(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the handler answers; everything that keeps it from that becomes a Rejection."""
    try:
        return await handler(request)
    except (Rejection, ConnectionError):
        raise
    except web.HTTPError as error:
        raise _in_shape(error, request) from error
    except Exception as error:
        log.exception("request_failed", request_id=str(request[REQUEST_ID]))
        if request.writer.output_size:
            # An answer has begun, so that a second one would be noise in it.
            raise ConnectionError from error
        raise InternalFault from error


def _note(rejection: Rejection, request: web.Request) -> None:
    request[REJECTION] = rejection
    metrics.STREAMS_REJECTED.labels(rejection.reason).inc()
    log.info(
        "rejected",
        request_id=str(request[REQUEST_ID]),
        key_id=request.get(KEY_ID),
        address=request.get(ADDRESS),
        route=route_of(request),
        status=rejection.status,
        reason=rejection.reason,
        parameter=rejection.parameter,
        remedy=rejection.remedy,
    )


def _in_shape(error: web.HTTPError, request: web.Request) -> Rejection:
    """What the HTTP library refuses by itself."""
    match error:
        case web.HTTPMethodNotAllowed(allowed_methods=allowed):
            methods = ", ".join(sorted(allowed))
            message = f"Method Not Allowed: this path takes {methods}. {_HINT}"
            return WrongEndpoint(405, "METHOD_NOT_ALLOWED", message, headers={"Allow": methods})
        case web.HTTPRequestEntityTooLarge():
            return PayloadTooLarge(request.client_max_size)
        case _:
            code = error.reason.upper().replace(" ", "_")
            return WrongEndpoint(error.status, code, f"{error.reason}. {_HINT}")


def _rejection_response(rejection: Rejection, request_id: UUID) -> web.Response:
    """The response that tells a client why it was refused."""
    headers = {"dg-error": rejection.err_msg, **rejection.headers}
    if rejection.err_code is None:
        return web.Response(status=rejection.status, text=rejection.err_msg, headers=headers)
    body = rejection_body(rejection.err_code, rejection.err_msg, str(request_id))
    return web.Response(status=rejection.status, body=body.encode(), headers=headers | _JSON)
