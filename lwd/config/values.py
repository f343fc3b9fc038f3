"""The kinds of values that keys take, each with its bounds and with words for an error."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

ModelName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        json_schema_extra={"format": "a model's name such as distil-small.en"},
    ),
]
Language = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$",
        json_schema_extra={"format": "a language code such as en or pt-BR"},
    ),
]
CallbackHost = Annotated[
    str,
    Field(
        pattern=r"^(\*\.)?[A-Za-z0-9_.:-]{1,253}$",
        json_schema_extra={"format": "a host such as example.com or *.example.com"},
    ),
    AfterValidator(str.lower),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Key = Annotated[SecretStr, Field(min_length=1, max_length=512)]
LocalPath = Annotated[Path, AfterValidator(Path.expanduser)]
ListenAddress = Annotated[
    str,
    Field(
        pattern=(
            r"^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):"
            r"(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$"
        ),
        json_schema_extra={"format": "an address and a port such as 127.0.0.1:8081"},
    ),
]
HostName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._-]{1,253}$",
        json_schema_extra={"format": "a host's name without port such as lwd.example"},
    ),
]
Origin = Annotated[
    str,
    Field(
        pattern=r"^(null|[A-Za-z][A-Za-z0-9+.-]*://[^\s/]{0,253})$",
        json_schema_extra={"format": "an origin such as https://app.example"},
    ),
]
