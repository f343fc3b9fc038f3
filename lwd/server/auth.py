"""Who sends a request, and `POST /v1/auth/grant`, which gives a token for a key."""

import asyncio
from datetime import UTC, datetime

import structlog
from aiohttp import web

from lwd import metrics
from lwd.auth.credentials import presented_secret
from lwd.auth.keys import Key
from lwd.auth.tokens import Tokens
from lwd.errors import Forbidden, InvalidBody, InvalidCredentials
from lwd.protocol.grant import grant_body, parse_grant
from lwd.server.live import Live
from lwd.server.reply import KEY_ID, REQUEST_ID

_MAX_BODY_BYTES = 4096
_BODY_TIMEOUT_S = 10.0

_ANYONE = Key(id="anyone", sha256="")
"""Whom a token names where no key is asked for."""

log = structlog.get_logger()


class Authenticator:
    """Checks what requests present: keys, or where there are none, that they come from this machine."""

    def __init__(self, live: Live, tokens: Tokens) -> None:
        self._live = live
        self._tokens = tokens

    def authenticate(self, request: web.Request, *, takes_tokens: bool = True) -> Key | None:
        """The key of a request, presented itself or by a token; None where none is asked for.

        Raises InvalidCredentials or Forbidden. KEY_ID of the request is the key's afterwards, even
        if the key is no longer in force.
        """
        if self._live.config.auth.is_open:
            self._live.local_only.check(request.headers)
            return None
        secret = presented_secret(request.headers)
        if not secret:
            raise _failure("missing")
        itself = self._live.keyring.find(secret)
        key = itself or self._of_token(secret)
        if key is None:
            raise _failure("unknown")
        request[KEY_ID] = key.id
        if (state := key.state(datetime.now(UTC))) != "enabled":
            raise _failure(state)
        if itself is None and not takes_tokens:
            raise Forbidden("Insufficient permissions.", "auth")
        return key

    def _of_token(self, token: str) -> Key | None:
        """The key that a token stands for, unless it was replaced since."""
        grant = self._tokens.read(token)
        key = self._live.keyring.named(grant.key_id) if grant else None
        return key if grant and key and key.generation == grant.generation else None


def _failure(reason: str) -> InvalidCredentials:
    metrics.AUTH_FAILURES.labels(reason).inc()
    return InvalidCredentials(reason)


class GrantHandler:
    """Gives a token to whoever has a key. A token gives none, or it would last for ever."""

    def __init__(self, authenticator: Authenticator, tokens: Tokens) -> None:
        self._authenticator = authenticator
        self._tokens = tokens

    async def handle(self, request: web.Request) -> web.Response:
        """Authenticate, read the body, answer."""
        key = self._authenticator.authenticate(request, takes_tokens=False) or _ANYONE
        ttl_s = parse_grant(await _body(request))
        token = self._tokens.issue(key, ttl_s, datetime.now(UTC))
        log.info(
            "token_granted",
            request_id=str(request[REQUEST_ID]),
            key_id=request.get(KEY_ID),
            ttl_s=ttl_s,
        )
        body = grant_body(token, ttl_s).encode()
        return web.Response(body=body, content_type="application/json")


async def _body(request: web.Request) -> bytes:
    """The request's body, which must be short and not slow; raises InvalidBody."""
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            await request.content.readexactly(_MAX_BODY_BYTES + 1)
    except asyncio.IncompleteReadError as end:
        return end.partial
    except TimeoutError as error:
        raise InvalidBody from error
    raise InvalidBody
