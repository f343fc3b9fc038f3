"""What a client says on the socket beside its audio: one JSON object in each text frame.

Owns the message kinds, their fields and their names. It does not know what a stream does with
them; that is `session`. The `ListenV1…` names are those of the server that came before this one;
Deepgram's own SDKs never send them.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lwd.errors import SchemaError
from lwd.protocol.params import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from lwd.protocol.serde import (
    load_boolean,
    load_integer,
    load_map,
    load_object,
    load_string,
    load_strings,
    load_variant,
    schema_error,
    unknown_variant,
)


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Resets the idle clock. Gets no answer and does not advance the audio clock."""


@dataclass(frozen=True, slots=True)
class Finalize:
    """Transcribe now what has been received: all of it, or one channel (counted from 0)."""

    channel: int | None


@dataclass(frozen=True, slots=True)
class CloseStream:
    """Transcribe what has been received, send Metadata, and close with code 1000."""


@dataclass(frozen=True, slots=True)
class Configure:
    """Changes features in the middle of a stream; None leaves one as it is.

    Keyterms are answered for, and an empty tuple clears them; numerals get no answer.
    """

    keyterms: tuple[str, ...] | None = None
    numerals: bool | None = None


@dataclass(frozen=True, slots=True)
class ConfigureAudio:
    """Describes raw audio before its first byte; None leaves a value as it is."""

    sample_rate: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class Sync:
    """Named by Deepgram's own error text, documented nowhere; accepted without effect."""


@dataclass(frozen=True, slots=True)
class Media:
    """Audio inside a text frame, decoded from base64."""

    audio: bytes


Control = KeepAlive | Finalize | CloseStream | Configure | ConfigureAudio | Sync | Media

_Message = Mapping[str, object]


def _finalize(message: _Message) -> Finalize:
    return Finalize(load_integer(message, "channel", 0, MAX_CHANNELS - 1))


def _configure(message: _Message) -> Configure:
    """The older form of Deepgram's SDKs names the features `processors`."""
    features = load_map(message, "features") or load_map(message, "processors")
    return Configure(load_strings(message, "keyterms"), load_boolean(features, "numerals"))


def _configure_audio(message: _Message) -> ConfigureAudio:
    return ConfigureAudio(
        sample_rate=load_integer(message, "sample_rate", MIN_SAMPLE_RATE, MAX_SAMPLE_RATE),
        channels=load_integer(message, "channels", 1, MAX_CHANNELS),
    )


def _media(message: _Message) -> Media:
    try:
        return Media(base64.b64decode(load_string(message, "data"), validate=True))
    except ValueError:
        raise schema_error("invalid value for field `data`, expected base64") from None


# In the order in which Deepgram's own error text lists them.
_DEEPGRAM: dict[str, Callable[[_Message], Control]] = {
    "CloseStream": lambda _: CloseStream(),
    "Configure": _configure,
    "Sync": lambda _: Sync(),
    "KeepAlive": lambda _: KeepAlive(),
    "Finalize": _finalize,
}
_READERS = _DEEPGRAM | {
    "ListenV1CloseStream": _DEEPGRAM["CloseStream"],
    "ListenV1Configure": _configure_audio,
    "ListenV1KeepAlive": _DEEPGRAM["KeepAlive"],
    "ListenV1Finalize": _finalize,
    "ListenV1Media": _media,
}


def parse_text(text: str) -> Control:
    """Read a text frame; raises SchemaError whose description is meant for the client.

    `type` is matched exactly and with its case; members that a kind does not have are ignored.
    """
    message = load_object(text)
    variant = load_variant(message, text)
    reader = _READERS.get(variant)
    if reader is None:
        raise unknown_variant(variant, _DEEPGRAM, text)
    return reader(message)


def parse_binary(data: bytes) -> Control | None:
    """The control message in a binary frame, or None: audio.

    vocode sends CloseStream as bytes. One look at the first byte settles nearly every audio frame.
    """
    if not data.startswith(b"{"):
        return None
    try:
        return parse_text(data.decode())
    except (UnicodeDecodeError, SchemaError):
        return None
