"""What the server says, against frames that Deepgram sent."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.protocol.messages import (
    Entity,
    ErrorMessage,
    Hit,
    Metadata,
    ModelInfo,
    Results,
    SearchResult,
    SpeechStarted,
    UtteranceEnd,
    Word,
    rejection_body,
)

NOVA_3 = ModelInfo(
    uuid="40bd3654-e622-47c4-a111-63a61b23bfe8",
    name="general-nova-3",
    version="2025-04-17.21547",
    arch="nova-3",
)
NOVA_2 = ModelInfo(
    uuid="c0d1a568-ce81-4fea-97e7-bd45cb1fdf3c",
    name="2-general-nova",
    version="2024-01-18.26916",
    arch="nova-2",
)
PHONECALL = ModelInfo(
    uuid="7e3b5bdf-85ed-4fd2-9f7a-7721bbcad97b",
    name="2-phonecall-nova",
    version="2024-02-07.20824",
    arch="nova-2",
)
SILENCE = Results(
    channel_index=(0, 1),
    start_s=0.0,
    duration_s=1.0799375,
    is_final=False,
    speech_final=False,
    words=(),
    request_id="01a03ac3-92a1-79f0-ad85-2cee59754422",
    model=PHONECALL,
)


def test_captured_interim() -> None:
    """An interim has Deepgram's bytes, but for noise beyond the sixth decimal."""
    words = (
        Word("paris", 0.0, 0.39999998, 0.97265625, "Paris", speaker=0),
        Word("at", 0.39999998, 0.64, 0.89990234, "at", speaker=0),
        Word("a", 0.64, 0.79999995, 0.9941406, "a", speaker=0),
        Word("moment", 0.79999995, 0.96, 0.97998047, "moment", speaker=0),
    )
    results = Results(
        channel_index=(0, 1),
        start_s=0.0,
        duration_s=1.0,
        is_final=False,
        speech_final=False,
        words=words,
        request_id="01a07aad-cb1e-78c3-80ef-181d08b56576",
        model=NOVA_3,
    )

    assert results.to_json() == (
        '{"type":"Results","channel_index":[0,1],"duration":1.0,"start":0.0,"is_final":false,'
        '"speech_final":false,"channel":{"alternatives":[{"transcript":"Paris at a moment",'
        '"confidence":0.97998,"words":['
        '{"word":"paris","start":0.0,"end":0.4,"confidence":0.972656,'
        '"speaker":0,"punctuated_word":"Paris"},'
        '{"word":"at","start":0.4,"end":0.64,"confidence":0.899902,'
        '"speaker":0,"punctuated_word":"at"},'
        '{"word":"a","start":0.64,"end":0.8,"confidence":0.994141,'
        '"speaker":0,"punctuated_word":"a"},'
        '{"word":"moment","start":0.8,"end":0.96,"confidence":0.97998,'
        '"speaker":0,"punctuated_word":"moment"}]}]},'
        '"metadata":{"request_id":"01a07aad-cb1e-78c3-80ef-181d08b56576",'
        '"model_info":{"name":"general-nova-3","version":"2025-04-17.21547","arch":"nova-3"},'
        '"model_uuid":"40bd3654-e622-47c4-a111-63a61b23bfe8"},"from_finalize":false}'
    )


def test_captured_silence() -> None:
    """Silence has an alternative with no text, no confidence and no words."""
    assert SILENCE.to_json() == (
        '{"type":"Results","channel_index":[0,1],"duration":1.079937,"start":0.0,'
        '"is_final":false,"speech_final":false,"channel":{"alternatives":[{"transcript":"",'
        '"confidence":0.0,"words":[]}]},"metadata":{'
        '"request_id":"01a03ac3-92a1-79f0-ad85-2cee59754422","model_info":{'
        '"name":"2-phonecall-nova","version":"2024-02-07.20824","arch":"nova-2"},'
        '"model_uuid":"7e3b5bdf-85ed-4fd2-9f7a-7721bbcad97b"},"from_finalize":false}'
    )


def test_captured_finals() -> None:
    """A final of speech, and the answer to Finalize, have Deepgram's flags and keys."""
    this = Word("this", 14.08, 14.4, 0.9482422, "This")
    then = Word("then", 16.08, 16.58, 0.8317871, "then.")
    final = replace(
        SILENCE,
        duration_s=4.7700005,
        start_s=12.08,
        is_final=True,
        speech_final=True,
        words=(this, then),
    )

    assert final.to_json().startswith(
        '{"type":"Results","channel_index":[0,1],"duration":4.770001,"start":12.08,'
        '"is_final":true,"speech_final":true,"channel":{"alternatives":['
        '{"transcript":"This then.","confidence":0.948242,"words":['
        '{"word":"this","start":14.08,"end":14.4,"confidence":0.948242,"punctuated_word":"This"},'
        '{"word":"then","start":16.08,"end":16.58,"confidence":0.831787,'
        '"punctuated_word":"then."}]}]},'
    )
    assert replace(final, from_finalize=True).to_json().endswith(',"from_finalize":true}')


