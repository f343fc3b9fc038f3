"""The query parameters of `GET /v1/listen`: what a client may ask of a stream.

Owns names, defaults, limits and the texts of refusals. It does not know how audio is decoded:
what a stream without `encoding` contains is found out from its first bytes, elsewhere.
https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final

from lwd.errors import InvalidParameter
from lwd.protocol.query import MAX_INTEGER, Query, refusal, shown, unknown_variant

MIN_SAMPLE_RATE: Final = 8_000
MAX_SAMPLE_RATE: Final = 192_000
MAX_CHANNELS: Final = 20
DEFAULT_ENDPOINTING_MS: Final = 10
MIN_UTTERANCE_END_MS: Final = 1_000
MAX_KEYTERMS: Final = 100
MULTI: Final = "multi"
"""The language of speakers who switch languages."""

KEYTERM_LIMIT_EXCEEDED: Final = (
    "Keyterm limit exceeded. The maximum number of tokens across all keyterms is 500."
)
NO_EFFECT: Final = frozenset(
    {
        "alternatives",
        "detect_language",
        "diarize_version",
        "mip_opt_out",
        "no_delay",
        "tag",
        "tier",
        "version",
    }
)
"""What Deepgram's clients send that is taken without an effect; docs/compatibility.md says why."""

_MAX_LANGUAGE_HINTS = 20
_MAX_TERM_CHARACTERS = 200
_MAX_KEYTERM_TOKENS = 500
_CHARACTERS_OF_A_TOKEN = 4
_MAX_REPLACEMENTS = 200
_MAX_SEARCHES = 50
_MAX_EXTRAS = 100
_MAX_EXTRA_CHARACTERS = 2_048
_MAX_KEYWORD_BOOST = 100.0
_CALLBACK_METHODS = ("POST", "GET", "PUT", "DELETE")
_REDACTIONS = ("pci", "numbers", "aggressive_numbers", "ssn")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}|multi")
_INTENSIFIER = re.compile(r"-?\d{1,9}(\.\d{1,9})?")


class Encoding(Enum):
    """How a client says that its audio is encoded."""

    LINEAR16 = "linear16"
    LINEAR32 = "linear32"
    FLAC = "flac"
    ALAW = "alaw"
    MULAW = "mulaw"
    AMR_NB = "amr-nb"
    AMR_WB = "amr-wb"
    OPUS = "opus"
    OGG_OPUS = "ogg-opus"
    SPEEX = "speex"
    G729 = "g729"

    @property
    def needs_sample_rate(self) -> bool:
        """Whether nothing in the stream, nor its encoding, tells of its rate."""
        return self in _WITHOUT_A_RATE


_OF_TELEPHONES = frozenset({Encoding.ALAW, Encoding.MULAW})
_WITHOUT_A_RATE = frozenset(
    {Encoding.LINEAR16, Encoding.LINEAR32, Encoding.ALAW, Encoding.MULAW, Encoding.SPEEX}
)


@dataclass(frozen=True, slots=True)
class Keyterm:
    """A word or phrase that may be said; a boost above 1 makes it likelier, below 0 unlikelier."""

    text: str
    boost: float = 1.0


_QUERY_NAMES: Final = {
    "endpointing_ms": "endpointing",
    "keyterms": "keyterm",
    "language_hints": "language_hint",
}
"""How the query names those fields that have another name here."""


@dataclass(frozen=True, slots=True)
class ListenParams:
    """One stream's parameters, validated; each default is Deepgram's.

    `language` is None if none was given, and `multi` where the speakers switch languages, perhaps
    among the `language_hints`. `encoding` is None for a container (or for raw audio that the client
    did not describe); `sample_rate` is set with an encoding that needs it. `endpointing_ms` and
    `utterance_end_ms` are None where that event is off. `punctuate` is set too where another
    parameter implies it. `callback` is as it was given; which URLs will do is the server's to say.
    """

    model: str | None = None
    language: str | None = None
    language_hints: tuple[str, ...] = ()
    encoding: Encoding | None = None
    sample_rate: int | None = None
    channels: int = 1
    multichannel: bool = False
    interim_results: bool = False
    endpointing_ms: int | None = DEFAULT_ENDPOINTING_MS
    utterance_end_ms: int | None = None
    vad_events: bool = False
    punctuate: bool = False
    smart_format: bool = False
    numerals: bool = False
    dictation: bool = False
    filler_words: bool = False
    profanity_filter: bool = False
    redact: frozenset[str] = frozenset()
    replace: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    keyterms: tuple[Keyterm, ...] = ()
    detect_entities: bool = False
    extra: tuple[tuple[str, str], ...] = ()
    callback: str | None = None
    callback_method: str = "POST"

    @property
    def asked(self) -> tuple[str, ...]:
        """The names, in the query, of what differs from the defaults; no value is among them.

        Keywords are told as keyterms, which they are from here on.
        """
        default = ListenParams()
        names = (one.name for one in fields(self))
        differing = (name for name in names if getattr(self, name) != getattr(default, name))
        return tuple(_QUERY_NAMES.get(name, name) for name in differing)


