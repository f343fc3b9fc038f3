"""Where the configuration comes from: command line, LWD_* variables, the earlier server's, a file.

Owns the order of these sources and the report of every fault in them. Knows nothing of what the
values mean: that is schema.py's.
"""

import difflib
import os
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lwd.config.rules import Context, Rule
from lwd.config.schema import Config
from lwd.errors import ConfigInvalid

EARLIER_VARIABLES = {
    "LIGHTNING_WHISPER_MODEL": "model.name",
    "LIGHTNING_WHISPER_BATCH_SIZE": "engine.batch_size",
    "LIGHTNING_WHISPER_QUANT": "model.quantization",
    "LIGHTNING_WHISPER_CHUNK_SIZE": "streaming.chunk_s",
    "LIGHTNING_WHISPER_SAMPLE_RATE": "streaming.assumed_sample_rate",
    "LIGHTNING_WHISPER_LANGUAGE": "model.language",
    "LIGHTNING_WHISPER_ENABLE_WORD_TIMESTAMPS": "engine.word_timestamps",
}

SECTIONS = tuple(Config.model_fields)

# The JSON schema of each key.
FIELDS: dict[str, dict[str, Any]] = {
    f"{section}.{name}": schema
    for section, field in Config.model_fields.items()
    for name, schema in type(field.default).model_json_schema()["properties"].items()
}

# Every variable with the key that it sets. A section's takes a mapping.
VARIABLES = {
    "LWD_" + path.replace(".", "__").upper(): path for path in (*SECTIONS, *FIELDS)
} | EARLIER_VARIABLES

_NOUNS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "ipvanynetwork": "a network such as 10.0.0.0/8",
    "null": "null",
    "number": "a number",
    "password": "a key",
    "path": "a path",
}

_ALIKE = 0.6  # what difflib takes for a good match


class _Setting(NamedTuple):
    keys: tuple[str, ...]  # ("server", "port"); anything else is misplaced
    value: object
    origin: str

    @property
    def path(self) -> str:
        return ".".join(self.keys)


def load_config(
    path: Path | None,
    overrides: Mapping[str, object] = {},
    environ: Mapping[str, str] = os.environ,
    rules: Sequence[Rule] = (),
) -> Config:
    """Read and validate the configuration, which must keep these `rules` besides its own.

    `overrides` come from the command line, by dotted path ({"server.port": 9001}). They win over
    LWD_* variables, these over the earlier server's, these over the file at `path`, this over the
    defaults. Raises ConfigInvalid with the faults of all sources.
    """
    problems: list[str] = []
    settings: dict[str, _Setting] = {}
    for setting in chain(
        _from_file(path, problems) if path else (),
        _from_environ(environ, problems),
        *(
            _settings(tuple(key.split(".")), value, "command line")
            for key, value in overrides.items()
        ),
    ):
        if setting.path in FIELDS and setting.keys[0] in SECTIONS:
            settings[setting.path] = setting
        else:
            problems.append(_misplaced(setting))
    problems += _faults(settings, rules)
    if problems:
        raise ConfigInvalid(problems)
    return _validate(settings, rules)


def effective(config: Config) -> str:
    """Return the configuration as YAML: keys masked, and each given value with its origin."""
    lines = []
    for section, values in config.model_dump(mode="json").items():
        lines.append(f"{section}:")
        for name, value in values.items():
            text = yaml.safe_dump(value, default_flow_style=True, width=10_000).splitlines()[0]
            origin = config.origin(f"{section}.{name}")
            lines.append(f"  {name}: {text}" + (f"  # {origin}" if origin else ""))
    return "\n".join(lines)


