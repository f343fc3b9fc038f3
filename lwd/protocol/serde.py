"""JSON texts in, and the faults in them described as Rust's serde_json describes them.

Deepgram's server is written in Rust and hands serde's words to its clients, so they are part of
its protocol. This module knows nothing of message kinds. Columns count UTF-8 bytes from 1.
"""

import json
import re
from collections.abc import Iterable, Mapping
from json import JSONDecodeError

from lwd.errors import SchemaError

_MAX_SHOWN = 64
_TYPE_MEMBER = re.compile(r'"type"\s*:\s*("(?:[^"\\]|\\.)*")')

# The start of each of Python's messages, and serde_json's own for the same fault.
_FAULTS = (
    ("Expecting property name", "key must be a string"),
    ("Expecting ':'", "expected `:`"),
    ("Expecting ','", "expected `,` or `}`"),
    ("Extra data", "trailing characters"),
    ("Illegal trailing comma", "trailing comma"),
    (
        "Invalid control character",
        "control character (\\u0000-\\u001F) found while parsing a string",
    ),
    ("Invalid \\", "invalid escape"),
    ("", "expected value"),
)
_TYPE_NAMES = {
    bool: "boolean",
    int: "integer",
    float: "floating point",
    str: "string",
    list: "sequence",
    dict: "map",
    type(None): "null",
}


def schema_error(problem: str) -> SchemaError:
    """Deepgram's words before any fault in a text frame."""
    return SchemaError(f"Could not deserialize last text message: {problem}")


def load_object(text: str) -> dict[str, object]:
    """The JSON object in `text`; raises SchemaError."""
    try:
        value = json.loads(text)
    except JSONDecodeError as error:
        raise schema_error(_syntax_fault(text, error)) from None
    except RecursionError:
        raise schema_error("recursion limit exceeded") from None
    except ValueError:  # Python refuses integers of more than 4,300 digits
        raise schema_error("number out of range") from None
    if not isinstance(value, dict):
        raise schema_error(f"invalid type: {_type_name(value)}, expected map{_at_end(text)}")
    return value


def load_variant(message: Mapping[str, object], text: str) -> str:
    """The `type` of a message that was loaded from `text`; raises SchemaError."""
    if "type" not in message:
        raise schema_error(f"missing field `type`{_at_end(text)}")
    variant = message["type"]
    if not isinstance(variant, str):
        problem = f"invalid type: {_type_name(variant)}, expected variant identifier"
        raise schema_error(problem + _at_end(text))
    return variant


def load_integer(message: Mapping[str, object], name: str, low: int, high: int) -> int | None:
    """An optional integer member within limits; raises SchemaError."""
    value = message.get(name)
    if value is None:
        return None
    if type(value) is not int:  # to Python a bool is an int; to JSON it is not
        problem = f"invalid type: {_type_name(value)}"
    elif not low <= value <= high:
        problem = f"invalid value: integer `{str(value)[:_MAX_SHOWN]}`"
    else:
        return value
    raise schema_error(f"{problem} for field `{name}`, expected an integer from {low} to {high}")


def load_string(message: Mapping[str, object], name: str) -> str:
    """A required string member; raises SchemaError."""
    if name not in message:
        raise schema_error(f"missing field `{name}`")
    value = message[name]
    if not isinstance(value, str):
        raise _wrong_type(name, value, "a string")
    return value


def load_boolean(message: Mapping[str, object], name: str) -> bool | None:
    """An optional boolean member; raises SchemaError."""
    value = message.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise _wrong_type(name, value, "a boolean")


def load_map(message: Mapping[str, object], name: str) -> Mapping[str, object]:
    """An optional object, empty where there is none; raises SchemaError."""
    value = message.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _wrong_type(name, value, "a map")


def load_strings(message: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    """An optional array of strings; raises SchemaError."""
    value = message.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise _wrong_type(name, value, "a sequence")
    for item in value:
        if not isinstance(item, str):
            raise _wrong_type(name, item, "strings")
    return tuple(value)


def unknown_variant(variant: str, expected: Iterable[str], text: str) -> SchemaError:
    """The error for a `type` that names no message, pointing behind its closing quote."""
    names = ", ".join(f"`{name}`" for name in expected)
    ends = (m.end() for m in _TYPE_MEMBER.finditer(text) if json.loads(m[1]) == variant)
    where = _at(text, next(ends, len(text)))
    # JSON can escape half of a surrogate pair, which UTF-8 cannot carry back.
    shown = variant[:_MAX_SHOWN].encode(errors="replace").decode()
    return schema_error(f"unknown variant `{shown}`, expected one of {names}{where}")


def _syntax_fault(text: str, error: JSONDecodeError) -> str:
    if error.msg.startswith("Unterminated string"):
        return f"EOF while parsing a string{_at_end(text)}"
    if error.pos >= len(text):
        unfinished = "a value" if error.msg == "Expecting value" else "an object"
        return f"EOF while parsing {unfinished}{_at_end(text)}"
    problem = next(serde for python, serde in _FAULTS if error.msg.startswith(python))
    return problem + _at(text, error.pos + 1)


def _at(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    line_start = text.rfind("\n", 0, offset) + 1
    return f" at line {line} column {len(text[line_start:offset].encode())}"


def _at_end(text: str) -> str:
    return _at(text, len(text))


def _wrong_type(name: str, value: object, expected: str) -> SchemaError:
    return schema_error(
        f"invalid type: {_type_name(value)} for field `{name}`, expected {expected}"
    )


def _type_name(value: object) -> str:
    return _TYPE_NAMES[type(value)]
