"""The query parameters of `GET /v1/listen`: what a client may ask of a stream.

Owns names, defaults, limits and the texts of refusals. It does not know how audio is decoded:
what a stream without `encoding` contains is found out from its first bytes, elsewhere.
https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lwd.errors import InvalidParameter

MIN_SAMPLE_RATE: Final = 8_000
MAX_SAMPLE_RATE: Final = 48_000
MAX_CHANNELS: Final = 20
DEFAULT_ENDPOINTING_MS: Final = 10
MIN_UTTERANCE_END_MS: Final = 1_000

_MAX_INTEGER = 2**31 - 1
_MAX_SHOWN = 40
_BOOLEANS = {"true": True, "false": False}
_LATER_ENCODINGS = frozenset(
    {"linear32", "alaw", "mulaw", "amr-nb", "amr-wb", "opus", "ogg-opus", "speex", "g729"}
)
_CALLBACK_METHODS = ("POST", "GET", "PUT", "DELETE")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}|multi")


class Encoding(Enum):
    """How a client says that its audio is encoded."""

    LINEAR16 = "linear16"
    FLAC = "flac"


@dataclass(frozen=True, slots=True)
class ListenParams:
    """One stream's parameters, validated; each default is Deepgram's.

    `language` is None if none was given, and `multi` where the speakers switch languages.
    `encoding` is None for a container (or for raw audio that the client did not describe);
    `sample_rate` is always set with LINEAR16. `endpointing_ms` and `utterance_end_ms` are None
    where that event is off. `smart_format` implies `punctuate`. `callback` is as it was given;
    which URLs will do is the server's to say.
    """

    model: str | None = None
    language: str | None = None
    encoding: Encoding | None = None
    sample_rate: int | None = None
    channels: int = 1
    multichannel: bool = False
    interim_results: bool = False
    punctuate: bool = False
    smart_format: bool = False
    endpointing_ms: int | None = DEFAULT_ENDPOINTING_MS
    utterance_end_ms: int | None = None
    vad_events: bool = False
    callback: str | None = None
    callback_method: str = "POST"


def parse_listen_params(query: Iterable[tuple[str, str]]) -> ListenParams:
    """Validate decoded query pairs; the last of a repeated key wins, unknown keys are ignored.

    Raises InvalidParameter with a text for the client: it names the parameter, what was given
    and what is expected, and it is safe in an HTTP header.
    """
    given = dict(query)
    encoding = _encoding(given)
    smart_format = _boolean(given, "smart_format")
    return ListenParams(
        model=given.get("model"),
        language=_language(given),
        encoding=encoding,
        sample_rate=_sample_rate(given, encoding),
        channels=_integer(given.get("channels", "1"), "channels", 1, MAX_CHANNELS),
        multichannel=_boolean(given, "multichannel"),
        interim_results=_boolean(given, "interim_results"),
        punctuate=_boolean(given, "punctuate") or smart_format,
        smart_format=smart_format,
        endpointing_ms=_endpointing_ms(given),
        utterance_end_ms=_utterance_end_ms(given),
        vad_events=_boolean(given, "vad_events"),
        callback=given.get("callback") or None,
        callback_method=_callback_method(given),
    )


def _refusal(name: str, problem: str) -> InvalidParameter:
    return InvalidParameter(name, f"Failed to deserialize query parameters: {name}: {problem}")


def _shown(value: str) -> str:
    # The text becomes the `dg-error` header too: printable ASCII only, and short.
    return f"`{ascii(value[:_MAX_SHOWN])[1:-1]}`"


def _boolean(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false")
    try:
        return _BOOLEANS[value.lower()]
    except KeyError:
        problem = f"provided string {_shown(value)} was not `true` or `false`"
        raise _refusal(name, problem) from None


def _integer(value: str, name: str, low: int = 0, high: int = _MAX_INTEGER) -> int:
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit()):
        problem = f"invalid digit found in string {_shown(value)}"
    elif len(digits) > len(str(_MAX_INTEGER)) or not low <= int(digits) <= high:
        problem = f"{_shown(digits)} is out of range"
    else:
        return int(digits)
    raise _refusal(name, f"{problem}, expected an integer from {low} to {high}")


def _encoding(given: Mapping[str, str]) -> Encoding | None:
    value = given.get("encoding")
    if value is None:
        return None
    if value in _LATER_ENCODINGS:
        problem = (
            f"`{value}` is not supported by this release; send `linear16`,"
            " or leave out `encoding` and send a WAV or FLAC container"
        )
        raise _refusal("encoding", problem)
    try:
        return Encoding(value)
    except ValueError:
        expected = ", ".join(f"`{encoding.value}`" for encoding in Encoding)
        problem = f"unknown variant {_shown(value)}, expected one of {expected}"
        raise _refusal("encoding", problem) from None


def _sample_rate(given: Mapping[str, str], encoding: Encoding | None) -> int | None:
    value = given.get("sample_rate")
    if encoding is Encoding.FLAC:
        return None if value is None else _integer(value, "sample_rate")
    if value is not None:
        return _integer(value, "sample_rate", MIN_SAMPLE_RATE, MAX_SAMPLE_RATE)
    if encoding is None:
        return None
    raise InvalidParameter(
        "sample_rate",
        "Failed to deserialize query parameters: missing field `sample_rate`: `encoding=linear16`"
        " is raw audio; add its rate in Hz, for example `sample_rate=16000`",
    )


def _language(given: Mapping[str, str]) -> str | None:
    language = given.get("language")
    if language is None or _LANGUAGE_TAG.fullmatch(language):
        return language
    raise InvalidParameter(
        "language",
        "Bad Request: No such model/language/tier combination found."
        f" You could try a BCP-47 tag such as 'en-US', or 'multi' (language: {_shown(language)}).",
        "Bad Request",  # Deepgram's code where a value parses but names nothing
    )


def _endpointing_ms(given: Mapping[str, str]) -> int | None:
    value = given.get("endpointing", "true")
    if value.lower() in _BOOLEANS:
        return DEFAULT_ENDPOINTING_MS if _BOOLEANS[value.lower()] else None
    return _integer(value, "endpointing")


def _utterance_end_ms(given: Mapping[str, str]) -> int | None:
    if "utterance_end_ms" not in given:
        return None
    utterance_end_ms = _integer(given["utterance_end_ms"], "utterance_end_ms")
    if utterance_end_ms < MIN_UTTERANCE_END_MS:
        raise InvalidParameter(
            "utterance_end_ms", f"Invalid 'utterance_end_ms' value of '{utterance_end_ms}'."
        )
    return utterance_end_ms


def _callback_method(given: Mapping[str, str]) -> str:
    value = given.get("callback_method", "POST")
    if value.upper() not in _CALLBACK_METHODS:
        expected = ", ".join(f"`{method}`" for method in _CALLBACK_METHODS)
        problem = f"unknown variant {_shown(value)}, expected one of {expected}"
        raise _refusal("callback_method", problem)
    return value.upper()
