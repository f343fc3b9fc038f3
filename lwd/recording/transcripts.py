"""A recording's transcript in the forms that it can be written in, as it is heard.

Text, SubRip and WebVTT come piece by piece; JSON, in the shape of Deepgram's answers for
recordings, at the end.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from lwd.protocol.messages import Word
from lwd.text.captions import VTT_HEADER, captions, to_srt, to_vtt


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said between two pauses, in words as they are to be written."""

    start_s: float
    end_s: float
    words: Sequence[Word]
    language: str

    @property
    def text(self) -> str:
        """The words as they stand in a sentence."""
        return " ".join(word.shown for word in self.words)


class Transcript(Protocol):
    """One recording's transcript."""

    def add(self, utterance: Utterance) -> str:
        """Take what was said next; what can be written of it now."""

    def end(self, duration_s: float) -> str:
        """The recording is over; what is still to be written."""


class Text:
    """A line for each utterance."""

    def add(self, utterance: Utterance) -> str:
        """The line."""
        return f"{utterance.text}\n"

    def end(self, duration_s: float) -> str:  # noqa: ARG002 - a Transcript's
        """Nothing more."""
        return ""


class Srt:
    """SubRip."""

    def __init__(self) -> None:
        self._number = 0

    def add(self, utterance: Utterance) -> str:
        """Its captions."""
        return "".join(self._numbered(utterance))

    def end(self, duration_s: float) -> str:  # noqa: ARG002 - a Transcript's
        """Nothing more."""
        return ""

    def _numbered(self, utterance: Utterance) -> Iterator[str]:
        for caption in captions(utterance.words):
            self._number += 1
            yield to_srt(caption, self._number)


class Vtt:
    """WebVTT."""

    def __init__(self) -> None:
        self._header = VTT_HEADER

    def add(self, utterance: Utterance) -> str:
        """Its captions."""
        return self._begin() + "".join(map(to_vtt, captions(utterance.words)))

    def end(self, duration_s: float) -> str:  # noqa: ARG002 - a Transcript's
        """A header, if nobody spoke."""
        return self._begin()

    def _begin(self) -> str:
        header, self._header = self._header, ""
        return header


class Json:
    """One line of JSON, shaped like Deepgram's answer for a recording, with its utterances."""

    def __init__(self, name: str, model: str) -> None:
        self._name = name
        self._model = model
        self._utterances: list[Utterance] = []

    def add(self, utterance: Utterance) -> str:
        """Nothing yet."""
        self._utterances.append(utterance)
        return ""

    def end(self, duration_s: float) -> str:
        """The document."""
        words = [word for utterance in self._utterances for word in utterance.words]
        languages = [utterance.language for utterance in self._utterances]
        channel = {
            "alternatives": [{"transcript": " ".join(word.shown for word in words), **_of(words)}],
            "detected_language": max(languages, key=languages.count, default=None),
        }
        document = {
            "metadata": {
                "source": self._name,
                "duration": round(duration_s, 3),
                "channels": 1,
                "models": [self._model],
            },
            "results": {"channels": [channel], "utterances": list(map(_wire, self._utterances))},
        }
        return json.dumps(document, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[str, str], Transcript]] = {
    "text": lambda *_: Text(),
    "json": Json,
    "srt": lambda *_: Srt(),
    "vtt": lambda *_: Vtt(),
}
"""Makes a transcript of a recording, given its name and the model's."""

SUFFIXES = {"text": ".txt", "json": ".json", "srt": ".srt", "vtt": ".vtt"}
"""How the files are called."""


def _wire(utterance: Utterance) -> dict[str, object]:
    return {
        "start": utterance.start_s,
        "end": utterance.end_s,
        "channel": 0,
        "transcript": utterance.text,
        **_of(utterance.words),
    }


def _of(words: Sequence[Word]) -> dict[str, object]:
    confidence = fmean(word.confidence for word in words) if words else 0.0
    return {"confidence": round(confidence, 6), "words": [word.to_wire() for word in words]}
