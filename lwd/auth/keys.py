"""An API key as lwd knows it: by its hash, with its limits; and the text that lists such keys.

Knows neither the file that holds the text nor the clock.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

_SECRET_BYTES = 20
"""Python SDK 2 refuses every key but 40 lower-case hexadecimal digits."""

_ID_BYTES = 4
_MAX_KEYS = 1000
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key without the key itself. A limit that is None does not hold.

    `id` is public: it names the key in logs. `generation` counts how often the key was replaced;
    tokens of earlier ones are no longer good.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    label: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    streams: Annotated[int, Field(ge=1, le=10_000)] | None = None
    handshakes_per_minute: Annotated[int, Field(ge=1, le=10_000)] | None = None
    disabled: bool = False
    created: AwareDatetime | None = None
    expires: AwareDatetime | None = None
    generation: Annotated[int, Field(ge=0)] = 0

    def state(self, now: datetime) -> Literal["enabled", "disabled", "expired"]:
        """Whether the key opens anything at that time, and if not, why."""
        if self.disabled:
            return "disabled"
        return "expired" if self.expires is not None and self.expires <= now else "enabled"


def fingerprint(secret: str) -> str:
    """What is kept of a key: its SHA-256, in hexadecimal. Takes any text, lone surrogates too."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_secret() -> str:
    """A key that nobody can guess, in the form that every SDK takes."""
    return secrets.token_hex(_SECRET_BYTES)


def new_id() -> str:
    """A name for a key."""
    return secrets.token_hex(_ID_BYTES)


def parse_keys(text: bytes) -> tuple[Key, ...]:
    """Read `{"keys": [...]}`, JSON; raises ValueError saying what is wrong, never showing values."""
    try:
        keys = _ADAPTER.validate_json(text).keys
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None
    for name in ("id", "sha256"):
        seen: set[str] = set()
        for index, value in enumerate(getattr(key, name) for key in keys):
            if value in seen:
                raise ValueError(f"keys.{index}.{name}: another key has it too")
            seen.add(value)
    return keys


def format_keys(keys: tuple[Key, ...]) -> bytes:
    """The text that `parse_keys` reads; raises ValueError where it would not read it."""
    text = _ADAPTER.dump_json(_Document(keys), indent=2) + b"\n"
    parse_keys(text)
    return text


@dataclass(frozen=True, slots=True)
class _Document:
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    keys: Annotated[tuple[Key, ...], Field(max_length=_MAX_KEYS)]


_ADAPTER = TypeAdapter(_Document)
