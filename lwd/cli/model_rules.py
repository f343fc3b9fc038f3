"""What a configuration must keep to that only the catalogue and the store can tell.

So a model that there is not, or that does not speak the language, is told before anything starts.
"""

from collections.abc import Iterable

from lwd.config import Config, Rule
from lwd.errors import ModelUnreadable
from lwd.models.catalogue import CATALOGUE, remedy
from lwd.models.store import ModelStore

_ENGLISH = ("en", "multi")


def _expected_default(config: Config) -> str | None:
    return _expected_known(config, config.model.loaded[:1])


def _expected_also(config: Config) -> str | None:
    return _expected_known(config, config.model.also)


def _expected_known(config: Config, models: Iterable[str]) -> str | None:
    store = ModelStore(config.model.store)
    strays = [f"{model} is {remedy(model)}" for model in models if not _is_known(model, store)]
    return f"what lwd models list shows; {'; '.join(strays)}" if strays else None


def _is_known(model: str, store: ModelStore) -> bool:
    """Whether there may be such a model; that the store cannot be read tells whoever loads it."""
    try:
        return model in CATALOGUE or model in store.installed()
    except ModelUnreadable:
        return True


def _expected_language(config: Config) -> str | None:
    model, language = config.model.loaded[0], config.model.language
    if model not in CATALOGUE or not CATALOGUE[model].family.english or language is None:
        return None
    if language.lower().partition("-")[0] in _ENGLISH:
        return None
    return f"en or null, as {model} knows English alone, or else a multilingual model.name"


MODEL_RULES = (
    Rule("model.name", ("model.quantization", "model.store"), _expected_default),
    Rule("model.also", ("model.store",), _expected_also),
    Rule("model.language", ("model.name", "model.quantization"), _expected_language),
)