def test_plain_words() -> None:
    """Without punctuation the transcript is made of the plain words, which have four keys."""
    words = [Word("i'll", 0.1, 0.3, 0.5), Word("go", 0.3, 0.4, 0.7)]
    alternative = json.loads(replace(SILENCE, words=words).to_json())["channel"]["alternatives"][0]

    assert alternative == {
        "transcript": "i'll go",
        "confidence": 0.7,
        "words": [
            {"word": "i'll", "start": 0.1, "end": 0.3, "confidence": 0.5},
            {"word": "go", "start": 0.3, "end": 0.4, "confidence": 0.7},
        ],
    }


def test_search() -> None:
    """What was searched stands before the alternatives, with or without hits."""
    hit = Hit(0.97829861, 10.605, 11.565, "is epistemology")
    results = replace(
        SILENCE, search=[SearchResult("epistemology", [hit]), SearchResult("Warwick", [])]
    )

    assert (
        '"channel":{"search":[{"query":"epistemology","hits":[{"confidence":0.978299,'
        '"start":10.605,"end":11.565,"snippet":"is epistemology"}]},'
        '{"query":"Warwick","hits":[]}],"alternatives":['
    ) in results.to_json()


def test_entities() -> None:
    """Entities come last, and are an empty list where there are none."""
    entity = Entity("MONEY", "$5", "five dollars", 0.98765432, 3, 5)
    final = replace(SILENCE, is_final=True, entities=[entity])

    assert final.to_json().endswith(
        ',"from_finalize":false,"entities":[{"label":"MONEY","value":"$5",'
        '"raw_value":"five dollars","confidence":0.987654,"start_word":3,"end_word":5}]}'
    )
    assert replace(final, entities=[]).to_json().endswith(',"from_finalize":false,"entities":[]}')


def test_languages() -> None:
    """Words with a language name it, and the alternative lists the most spoken one first."""
    words = [
        Word("hola", 0.0, 0.1, 0.9, "Hola,", language="es"),
        Word("how", 0.1, 0.2, 0.9, "how", language="en"),
        Word("are", 0.2, 0.3, 0.9, "are", language="en"),
    ]

    assert (
        '{"transcript":"Hola, how are","confidence":0.9,"languages":["en","es"],"words":['
        '{"word":"hola","start":0.0,"end":0.1,"confidence":0.9,"language":"es",'
        '"punctuated_word":"Hola,"},'
    ) in replace(SILENCE, words=words).to_json()


@pytest.mark.parametrize(
    ("confidences", "expected"),
    [
        ([0.3], 0.3),
        ([0.9, 0.1], 0.9),
        ([0.9, 0.1, 0.5], 0.5),
        ([0.1, 0.2, 0.3, 0.4], 0.3),
        ([0.0, 0.0], 0.000001),
        ([], 0.0),
    ],
)
def test_confidence(confidences: list[float], expected: float) -> None:
    """A transcript's confidence is the upper median of its words', never 0 where there is text."""
    words = [Word("a", 0.0, 0.1, confidence) for confidence in confidences]

    assert replace(SILENCE, words=words).confidence == expected


def test_utf8() -> None:
    """Text of any script stays as it is."""
    words = [Word("日本", 0.0, 0.1, 0.9, "「日本」"), Word("çà", 0.1, 0.2, 0.9, 'Çà"\\')]

    assert '"transcript":"「日本」 Çà\\"\\\\"' in replace(SILENCE, words=words).to_json()


METADATA = Metadata(
    request_id="ad3e7ae9-4ca3-4ac3-9b1a-0d3ffd2f0a37",
    sha256="b614fafc444000c3769ed0e6df24e01969907de8635c64142f2e9b58855923e2",
    created=datetime(2024, 7, 2, 20, 56, 53, 109_000, tzinfo=UTC),
    duration_s=9.898687,
    channels=1,
    models=(NOVA_2,),
)


