"""Deepgram's messages as JSON schemas: every key that there may be, and every one that there must be.

Written from its AsyncAPI description and from recorded traffic.
https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
SECONDS: Schema = {"type": "number", "minimum": 0}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
UUID: Schema = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
CODE: Schema = {"type": "string", "pattern": "^[a-z]{2,3}$"}
CHANNEL: Schema = {"type": "array", "prefixItems": [COUNT, COUNT], "minItems": 2, "items": False}
PAIRS: Schema = {"type": "object", "additionalProperties": STRING, "minProperties": 1}


def a_list(item: Schema, least: int = 0) -> Schema:
    """A list of one kind of thing."""
    return {"type": "array", "items": item, "minItems": least}


def an_object(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these keys and no other."""
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def a_message(kind: str, required: Schema, optional: Schema | None = None) -> Schema:
    """A message of that type."""
    return an_object({"type": {"const": kind}} | required, optional)


MODEL_INFO = an_object({"name": STRING, "version": STRING, "arch": STRING})
WORD = an_object(
    {"word": {"type": "string", "minLength": 1}, "start": SECONDS, "end": SECONDS}
    | {"confidence": SHARE},
    {"punctuated_word": {"type": "string", "minLength": 1}, "language": CODE},
)
HIT = an_object({"confidence": SHARE, "start": SECONDS, "end": SECONDS, "snippet": STRING})
ENTITY = an_object(
    {"label": STRING, "value": STRING, "raw_value": STRING, "confidence": SHARE}
    | {"start_word": COUNT, "end_word": COUNT}
)
ALTERNATIVE = an_object(
    {"transcript": STRING, "confidence": SHARE, "words": a_list(WORD)},
    {"languages": a_list(CODE, 1), "languages_hinted": a_list(STRING, 1)},
)
RESULTS = a_message(
    "Results",
    {
        "channel_index": CHANNEL,
        "duration": SECONDS,
        "start": SECONDS,
        "is_final": BOOLEAN,
        "speech_final": BOOLEAN,
        "channel": an_object(
            {"alternatives": a_list(ALTERNATIVE, 1)},
            {"search": a_list(an_object({"query": STRING, "hits": a_list(HIT)}))},
        ),
        "metadata": an_object(
            {"request_id": UUID, "model_info": MODEL_INFO, "model_uuid": UUID}, {"extra": PAIRS}
        ),
        "from_finalize": BOOLEAN,
    },
    {"entities": a_list(ENTITY)},
)
METADATA = a_message(
    "Metadata",
    {
        "transaction_key": {"const": "deprecated"},
        "request_id": UUID,
        "sha256": {"type": "string", "pattern": "^([0-9a-f]{64}|incomplete)$"},
        "created": {"type": "string", "pattern": r"^[-0-9]{10}T[:0-9]{8}\.[0-9]{3}Z$"},
        "duration": SECONDS,
        "channels": COUNT,
    },
    {
        "models": a_list(UUID, 1),
        "model_info": {"type": "object", "additionalProperties": MODEL_INFO, "minProperties": 1},
        "extra": PAIRS,
    },
)
MESSAGES: dict[str, Schema] = {
    "Results": RESULTS,
    "Metadata": METADATA,
    "SpeechStarted": a_message("SpeechStarted", {"channel": CHANNEL, "timestamp": SECONDS}),
    "UtteranceEnd": a_message("UtteranceEnd", {"channel": CHANNEL, "last_word_end": SECONDS}),
    "ConfigureSuccess": a_message(
        "ConfigureSuccess", {"request_id": UUID, "keyterms": a_list(STRING)}
    ),
    "ConfigureFailure": a_message(
        "ConfigureFailure", {"request_id": UUID, "code": STRING, "description": STRING}
    ),
    "Error": a_message(
        "Error", {"variant": {"const": "SchemaError"}, "description": STRING, "message": STRING}
    ),
}


def check(message: dict[str, Any]) -> None:
    """Fail unless a message is one of Deepgram's, to the key."""
    Draft202012Validator(MESSAGES[message["type"]]).validate(message)
