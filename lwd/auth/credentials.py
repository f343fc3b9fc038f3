"""Where a request carries its key or token, in every form that Deepgram's clients use.

Knows nothing of which keys there are.
https://developers.deepgram.com/guides/deep-dives/using-the-sec-websocket-protocol
"""

from collections.abc import Mapping
from itertools import pairwise

_SCHEMES = ("token", "bearer")


def presented_secret(headers: Mapping[str, str]) -> str | None:
    """The key or token in `Authorization: Token KEY` or `Sec-WebSocket-Protocol: token, KEY`.

    The scheme is `token` or `bearer` in any case. Clients put further values around the two of the
    sub-protocol, so the scheme is looked for.
    """
    scheme, *secret = headers.get("Authorization", "").split(maxsplit=1) or [""]
    if _is_scheme(scheme):
        return secret[0].strip() if secret else ""
    for offered, following in pairwise(_sub_protocols(headers)):
        if _is_scheme(offered):
            return following
    return None


def offered_scheme(headers: Mapping[str, str]) -> str | None:
    """Of the sub-protocols that a browser offers, the one to echo, as it is written there.

    A browser drops the connection without it; the key beside it must never be echoed.
    """
    return next(filter(_is_scheme, _sub_protocols(headers)), None)


def _sub_protocols(headers: Mapping[str, str]) -> list[str]:
    return [part.strip() for part in headers.get("Sec-WebSocket-Protocol", "").split(",")]


def _is_scheme(word: str) -> bool:
    return word.lower() in _SCHEMES