PARAMETERS: Final = NO_EFFECT.union(
    (_QUERY_NAMES.get(one.name, one.name) for one in fields(ListenParams)),
    ("keywords", "diarize", "diarize_model"),
)
"""The name of every parameter that is known here, honoured or not."""


def parse_listen_params(pairs: Iterable[tuple[str, str]]) -> ListenParams:
    """Validate decoded query pairs; unknown keys are ignored.

    Raises InvalidParameter with a text for the client.
    """
    query = Query(pairs)
    _refuse_diarization(query)
    encoding = _encoding(query)
    smart_format, entities = query.boolean("smart_format"), query.boolean("detect_entities")
    return ListenParams(
        model=query.text("model"),
        language=_language(query),
        language_hints=_language_hints(query),
        encoding=encoding,
        sample_rate=_sample_rate(query, encoding),
        channels=query.integer("channels", 1, MAX_CHANNELS) or 1,
        multichannel=query.boolean("multichannel"),
        interim_results=query.boolean("interim_results"),
        endpointing_ms=_endpointing_ms(query),
        utterance_end_ms=_utterance_end_ms(query),
        vad_events=query.boolean("vad_events"),
        punctuate=query.boolean("punctuate") or smart_format or entities,
        smart_format=smart_format,
        numerals=query.boolean("numerals"),
        dictation=query.boolean("dictation"),
        filler_words=query.boolean("filler_words"),
        profanity_filter=query.boolean("profanity_filter"),
        redact=_redact(query),
        replace=query.texts("replace", most=_MAX_REPLACEMENTS, longest=_MAX_TERM_CHARACTERS),
        search=query.texts("search", most=_MAX_SEARCHES, longest=_MAX_TERM_CHARACTERS),
        keyterms=_keyterms(query),
        detect_entities=entities,
        extra=_extra(query),
        callback=query.text("callback") or None,
        callback_method=query.variant("callback_method", _CALLBACK_METHODS, "POST"),
    )


