"""SIGHUP: the configuration is read again, and what a running daemon can take is put in force.

All of it or nothing: a fault anywhere leaves everything as it was. Open streams keep what they
began with, and their models with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from lwd import metrics
from lwd.config import Config, LimitsConfig
from lwd.config.changes import changed, needs_restart, reloadable
from lwd.errors import StartError
from lwd.log import set_level
from lwd.server.engines import Engines, LoadedModel
from lwd.server.live import Live

LoadConfig = Callable[[], Config]
"""Reads the configuration again from where it came; raises ConfigInvalid."""

MakeModel = Callable[[Config, str], LoadedModel]
"""A model as configured, verified and not started; takes its time, and raises as the store does."""

log = structlog.get_logger()


class Limited(Protocol):
    """What is held to the limits."""

    def limit_to(self, limits: LimitsConfig) -> None:
        """Hold what comes from now on to these."""


class Reloader:
    """Puts the configuration in force again when asked to."""

    def __init__(
        self,
        live: Live,
        engines: Engines,
        limited: Sequence[Limited],
        load_config: LoadConfig,
        make_model: MakeModel,
    ) -> None:
        self._live = live
        self._engines = engines
        self._limited = limited
        self._load_config = load_config
        self._make_model = make_model
        for outcome in ("applied", "refused"):
            metrics.CONFIG_RELOADS.labels(outcome)

    async def serve(self, wait: Callable[[], Awaitable[object]]) -> None:
        """Reload each time that `wait` returns, one after the other."""
        while True:
            await wait()
            await self.reload()

    async def reload(self) -> None:
        """Reload once; a fault is logged and counted, not raised."""
        try:
            wanted = await asyncio.to_thread(self._load_config)
            await self._apply(reloadable(self._live.config, wanted), wanted)
        except StartError as error:
            metrics.CONFIG_RELOADS.labels("refused").inc()
            metrics.CONFIG_CURRENT.set(0)
            log.error("reload_refused", reason=str(error))
        except Exception:
            metrics.CONFIG_RELOADS.labels("refused").inc()
            metrics.CONFIG_CURRENT.set(0)
            log.exception("reload_failed")

    async def _apply(self, config: Config, wanted: Config) -> None:
        before = self._live.config
        models, started = await self._models(config)
        try:
            self._live.replace(config)
            self._engines.replace(models, config.model.language, config.model.aliases)
        except BaseException:
            self._live.replace(before)
            await _close(started)
            raise
        for one in self._limited:
            one.limit_to(config.limits)
        set_level(config.log.level)
        waiting = [path for path in changed(config, wanted) if needs_restart(path)]
        metrics.CONFIG_RELOADS.labels("applied").inc()
        metrics.CONFIG_CURRENT.set(not waiting)
        log.info(
            "reloaded",
            applied=changed(before, config),
            needs_restart=waiting,
            models=[model.name for model in models],
        )
        if waiting:
            # A line of its own, as `reloaded` is not told where only warnings are.
            log.warning("restart_needed", needs_restart=waiting)

    async def _models(self, config: Config) -> tuple[list[LoadedModel], list[LoadedModel]]:
        """The models to be served, all of them started, and which of these are new."""
        models, started = [], []
        await self._engines.settle()
        try:
            for name in config.model.loaded:
                model = self._engines.loaded(name)
                if model is None:
                    model = await asyncio.to_thread(self._make_model, config, name)
                    started.append(model)
                    await model.pool.start()
                models.append(model)
        except BaseException:
            await _close(started)
            raise
        return models, started


async def _close(models: Sequence[LoadedModel]) -> None:
    await asyncio.gather(*(model.pool.close() for model in models))
