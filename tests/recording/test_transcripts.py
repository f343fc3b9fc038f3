"""A transcript in each form that it can be written in."""

import json

import pytest

from lwd.protocol.messages import Word
from lwd.recording.transcripts import FORMATS, SUFFIXES, Utterance

UTTERANCES = (
    Utterance(
        0.5, 1.5, [Word("hello", 0.5, 1.0, 0.8, "Hello"), Word("you", 1.0, 1.5, 1.0, "you.")], "en"
    ),
    Utterance(4.0, 4.5, [Word("ja", 4.0, 4.5, 0.6, "Ja.")], "de"),
)


def written(form: str, *utterances: Utterance) -> str:
    """Everything that is written of a recording."""
    transcript = FORMATS[form]("call.wav", "tiny.en")
    return "".join(map(transcript.add, utterances)) + transcript.end(6.0)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("text", "Hello you.\nJa.\n"),
        (
            "srt",
            (
                "1\n00:00:00,500 --> 00:00:01,500\nHello you.\n\n"
                "2\n00:00:04,000 --> 00:00:04,500\nJa.\n\n"
            ),
        ),
        (
            "vtt",
            (
                "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nHello you.\n\n"
                "00:00:04.000 --> 00:00:04.500\nJa.\n\n"
            ),
        ),
    ],
)
def test_text_and_captions(form: str, text: str) -> None:
    """A line for each utterance, or numbered captions through the whole recording."""
    assert written(form, *UTTERANCES) == text


@pytest.mark.parametrize(("form", "text"), [("text", ""), ("srt", ""), ("vtt", "WEBVTT\n\n")])
def test_nobody_spoke(form: str, text: str) -> None:
    """What is written is still a file of its kind."""
    assert written(form) == text


def test_json_is_like_deepgrams() -> None:
    """One line, with the words where a program for Deepgram's answers looks for them."""
    line = written("json", *UTTERANCES)

    assert line.count("\n") == 1
    document = json.loads(line)
    assert document["metadata"] == {
        "source": "call.wav",
        "duration": 6.0,
        "channels": 1,
        "models": ["tiny.en"],
    }
    [channel] = document["results"]["channels"]
    [alternative] = channel["alternatives"]
    assert alternative["transcript"] == "Hello you. Ja."
    assert alternative["confidence"] == pytest.approx(0.8)
    assert [word["word"] for word in alternative["words"]] == ["hello", "you", "ja"]
    first, second = document["results"]["utterances"]
    assert (first["start"], first["end"], first["transcript"]) == (0.5, 1.5, "Hello you.")
    assert second["words"] == alternative["words"][2:]


def test_json_of_silence() -> None:
    """A recording in which nobody speaks has an empty transcript."""
    document = json.loads(written("json"))

    [channel] = document["results"]["channels"]
    assert channel["alternatives"] == [{"transcript": "", "confidence": 0.0, "words": []}]
    assert channel["detected_language"] is None
    assert document["results"]["utterances"] == []


def test_every_form_has_a_suffix() -> None:
    """Each can be written into a directory."""
    assert FORMATS.keys() == SUFFIXES.keys()
