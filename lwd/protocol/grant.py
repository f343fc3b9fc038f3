"""`POST /v1/auth/grant`: how long a token is asked for, and the answer.

Knows nothing of keys, nor of what is in a token.
https://developers.deepgram.com/reference/auth/tokens/grant
"""

import json

from lwd.errors import InvalidBody, InvalidParameter

DEFAULT_TTL_S = 30
MAX_TTL_S = 3600

_MAX_SHOWN = 64


def parse_grant(body: bytes) -> int:
    """The `ttl_seconds` of a request's body in whole seconds; raises InvalidBody, InvalidParameter.

    An empty body, as JavaScript's SDK 3 sends it, means the default.
    """
    if not body.strip():
        return DEFAULT_TTL_S
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidBody from None
    if not isinstance(request, dict):
        raise InvalidBody
    return _ttl_s(request.get("ttl_seconds"))


def _ttl_s(value: object) -> int:
    match value:
        case None:
            return DEFAULT_TTL_S
        case bool():
            pass  # a number to Python, but to no client
        case int() | float() if 1 <= value <= MAX_TTL_S:
            return int(value)
    remedy = f"expected a number from 1 to {MAX_TTL_S}."
    raise InvalidParameter(
        "ttl_seconds",
        f"Invalid 'ttl_seconds' value of '{json.dumps(value)[:_MAX_SHOWN]}'; {remedy}",
        "Bad Request",
        remedy=remedy,
    )


def grant_body(token: str, ttl_s: int) -> str:
    """The JSON that hands out a token. `expires_in` is an integer, as Python's SDK 7 wants it."""
    return json.dumps({"access_token": token, "expires_in": ttl_s}, separators=(",", ":"))
