"""Who may open a stream: API keys in every form that Deepgram's clients use.

https://developers.deepgram.com/guides/deep-dives/using-the-sec-websocket-protocol
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from itertools import pairwise

from lwd.errors import InvalidCredentials

SCHEMES = ("token", "bearer")
"""Of the sub-protocols that a browser offers, the one to echo; never the key beside it."""


class Authenticator:
    """Checks credentials against the configured keys; with no keys it accepts everybody."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [_digest(key) for key in keys]

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise InvalidCredentials unless the request's headers hold a configured key."""
        if not self._digests:
            return
        given = _digest(presented_key(headers) or "")
        # Every key is compared, so that the time taken tells nothing.
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        if not any(matches):
            raise InvalidCredentials


def presented_key(headers: Mapping[str, str]) -> str | None:
    """The key in `Authorization: Token KEY` or in `Sec-WebSocket-Protocol: token, KEY`.

    Clients put further values around the two of the sub-protocol, so the scheme is looked for.
    """
    scheme, _, key = headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() in SCHEMES:
        return key.strip()
    offered = [part.strip() for part in headers.get("Sec-WebSocket-Protocol", "").split(",")]
    for scheme, key in pairwise(offered):
        if scheme.lower() in SCHEMES:
            return key
    return None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
