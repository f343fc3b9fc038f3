"""Two configurations compared: which keys differ, and which of these a running daemon can take.

Knows nothing of how they are taken.
"""

from pydantic import ValidationError

from lwd.config.load import FIELDS
from lwd.config.schema import Config
from lwd.errors import ConfigInvalid

_FIXED_SECTIONS = ("engine", "ops")
_FIXED = {
    "server.host",
    "server.port",
    "server.header_timeout_s",
    "server.stall_timeout_s",
    "model.replicas",
    "model.store",
    "log.format",
    "log.file",
    "log.rotate",
    "log.max_bytes",
    "log.keep",
}
_FREE = {"engine.interim_deadline_s"}


def changed(before: Config, after: Config) -> list[str]:
    """The keys whose values differ, in the order of the documentation."""
    return [path for path in FIELDS if _value(before, path) != _value(after, path)]


def needs_restart(path: str) -> bool:
    """Whether the daemon looks at a key only when it starts."""
    return path not in _FREE and (path in _FIXED or path.partition(".")[0] in _FIXED_SECTIONS)


def reloadable(before: Config, after: Config) -> Config:
    """What of `after` a daemon that started with `before` can take.

    Raises ConfigInvalid where that breaks a rule, as without the keys that the old address needs.
    """
    tree: dict[str, dict[str, object]] = {}
    for path in FIELDS:
        section, _, name = path.partition(".")
        source = before if needs_restart(path) else after
        tree.setdefault(section, {})[name] = _value(source, path)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        # Its own text would show values.
        problems = [str(one["msg"]) for one in error.errors(include_input=False)]
        raise ConfigInvalid([f"{one}; restart lwd instead" for one in problems]) from None


def _value(config: Config, path: str) -> object:
    section, _, name = path.partition(".")
    return getattr(getattr(config, section), name)
