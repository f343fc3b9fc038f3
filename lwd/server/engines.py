"""The loaded models: which of them serves a stream, and in which language."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lwd import metrics
from lwd.asr.pool import EnginePool
from lwd.errors import ConfigInvalid, InvalidParameter
from lwd.protocol.messages import ModelInfo
from lwd.protocol.params import MULTI, ListenParams

_FEW = 4
"""A model that knows fewer languages lists them in an error."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model, its engine, and how it is named to clients."""

    name: str
    pool: EnginePool
    info: ModelInfo


@dataclass(frozen=True, slots=True)
class Languages:
    """Whisper's codes for what may be spoken in a stream: one, or else to be detected.

    Those hinted are the only ones then, if there are any.
    """

    only: str | None
    hinted: tuple[str, ...] = ()


class Engines:
    """Every loaded model; the first is the default. `aliases` are further names of them.

    A model that is replaced stays loaded until the last stream that it serves is over.
    """

    def __init__(
        self,
        models: Sequence[LoadedModel],
        default_language: str | None,
        aliases: Mapping[str, str] = {},
    ) -> None:
        self._retired: dict[str, LoadedModel] = {}
        self._held: Counter[LoadedModel] = Counter()
        self._closing: set[asyncio.Task[None]] = set()
        self._serve(models, default_language, aliases)

    def _serve(
        self,
        models: Sequence[LoadedModel],
        default_language: str | None,
        aliases: Mapping[str, str],
    ) -> None:
        self._models = models
        self._by_name = {
            **{alias.lower(): self._named(name) for alias, name in aliases.items()},
            **{f"whisper-{model.name.lower()}": model for model in models},
            **{model.name.lower(): model for model in models},
            **{model.info.uuid: model for model in models},
        }
        self._default_language = default_language

    @property
    def is_ready(self) -> bool:
        """Whether every engine answers."""
        return all(model.pool.is_ready for model in self._models)

    def __iter__(self) -> Iterator[LoadedModel]:
        return iter(self._models)

    @property
    def is_stuck(self) -> bool:
        """Whether an engine could not even be killed, which only a new daemon may get around."""
        return any(model.pool.is_stuck for model in self._models)

    async def start(self) -> None:
        """Load every model."""
        for model in self._models:
            await model.pool.start()
        self._check_language(self._models[0], self._default_language)

    def loaded(self, name: str) -> LoadedModel | None:
        """A model of that name that is loaded, if only for streams that began earlier."""
        served = (model for model in self._models if model.name == name)
        return next(served, self._retired.get(name))

    def replace(
        self,
        models: Sequence[LoadedModel],
        default_language: str | None,
        aliases: Mapping[str, str],
    ) -> None:
        """Serve new streams with these started models; raises ConfigInvalid and changes nothing."""
        self._check_language(models[0], default_language)
        before = {model.name: model for model in self._models} | self._retired
        self._serve(models, default_language, aliases)
        now = {model.name for model in models}
        self._retired = {name: model for name, model in before.items() if name not in now}
        for model in list(self._retired.values()):
            self._close_unused(model)

    @contextmanager
    def hold(self, model: LoadedModel) -> Iterator[None]:
        """Keep a model loaded, whatever is served meanwhile."""
        self._held[model] += 1
        try:
            yield
        finally:
            self._held[model] -= 1
            self._close_unused(model)

    async def settle(self) -> None:
        """Wait until what is no longer needed is gone, metrics included."""
        await asyncio.gather(*self._closing)

    async def close(self) -> None:
        """Stop every engine."""
        pools = [model.pool for model in (*self._models, *self._retired.values())]
        await asyncio.gather(*(pool.close() for pool in pools), *self._closing)

    def _close_unused(self, model: LoadedModel) -> None:
        if self._held[model] or self._retired.get(model.name) is not model:
            return
        del self._retired[model.name], self._held[model]
        closing = asyncio.create_task(self._close(model.pool))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _close(self, pool: EnginePool) -> None:
        await pool.close()
        if self.loaded(pool.model) is None:
            for replica in range(pool.replicas):
                metrics.forget_engine(pool.model, str(replica))

    def _check_language(self, model: LoadedModel, language: str | None) -> None:
        try:
            _language_for(model, language)
        except InvalidParameter as error:
            fault = (
                f"model.language: {model.name} does not know {language!r};"
                " choose another language, null to detect it, or a multilingual model"
            )
            raise ConfigInvalid([fault]) from error

    def choose(self, asked: str | None) -> LoadedModel:
        """The model that a client means, else the default: Deepgram's names all mean that."""
        return self.named(asked or "") or self._models[0]

    def knows(self, asked: str | None) -> bool:
        """Whether a client asks for no model in particular, or for one that is loaded."""
        return not asked or self.named(asked) is not None

    def named(self, name: str) -> LoadedModel | None:
        """The loaded model that a name, an alias or a UUID means."""
        return self._by_name.get(name.lower())

    def languages_for(self, model: LoadedModel, params: ListenParams) -> Languages:
        """What a client's parameters say of its languages; raises InvalidParameter."""
        hinted = [self.language_for(model, hint) for hint in params.language_hints]
        return Languages(
            self.language_for(model, params.language),
            tuple(dict.fromkeys(code for code in hinted if code)),
        )

    def language_for(self, model: LoadedModel, asked: str | None) -> str | None:
        """Whisper's code for a client's BCP-47 tag, or None to detect the language.

        Raises InvalidParameter with Deepgram's text when the model does not know it.
        """
        return _language_for(model, asked or self._default_language)

    def _named(self, name: str) -> LoadedModel:
        return next(model for model in self._models if model.name == name)


def _language_for(model: LoadedModel, tag: str | None) -> str | None:
    if tag is None or tag == MULTI:
        return None
    code = tag.lower().partition("-")[0]
    languages = model.pool.languages
    if code not in languages:
        known = " and ".join(languages) if len(languages) < _FEW else "no such language"
        remedy = f"The model {model.name} knows {known}."
        raise InvalidParameter(
            "language",
            f"Bad Request: No such model/language/tier combination found. {remedy}",
            "Bad Request",
            remedy=remedy,
        )
    return code
