"""What a server's messages say, as far as they are about words, and which model heard them. Pure."""

import json
from typing import NamedTuple

from lwd.errors import ConnectionFailed

_LWD = "-whisper"
"""How lwd's names of models end in `model_info`."""


class Result(NamedTuple):
    """What a `Results` message says: which audio it is about, and what was said there.

    `speech_final` where a pause ended it, rather than its length; `spoken_s` is where its first word
    begins, None where it has none.
    """

    start_s: float
    transcript: str
    is_final: bool
    duration_s: float = 0.0
    speech_final: bool = False
    spoken_s: float | None = None

    @property
    def end_s(self) -> float:
        """Where the audio ends that the result is about."""
        return self.start_s + self.duration_s

    def __str__(self) -> str:
        began_s = self.start_s if self.spoken_s is None else self.spoken_s
        minutes, seconds = divmod(round(began_s, 1), 60)
        return f"{minutes:02.0f}:{seconds:04.1f}  {self.transcript}"


def parse(message: str) -> Result | None:
    """Read a server's message; None if it is not about words. Raises ConnectionFailed."""
    try:
        fields = json.loads(message)
        if fields["type"] != "Results":
            return None
        alternative = fields["channel"]["alternatives"][0]
        words = alternative["words"]
        return Result(
            float(fields["start"]),
            alternative["transcript"],
            fields["is_final"],
            float(fields["duration"]),
            fields["speech_final"],
            float(words[0]["start"]) if words else None,
        )
    except (LookupError, TypeError, ValueError) as error:
        raise ConnectionFailed("the server sent a message that is not Deepgram's") from error


class Model(NamedTuple):
    """A model as lwd names it to Deepgram's clients, such as `tiny-en-whisper`."""

    name: str
    uuid: str

    def is_named(self, asked: str) -> bool:
        """Whether it is what a client that asks for `asked` means, unless by an alias."""
        plain = asked.lower().removeprefix("whisper-").replace(".", "-")
        return asked.lower() == self.uuid or f"{plain}{_LWD}" == self.name


def model_of(message: str) -> Model | None:
    """The model that heard a result; None for other messages, and from other servers than lwd."""
    try:
        metadata = json.loads(message)["metadata"]
        model = Model(str(metadata["model_info"]["name"]), str(metadata["model_uuid"]))
    except (LookupError, TypeError, ValueError):
        return None
    return model if model.name.endswith(_LWD) else None
