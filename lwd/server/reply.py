"""Answers to HTTP requests before any upgrade, in Deepgram's shape."""

from uuid import UUID

from aiohttp import web

from lwd.errors import Rejection
from lwd.protocol.messages import rejection_body

REQUEST_ID = web.RequestKey("request_id", UUID)
"""Identifies one request to its client and in the log."""

KEY_ID = web.RequestKey("key_id", str)
"""Names the key that a request presented, once that is known; never the key itself."""


def rejection_response(rejection: Rejection, request_id: UUID) -> web.Response:
    """The response that tells a client why it was refused."""
    headers = {
        "Content-Type": "application/json",
        "dg-error": rejection.err_msg,
        **rejection.headers,
    }
    body = rejection_body(rejection.err_code, rejection.err_msg, str(request_id))
    return web.Response(status=rejection.status, body=body.encode(), headers=headers)
