"""The loaded models: which of them serves a stream, and in which language."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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
    """Every loaded model; the first is the default. `aliases` are further names of them."""

    def __init__(
        self,
        models: Sequence[LoadedModel],
        default_language: str | None,
        aliases: Mapping[str, str] = {},
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

    async def start(self) -> None:
        """Load every model."""
        for model in self._models:
            await model.pool.start()
        try:
            self.language_for(self._models[0], None)
        except InvalidParameter as error:
            fault = (
                f"model.language: {self._models[0].name} does not know {self._default_language!r};"
                " choose another language, null to detect it, or a multilingual model"
            )
            raise ConfigInvalid([fault]) from error

    async def close(self) -> None:
        """Stop every engine."""
        await asyncio.gather(*(model.pool.close() for model in self._models))

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
        tag = asked or self._default_language
        if tag is None or tag == MULTI:
            return None
        code = tag.lower().partition("-")[0]
        languages = model.pool.languages
        if code not in languages:
            known = " and ".join(languages) if len(languages) < _FEW else "no such language"
            raise InvalidParameter(
                "language",
                "Bad Request: No such model/language/tier combination found."
                f" The model {model.name} knows {known}.",
                "Bad Request",
            )
        return code

    def _named(self, name: str) -> LoadedModel:
        return next(model for model in self._models if model.name == name)
