"""Short-lived tokens that stand for a key: JSON Web Tokens with Deepgram's claims.

https://developers.deepgram.com/docs/token-based-authentication
Signed with a secret that lives as long as the process: a restart takes longer than most tokens
last, and what is never stored cannot be stolen.
"""

import math
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from lwd.auth.keys import Key

_ALGORITHM = "HS256"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says: the id of its key, and the generation that the key was of."""

    key_id: str
    generation: int


class Tokens:
    """Gives tokens and reads them."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(_SECRET_BYTES)

    def issue(self, key: Key, ttl_s: int, now: datetime) -> str:
        """A token for the key that is good for at least `ttl_s`."""
        claims = {
            "sub": key.id,
            "exp": math.ceil(now.timestamp()) + ttl_s,
            "subject": key.id,
            "scopes": ["asr:write"],
            "project_claims": ["usage:write"],
            "accessor": key.id,
            "accessor_generation": key.generation,
            "created": (key.created or now).astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }
        return jwt.encode(claims, self._secret, _ALGORITHM)

    def read(self, token: str) -> Grant | None:
        """What the token says, or None where it is none of ours or has expired."""
        if not token.isascii():
            return None
        try:
            claims = jwt.decode(token, self._secret, [_ALGORITHM])
        except jwt.PyJWTError:
            return None
        return Grant(claims["accessor"], claims["accessor_generation"])
