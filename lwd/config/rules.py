"""What must hold between values of the configuration, each of which is right by itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lwd.auth.origin import is_loopback
from lwd.config.values import split_address

if TYPE_CHECKING:
    from lwd.config.schema import Config

_ALL_ADDRESSES = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound


class Rule(NamedTuple):
    """What must hold between the value at `path` and those at `others`.

    `expected` says what the value should be, or None where the rule holds.
    """

    path: str
    others: tuple[str, ...]
    expected: "Callable[[Config], str | None]"


class Context(NamedTuple):
    """What a configuration is validated with: the source of each value by its path, more rules."""

    origins: Mapping[str, str]
    rules: Sequence[Rule]


def _expected_host(config: "Config") -> str | None:
    if not config.auth.is_open or is_loopback(config.server.host):
        return None
    return (
        "a loopback address such as 127.0.0.1 while auth.keys is empty, or else at least one key"
        " there or in auth.keys_file"
    )


def _expected_ops_host(config: "Config") -> str | None:
    if not config.auth.is_open or is_loopback(config.ops.host):
        return None
    return "a loopback address such as 127.0.0.1:8081 while no key is asked for"


def _expected_ops_port(config: "Config") -> str | None:
    if not _meet(config.ops.listen, _clients_address(config)):
        return None
    return "another port than the clients' in server.port"


def _expected_agent_port(config: "Config") -> str | None:
    agent = config.ops.agent_listen
    if agent is None or not any(
        _meet(agent, other) for other in (config.ops.listen, _clients_address(config))
    ):
        return None
    return "a port of its own, neither that of ops.listen nor server.port"


def _clients_address(config: "Config") -> str:
    return f"{config.server.host}:{config.server.port}"


def _meet(one: str, other: str) -> bool:
    """Whether two listeners want the same port of an address; port 0 is never the same."""
    (host, port), (other_host, other_port) = split_address(one), split_address(other)
    hosts = {host, other_host}
    by_name = "localhost" in hosts and all(map(is_loopback, hosts))
    return port == other_port != 0 and (len(hosts) == 1 or by_name or bool(hosts & _ALL_ADDRESSES))


def _expected_threshold(config: "Config") -> str | None:
    if config.vad.silence_threshold <= config.vad.speech_threshold:
        return None
    return "at most vad.speech_threshold"


def _expected_aliases(config: "Config") -> str | None:
    loaded = config.model.loaded
    strays = [name for name in config.model.aliases.values() if name not in loaded]
    if not strays:
        return None
    return (
        f"aliases of {' or '.join(loaded)}; {', '.join(strays)} is not loaded: add it to model.also"
    )


def _expected_names(config: "Config") -> str | None:
    loaded = {prefix + name.lower() for name in config.model.loaded for prefix in ("", "whisper-")}
    names = [alias.lower() for alias in config.model.aliases]
    unclear = [
        alias
        for alias, name in zip(config.model.aliases, names, strict=True)
        if not name.strip() or name in loaded or names.count(name) > 1
    ]
    if not unclear:
        return None
    return (
        "names that are not empty, not those of loaded models, and not alike but for case; "
        f"correct {', '.join(map(repr, unclear))}"
    )


def _expected_also(config: "Config") -> str | None:
    loaded = config.model.loaded
    repeated = sorted({name for name in loaded if loaded.count(name) > 1})
    if not repeated:
        return None
    return (
        f"models other than the default {loaded[0]}, each once; {', '.join(repeated)} is repeated"
    )


_LOADED = ("model.name", "model.quantization", "model.also")

RULES = (
    Rule("server.host", ("auth.keys", "auth.keys_file"), _expected_host),
    Rule("ops.listen", ("auth.keys", "auth.keys_file"), _expected_ops_host),
    Rule("ops.listen", ("server.host", "server.port"), _expected_ops_port),
    Rule("ops.agent_listen", ("server.host", "server.port", "ops.listen"), _expected_agent_port),
    Rule("vad.silence_threshold", ("vad.speech_threshold",), _expected_threshold),
    Rule("model.also", ("model.name", "model.quantization"), _expected_also),
    Rule("model.aliases", _LOADED, _expected_aliases),
    Rule("model.aliases", _LOADED, _expected_names),
)