def exceeds_keyterm_limits(terms: Iterable[str]) -> bool:
    """Whether there are more keyterms, or longer ones, than a stream may have."""
    terms = tuple(terms)
    n_tokens = sum(1 + len(term) // _CHARACTERS_OF_A_TOKEN for term in terms)
    return len(terms) > MAX_KEYTERMS or n_tokens > _MAX_KEYTERM_TOKENS


def _refuse_diarization(query: Query) -> None:
    is_asked = query.boolean("diarize") if query.is_boolean("diarize") else query.text("diarize")
    for name, value in (("diarize", is_asked), ("diarize_model", query.text("diarize_model"))):
        if value:
            problem = "speakers are not told apart by this release; leave the parameter out"
            raise refusal(name, problem, problem)


def _encoding(query: Query) -> Encoding | None:
    value = query.text("encoding")
    if value is None:
        return None
    try:
        return Encoding(value)
    except ValueError:
        known = (encoding.value for encoding in Encoding)
        raise unknown_variant("encoding", value, known) from None


def _sample_rate(query: Query, encoding: Encoding | None) -> int | None:
    if encoding is not None and not encoding.needs_sample_rate:
        return query.integer("sample_rate")
    sample_rate = query.integer("sample_rate", MIN_SAMPLE_RATE, MAX_SAMPLE_RATE)
    if sample_rate is None and encoding is not None:
        example = 8_000 if encoding in _OF_TELEPHONES else 16_000
        remedy = f"add its rate in Hz, for example `sample_rate={example}`"
        raise InvalidParameter(
            "sample_rate",
            "Failed to deserialize query parameters: missing field `sample_rate`:"
            f" `encoding={encoding.value}` is raw audio; {remedy}",
            remedy=f"it is missing, and `encoding` is raw audio; {remedy}",
        )
    return sample_rate


def _language(query: Query) -> str | None:
    language = query.text("language")
    if language is None or _LANGUAGE_TAG.fullmatch(language):
        return language
    remedy = "You could try a BCP-47 tag such as 'en-US', or 'multi'"
    raise InvalidParameter(
        "language",
        "Bad Request: No such model/language/tier combination found."
        f" {remedy} (language: {shown(language)}).",
        "Bad Request",  # Deepgram's code where a value parses but names nothing
        remedy=remedy,
    )


def _language_hints(query: Query) -> tuple[str, ...]:
    hints = query.texts("language_hint", most=_MAX_LANGUAGE_HINTS, longest=_MAX_TERM_CHARACTERS)
    if hints and query.text("language") != MULTI:
        remedy = "only with `language=multi`"
        raise refusal("language_hint", remedy, remedy)
    for hint in hints:
        if hint == MULTI or not _LANGUAGE_TAG.fullmatch(hint):
            remedy = "BCP-47 tag such as `en-US`"
            raise refusal("language_hint", f"{shown(hint)} is no {remedy}", f"expected a {remedy}")
    return hints


def _endpointing_ms(query: Query) -> int | None:
    if query.text("endpointing") is None or query.is_boolean("endpointing"):
        is_on = query.boolean("endpointing", default=True)
        return DEFAULT_ENDPOINTING_MS if is_on else None
    return query.integer("endpointing")


def _utterance_end_ms(query: Query) -> int | None:
    utterance_end_ms = query.integer("utterance_end_ms")
    if utterance_end_ms is not None and utterance_end_ms < MIN_UTTERANCE_END_MS:
        raise InvalidParameter(
            "utterance_end_ms",
            f"Invalid 'utterance_end_ms' value of '{utterance_end_ms}'.",
            remedy=f"expected at least {MIN_UTTERANCE_END_MS}",
        )
    return utterance_end_ms


def _redact(query: Query) -> frozenset[str]:
    asked = {
        "numbers" if value.lower() == "true" else value.lower()
        for value in query.texts("redact", most=_MAX_EXTRAS, longest=_MAX_TERM_CHARACTERS)
        if value.lower() != "false"
    }
    for value in sorted(asked.difference(_REDACTIONS)):
        raise unknown_variant("redact", value, ("true", "false", *_REDACTIONS))
    return frozenset(asked)


def _keyterms(query: Query) -> tuple[Keyterm, ...]:
    terms = query.texts("keyterm", most=MAX_INTEGER, longest=MAX_INTEGER)
    if exceeds_keyterm_limits(terms):
        raise InvalidParameter("keyterm", KEYTERM_LIMIT_EXCEEDED, remedy=KEYTERM_LIMIT_EXCEEDED)
    keywords = query.texts("keywords", most=MAX_KEYTERMS, longest=_MAX_TERM_CHARACTERS)
    if keywords and (query.text("model") or "").lower().startswith("nova-3"):
        problem = "Keywords are not supported for Nova-3. Please use `keyterm` instead."
        raise InvalidParameter("keywords", problem, remedy=problem)
    return (*map(Keyterm, terms), *map(_keyword, keywords))


def _keyword(value: str) -> Keyterm:
    """`WORD` or `WORD:INTENSIFIER`; what follows the last colon and is no number is of the word."""
    text, _, intensifier = value.rpartition(":")
    if not text or not _INTENSIFIER.fullmatch(intensifier):
        return Keyterm(value)
    return Keyterm(text, max(-_MAX_KEYWORD_BOOST, min(_MAX_KEYWORD_BOOST, float(intensifier))))


def _extra(query: Query) -> tuple[tuple[str, str], ...]:
    """Pairs of key and value; the last value of a key wins."""
    pairs: dict[str, str] = {}
    for value in query.texts("extra", most=_MAX_EXTRAS, longest=_MAX_EXTRA_CHARACTERS):
        key, colon, text = value.partition(":")
        if not (key and colon):
            raise refusal("extra", f"{shown(value)} is no `KEY:VALUE`", "expected `KEY:VALUE`")
        pairs[key] = text
    return tuple(pairs.items())