def test_captured_metadata() -> None:
    """Metadata has Deepgram's bytes; its model_info is a map, unlike that of Results."""
    assert METADATA.to_json() == (
        '{"type":"Metadata","transaction_key":"deprecated",'
        '"request_id":"ad3e7ae9-4ca3-4ac3-9b1a-0d3ffd2f0a37",'
        '"sha256":"b614fafc444000c3769ed0e6df24e01969907de8635c64142f2e9b58855923e2",'
        '"created":"2024-07-02T20:56:53.109Z","duration":9.898687,"channels":1,'
        '"models":["c0d1a568-ce81-4fea-97e7-bd45cb1fdf3c"],'
        '"model_info":{"c0d1a568-ce81-4fea-97e7-bd45cb1fdf3c":'
        '{"name":"2-general-nova","version":"2024-01-18.26916","arch":"nova-2"}}}'
    )


def test_metadata_without_audio() -> None:
    """A stream without decoded audio names no model."""
    silent = replace(METADATA, sha256="incomplete", duration_s=0, channels=0, models=())

    assert silent.to_json() == (
        '{"type":"Metadata","transaction_key":"deprecated",'
        '"request_id":"ad3e7ae9-4ca3-4ac3-9b1a-0d3ffd2f0a37","sha256":"incomplete",'
        '"created":"2024-07-02T20:56:53.109Z","duration":0.0,"channels":0}'
    )


def test_metadata_time_zone() -> None:
    """The time of creation is given in UTC with milliseconds, whatever its zone was."""
    created = datetime(2024, 7, 2, 22, 56, 53, tzinfo=timezone(timedelta(hours=2)))

    assert '"created":"2024-07-02T20:56:53.000Z"' in replace(METADATA, created=created).to_json()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (SpeechStarted((0, 1), 9.54), '{"type":"SpeechStarted","channel":[0,1],"timestamp":9.54}'),
        (UtteranceEnd((0, 1), 2.395), '{"type":"UtteranceEnd","channel":[0,1],"last_word_end":2.395}'),
        (UtteranceEnd((1, 2), 8.8), '{"type":"UtteranceEnd","channel":[1,2],"last_word_end":8.8}'),
    ],
)  # fmt: skip
def test_captured_events(message: SpeechStarted | UtteranceEnd, expected: str) -> None:
    """Speech events have Deepgram's bytes; their channel is an array."""
    assert message.to_json() == expected


@pytest.mark.parametrize(
    ("err_code", "err_msg", "expected"),
    [
        (
            "INVALID_AUTH",
            "Invalid credentials.",
            (
                '{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials.",'
                '"request_id":"01a0accc-307e-7171-b0e9-5eb486f4e252"}'
            ),
        ),
        (
            "Service Unavailable",
            "Please try again later",
            (
                '{"error_code":"Service Unavailable","err_msg":"Please try again later",'
                '"request_id":"01a0accc-307e-7171-b0e9-5eb486f4e252"}'
            ),
        ),
    ],
)
def test_rejection_body(err_code: str, err_msg: str, expected: str) -> None:
    """A refusal has Deepgram's body, with the other name of the code for a 503."""
    body = rejection_body(err_code, err_msg, "01a0accc-307e-7171-b0e9-5eb486f4e252")

    assert body == expected


def test_captured_rejection_length() -> None:
    """The body for a short utterance_end_ms has the length that was captured: 145 bytes."""
    body = rejection_body(
        "INVALID_QUERY_PARAMETER",
        "Invalid 'utterance_end_ms' value of '999'.",
        "587b3227-f6ca-4818-bb4d-028182adf4ea",
    )

    assert len(body.encode()) == 145


def test_error_message() -> None:
    """An Error carries all four keys."""
    error = ErrorMessage("SchemaError", "why `x`", '{"type":"x"}')

    assert error.to_json() == (
        '{"type":"Error","variant":"SchemaError","description":"why `x`",'
        '"message":"{\\"type\\":\\"x\\"}"}'
    )


SECONDS = st.floats(min_value=0, max_value=1e6)
WORDS = st.lists(
    st.builds(
        Word,
        st.text(min_size=1),
        SECONDS,
        SECONDS,
        st.floats(0, 1),
        st.none() | st.text(min_size=1),
    )
)


@given(WORDS, SECONDS, SECONDS)
def test_any_results(words: list[Word], start_s: float, duration_s: float) -> None:
    """Results are valid JSON with every required key, and hold no binary noise."""
    results = replace(SILENCE, words=words, start_s=start_s, duration_s=duration_s)

    read = json.loads(results.to_json())

    alternative = read["channel"]["alternatives"][0]
    assert list(read) == [
        "type",
        "channel_index",
        "duration",
        "start",
        "is_final",
        "speech_final",
        "channel",
        "metadata",
        "from_finalize",
    ]
    assert (read["start"], read["duration"]) == (round(start_s, 6), round(duration_s, 6))
    assert [word["word"] for word in alternative["words"]] == [word.word for word in words]
    assert (alternative["confidence"] > 0) == bool(words)
