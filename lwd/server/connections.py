"""How many connections of clients there may be: as configured, as far as files may be open."""

import structlog

from lwd import metrics
from lwd.config import LimitsConfig
from lwd.process import raise_file_limit
from lwd.server.engines import Engines

_FILES_ASIDE = 48
"""Open files that are no client's: the daemon's own, those of operators, and those of refusals."""

_FILES_OF_ENGINE = 2

log = structlog.get_logger()


class ConnectionLimit:
    """Follows the limits and the engines, whose files count too."""

    def __init__(self, limits: LimitsConfig, engines: Engines) -> None:
        self._engines = engines
        self._files = raise_file_limit()
        metrics.PROCESS_FILES_LIMIT.set(self._files)
        self.limit_to(limits)

    def limit_to(self, limits: LimitsConfig) -> None:
        """Hold connections that come from now on to these limits."""
        wanted = limits.most_connections
        n_engines = sum(model.pool.replicas for model in self._engines)
        possible = max(1, self._files - _FILES_ASIDE - _FILES_OF_ENGINE * n_engines)
        if possible < wanted:
            log.warning("few_files", files=self._files, connections=possible, wanted=wanted)
        self._most = min(wanted, possible)
        metrics.CONNECTIONS_LIMIT.set(self._most)

    def __call__(self) -> int:
        """Most connections at once."""
        return self._most
