"""Where a server is, as people write it: a host, a host with its port, or an address. Pure."""

from urllib.parse import SplitResult, urlsplit

from lwd.errors import UsageError

DEFAULT_PORT = 9000

EXAMPLES = "mini1, mini1:9001 or wss://mini1"
"""The forms that there are."""

_SCHEMES = {"ws": "ws", "http": "ws", "wss": "wss", "https": "wss"}


def server_address(text: str) -> SplitResult:
    """Complete what was written to an address of ws or wss; raises UsageError.

    What has no scheme is ws, and at lwd's own port unless it names one.
    """
    has_scheme = "://" in text
    try:
        parts = urlsplit(text if has_scheme else f"ws://{text}")
        port = parts.port
    except ValueError:
        raise _wrong(text) from None
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
        raise _wrong(text)
    parts = parts._replace(scheme=_SCHEMES[parts.scheme])
    if port is None and not has_scheme:
        return parts._replace(netloc=f"{parts.netloc.removesuffix(':')}:{DEFAULT_PORT}")
    return parts


def _wrong(text: str) -> UsageError:
    return UsageError(f"{text}: expected a server such as {EXAMPLES}")
