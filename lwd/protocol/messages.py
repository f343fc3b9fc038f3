"""What the server says: each message as a dataclass that writes its own JSON text.

Owns the key order, the rounding and the derived values (transcript, confidence) of Deepgram's
messages, and the body of a refused request. It does not know when a message is due. Clients differ
in what they require, so a message always carries every key that Deepgram always sends.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

_DECIMALS = 6
_LEAST_CONFIDENCE = 1e-6

ChannelIndex = tuple[int, int]
"""A channel, counted from 0, and how many channels are transcribed; (0, 1) for mono."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model behind a result. `uuid` stands beside the other three on the wire."""

    uuid: str
    name: str
    version: str
    arch: str

    def to_wire(self) -> dict[str, str]:
        """The `model_info` object."""
        return {"name": self.name, "version": self.version, "arch": self.arch}


@dataclass(frozen=True, slots=True)
class Word:
    """A word on the clock of submitted audio.

    `word` has no case and no punctuation around it. `punctuated_word` is set when punctuation was
    asked for, `speaker` with diarization, `language` where the speakers switch languages.
    """

    word: str
    start_s: float
    end_s: float
    confidence: float
    punctuated_word: str | None = None
    speaker: int | None = None
    language: str | None = None

    @property
    def shown(self) -> str:
        """How the word stands in a transcript."""
        return self.word if self.punctuated_word is None else self.punctuated_word

    def to_wire(self) -> dict[str, object]:
        """One item of `words`."""
        optional = {
            "language": self.language,
            "speaker": self.speaker,
            "punctuated_word": self.punctuated_word,
        }
        return {
            "word": self.word,
            "start": _rounded(self.start_s),
            "end": _rounded(self.end_s),
            "confidence": _rounded(self.confidence),
        } | {key: value for key, value in optional.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Hit:
    """Where something like a searched term was said; `confidence` is 1 for the term itself."""

    confidence: float
    start_s: float
    end_s: float
    snippet: str

    def to_wire(self) -> dict[str, object]:
        """One item of `hits`."""
        return {
            "confidence": _rounded(self.confidence),
            "start": _rounded(self.start_s),
            "end": _rounded(self.end_s),
            "snippet": self.snippet,
        }


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A searched term, as the client gave it, and its hits in this result, the best first."""

    query: str
    hits: Sequence[Hit]

    def to_wire(self) -> dict[str, object]:
        """One item of `search`."""
        return {"query": self.query, "hits": [hit.to_wire() for hit in self.hits]}


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that the words from `start_word` to before `end_word` of a result name.

    `label` is one of Deepgram's, `value` the text as it is written, `raw_value` as it was said.
    """

    label: str
    value: str
    raw_value: str
    confidence: float
    start_word: int
    end_word: int

    def to_wire(self) -> dict[str, object]:
        """One item of `entities`."""
        return {
            "label": self.label,
            "value": self.value,
            "raw_value": self.raw_value,
            "confidence": _rounded(self.confidence),
            "start_word": self.start_word,
            "end_word": self.end_word,
        }


@dataclass(frozen=True, slots=True)
class Results:
    """The transcript of a window of audio.

    An interim result restates everything since the last final one; it replaces, never appends.
    `speech_final` implies `is_final`; `from_finalize` marks the answer to Finalize. Silence gives
    no words, and is sent all the same. `search` is set where terms were searched, `entities` on
    finals where they were asked for; both may be empty. `extra` is what the client gave to have it
    back.
    """

    channel_index: ChannelIndex
    start_s: float
    duration_s: float
    is_final: bool
    speech_final: bool
    words: Sequence[Word]
    request_id: str
    model: ModelInfo
    from_finalize: bool = False
    search: Sequence[SearchResult] | None = None
    entities: Sequence[Entity] | None = None
    languages_hinted: Sequence[str] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def transcript(self) -> str:
        """The words as text."""
        return " ".join(word.shown for word in self.words)

    @property
    def confidence(self) -> float:
        """Upper median of the words' confidences: 0.0 for silence, and only for silence.

        vocode drops a transcript whose confidence is 0.0.
        """
        if not self.words:
            return 0.0
        ordered = sorted(word.confidence for word in self.words)
        return max(_rounded(ordered[len(ordered) // 2]), _LEAST_CONFIDENCE)

    def to_json(self) -> str:
        """The message as text."""
        search = {"search": [result.to_wire() for result in self.search or ()]}
        entities = {"entities": [entity.to_wire() for entity in self.entities or ()]}
        return _json(
            {
                "type": "Results",
                "channel_index": self.channel_index,
                "duration": _rounded(self.duration_s),
                "start": _rounded(self.start_s),
                "is_final": self.is_final,
                "speech_final": self.speech_final,
                "channel": {
                    **(search if self.search is not None else {}),
                    "alternatives": [self._alternative()],
                },
                "metadata": {
                    "request_id": self.request_id,
                    "model_info": self.model.to_wire(),
                    "model_uuid": self.model.uuid,
                    **({"extra": dict(self.extra)} if self.extra else {}),
                },
                "from_finalize": self.from_finalize,
                **(entities if self.entities is not None else {}),
            }
        )

    def _alternative(self) -> dict[str, object]:
        spoken = Counter(word.language for word in self.words if word.language is not None)
        # Clients take the first language without looking: the key is absent rather than empty.
        languages = {"languages": [language for language, _ in spoken.most_common()]}
        hinted = {"languages_hinted": list(self.languages_hinted)}
        return {
            "transcript": self.transcript,
            "confidence": self.confidence,
            **(languages if spoken else {}),
            **(hinted if self.languages_hinted else {}),
            "words": [word.to_wire() for word in self.words],
        }


@dataclass(frozen=True, slots=True)
class Metadata:
    """The last message of a stream, sent once: to clients it means that the stream is over.

    `sha256` is the hash of the audio bytes received, or `incomplete`. `created` is when the
    connection began, with its zone. `models` is empty when no audio was decoded.
    """

    request_id: str
    sha256: str
    created: datetime
    duration_s: float
    channels: int
    models: Sequence[ModelInfo]
    extra: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The message as text."""
        described = {
            "models": [model.uuid for model in self.models],
            "model_info": {model.uuid: model.to_wire() for model in self.models},
        }
        created = self.created.astimezone(UTC).isoformat(timespec="milliseconds")
        return _json(
            {
                "type": "Metadata",
                "transaction_key": "deprecated",
                "request_id": self.request_id,
                "sha256": self.sha256,
                "created": created.replace("+00:00", "Z"),
                "duration": _rounded(self.duration_s),
                "channels": self.channels,
            }
            | (described if self.models else {})
            | ({"extra": dict(self.extra)} if self.extra else {})
        )


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began after silence. Sent with `vad_events`, before the first interim of it."""

    channel_index: ChannelIndex
    timestamp_s: float

    def to_json(self) -> str:
        """The message as text."""
        timestamp = _rounded(self.timestamp_s)
        return _json(
            {"type": "SpeechStarted", "channel": self.channel_index, "timestamp": timestamp}
        )


@dataclass(frozen=True, slots=True)
class UtteranceEnd:
    """No word followed `last_word_end_s` for `utterance_end_ms`. One for each utterance."""

    channel_index: ChannelIndex
    last_word_end_s: float

    def to_json(self) -> str:
        """The message as text."""
        last_word_end = _rounded(self.last_word_end_s)
        return _json(
            {"type": "UtteranceEnd", "channel": self.channel_index, "last_word_end": last_word_end}
        )


@dataclass(frozen=True, slots=True)
class ConfigureSuccess:
    """The keyterms of a Configure are in force; they are those of the whole stream now."""

    request_id: str
    keyterms: tuple[str, ...]

    def to_json(self) -> str:
        """The message as text."""
        return _json(
            {
                "type": "ConfigureSuccess",
                "request_id": self.request_id,
                "keyterms": self.keyterms,
            }
        )


@dataclass(frozen=True, slots=True)
class ConfigureFailure:
    """The keyterms of a Configure are not in force; the stream goes on with those before."""

    request_id: str
    code: str
    description: str

    def to_json(self) -> str:
        """The message as text."""
        return _json(
            {
                "type": "ConfigureFailure",
                "request_id": self.request_id,
                "code": self.code,
                "description": self.description,
            }
        )


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """A frame of the client's that could not be used; the stream goes on.

    `message` is the frame's own text.
    """

    variant: str
    description: str
    message: str

    def to_json(self) -> str:
        """The message as text."""
        return _json(
            {
                "type": "Error",
                "variant": self.variant,
                "description": self.description,
                "message": self.message,
            }
        )


def rejection_body(err_code: str, err_msg: str, request_id: str) -> str:
    """The JSON body of a refused request.

    Only the 503 names its code `error_code`, and only an unknown project has no `request_id`.
    https://developers.deepgram.com/docs/errors
    """
    key = "error_code" if err_code == "Service Unavailable" else "err_code"
    named = {} if err_code == "PROJECT_NOT_FOUND" else {"request_id": request_id}
    return _json({key: err_code, "err_msg": err_msg, **named})


def _rounded(value: float) -> float:
    return round(float(value), _DECIMALS)


def _json(message: dict[str, object]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
