"""What became of a stream's messages: each counted, each kind of failure told once.

Knows no URL but the host, because a path or a query may hold secrets.
"""

from enum import Enum

import structlog

from lwd import metrics

log = structlog.get_logger()


class Fate(Enum):
    """What became of a message, or of an attempt to deliver it."""

    DELIVERED = "delivered"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    FORBIDDEN_ADDRESS = "forbidden_address"
    TLS = "tls"
    EXPIRED = "expired"
    DROPPED = "dropped"


class Ledger:
    """Counts for the metric, and logs the first failure of each kind in its stream."""

    def __init__(self, request_id: str, host: str) -> None:
        self._request_id = request_id
        self._host = host
        self._told = {Fate.DELIVERED}

    def record(self, fate: Fate) -> None:
        """Take note of a message's fate."""
        metrics.CALLBACK_MESSAGES.labels(fate.value).inc()
        if fate not in self._told:
            self._told.add(fate)
            log.warning(
                "callback_failed", request_id=self._request_id, host=self._host, reason=fate.value
            )