def expected(schema: Mapping[str, Any]) -> str:
    """Say which values a JSON schema takes, bounds included."""
    if "anyOf" in schema:
        return ", or ".join(map(expected, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "items" in schema:
        return f"a list of at most {schema['maxItems']}, each {expected(schema['items'])}"
    if "additionalProperties" in schema:
        inner = expected(schema["additionalProperties"])
        return f"a mapping of at most {schema['maxProperties']} names, each to {inner}"
    kind: str = schema.get("format", schema["type"])
    bounds = f" from {schema['minimum']} to {schema['maximum']}" if "minimum" in schema else ""
    return _NOUNS.get(kind, kind) + bounds


class _Loader(yaml.BaseLoader):
    """Leaves scalars as text for the field to parse: `no` is Norwegian, a key keeps its zeros."""

    def __init__(self, stream: str | bytes) -> None:
        super().__init__(stream)
        self.duplicates: list[str] = []

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        is_null = node.style is None and node.value in ("", "~", "null")
        return None if is_null else node.value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                self.duplicates.append(
                    f"line {key.start_mark.line + 1}: {key.value} is given twice"
                )
            seen.add(key.value)
        return {"" if key is None else key: value for key, value in mapping.items()}


def _from_yaml(text: str | bytes, origin: str, problems: list[str]) -> object:
    """Parse one YAML document; duplicate keys go to `problems`, a syntax error is raised."""
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        problems += (f"{origin}, {duplicate}" for duplicate in loader.duplicates)
        loader.dispose()


def _from_file(path: Path, problems: list[str]) -> Iterator[_Setting]:
    try:
        document = _from_yaml(path.read_bytes(), str(path), problems)
    except OSError as error:
        raise ConfigInvalid([f"{path}: cannot be read: {error.strerror}"]) from error
    except yaml.YAMLError as error:
        raise ConfigInvalid([f"{path}{_syntax(error)}"]) from error
    return _settings((), document, str(path))


def _from_environ(environ: Mapping[str, str], problems: list[str]) -> Iterator[_Setting]:
    for name in sorted(environ):  # LIGHTNING_WHISPER_* sort before LWD_*, which win
        if not name.startswith(("LIGHTNING_WHISPER_", "LWD_")):
            continue
        if name not in VARIABLES:
            problems.append(f"{name}: unknown variable{_hint(name, VARIABLES)}")
            continue
        try:
            value = _from_yaml(environ[name], name, problems)
        except yaml.YAMLError as error:
            problems.append(f"{name}{_syntax(error)}")
        else:
            yield from _settings(tuple(VARIABLES[name].split(".")), value, name)


def _settings(keys: tuple[str, ...], value: object, origin: str) -> Iterator[_Setting]:
    """Take apart the document and its sections; what stands below them is a field's value."""
    is_section = ".".join(keys) in ("", *SECTIONS)
    if is_section and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _settings((*keys, str(key)), inner, origin)
    elif not (is_section and value is None):
        yield _Setting(keys, value, origin)


def _validate(settings: Mapping[str, _Setting], rules: Sequence[Rule]) -> Config:
    tree: dict[str, dict[str, object]] = {}
    for (section, name), value, _ in settings.values():
        tree.setdefault(section, {})[name] = value
    origins = {path: setting.origin for path, setting in settings.items()}
    return Config.model_validate(tree, context=Context(origins, rules))


def _errors(settings: Mapping[str, _Setting], rules: Sequence[Rule]) -> list[ErrorDetails]:
    try:
        _validate(settings, rules)
    except ValidationError as error:
        return error.errors()
    return []


def _faults(settings: Mapping[str, _Setting], rules: Sequence[Rule]) -> Iterator[str]:
    """Describe each value that is out of bounds, then each rule that the sound values break."""
    wrong = set()
    for error in _errors(settings, rules):
        if error["type"] != "rules":
            section, name, *index = error["loc"]
            wrong.add(f"{section}.{name}")
            yield _fault(settings[f"{section}.{name}"], index, error["input"])
    sound = {path: setting for path, setting in settings.items() if path not in wrong}
    for error in _errors(sound, rules):
        for rule, text in error["ctx"]["broken"]:
            if wrong.isdisjoint((rule.path, *rule.others)):
                yield _broken(rule, text, settings)


def _fault(setting: _Setting, index: Iterable[int | str], value: object) -> str:
    schema = FIELDS[setting.path]
    for _ in index:
        schema = schema.get("items") or schema["additionalProperties"]
    name = ".".join([setting.path, *map(str, index)])
    shown = "" if "writeOnly" in str(schema) else f"{_shown(value)}; "
    return f"{name} ({setting.origin}): {shown}expected {expected(schema)}"


def _broken(rule: Rule, text: str, settings: Mapping[str, _Setting]) -> str:
    default = _Setting(tuple(rule.path.split(".")), FIELDS[rule.path]["default"], "default")
    setting = settings.get(rule.path, default)
    return f"{rule.path} ({setting.origin}): {_shown(setting.value)}; expected {text}"


def _misplaced(setting: _Setting) -> str:
    if not setting.keys:
        return f"{setting.origin}: expected a mapping of sections"
    if setting.path in SECTIONS:
        fault = "expected a mapping"
    elif setting.path in FIELDS:
        section, _, name = setting.path.partition(".")
        fault = f"unknown key; {name} belongs under {section}:"
    else:
        fault = "unknown key" + _hint(setting.path, (*SECTIONS, *FIELDS))
    return f"{setting.path} ({setting.origin}): {fault}"


def _hint(name: str, known: Iterable[str]) -> str:
    nearest = max(known, key=lambda one: _likeness(name, one))
    return f"; did you mean {nearest}?" if _likeness(name, nearest)[0] >= _ALIKE else ""


def _likeness(name: str, other: str) -> tuple[float, float]:
    """How alike two keys or variables are, prefixes and perhaps sections aside; then in full."""
    one, two = _without_prefix(name), _without_prefix(other)
    bare = max(_ratio(one, two), _ratio(one.split(".")[-1], two.split(".")[-1]))
    return bare, _ratio(name, other)


def _without_prefix(name: str) -> str:
    return re.sub("^(lwd|lightning_whisper)_", "", name.lower()).replace("__", ".")


def _ratio(one: str, two: str) -> float:
    return difflib.SequenceMatcher(None, one, two).ratio()


def _shown(value: object) -> str:
    return "null" if value is None else reprlib.repr(value).strip("'")


def _syntax(error: yaml.YAMLError) -> str:
    """Say where and why text is not YAML. The line itself is not shown, as it may hold keys."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        why = ", ".join(filter(None, [error.context, error.problem]))
        return f", line {error.problem_mark.line + 1}: not YAML: {why}"
    return ": not YAML"
