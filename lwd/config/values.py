"""The kinds of values that keys take, each with its bounds and with words for an error."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr


def _written(pattern: str, format_: str) -> Any:
    """Text that matches the pattern; the other says it in an error."""
    return Field(pattern=pattern, json_schema_extra={"format": format_})


ModelName = Annotated[
    str,
    _written(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", "a model's name such as distil-small.en"),
]
Language = Annotated[
    str,
    _written(r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$", "a language code such as en or pt-BR"),
]
CallbackHost = Annotated[
    str,
    _written(r"^(\*\.)?[A-Za-z0-9_.:-]{1,253}$", "a host such as example.com or *.example.com"),
    AfterValidator(str.lower),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Key = Annotated[SecretStr, Field(min_length=1, max_length=512)]
LocalPath = Annotated[Path, AfterValidator(Path.expanduser)]
ListenAddress = Annotated[
    str,
    _written(
        (
            r"^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):"
            r"(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$"
        ),
        "an address and a port such as 127.0.0.1:8081",
    ),
]
HostName = Annotated[
    str,
    _written(r"^[A-Za-z0-9._-]{1,253}$", "a host's name without port such as lwd.example"),
]
Origin = Annotated[
    str,
    _written(
        r"^(null|[A-Za-z][A-Za-z0-9+.-]*://[^\s/]{0,253})$", "an origin such as https://app.example"
    ),
]


def split_address(address: str) -> tuple[str, int]:
    """Host, without brackets, and port of a ListenAddress."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
