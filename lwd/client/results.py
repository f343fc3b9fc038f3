"""What a server's messages say, as far as they are about words. Pure."""

import json
from typing import NamedTuple

from lwd.errors import ConnectionFailed


class Result(NamedTuple):
    """What a `Results` message says: which audio it is about, and what was said there.

    `speech_final` where a pause ended it, rather than its length.
    """

    start_s: float
    transcript: str
    is_final: bool
    duration_s: float = 0.0
    speech_final: bool = False

    @property
    def end_s(self) -> float:
        """Where the audio ends that the result is about."""
        return self.start_s + self.duration_s

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.start_s, 1), 60)
        return f"{minutes:02.0f}:{seconds:04.1f}  {self.transcript}"


def parse(message: str) -> Result | None:
    """Read a server's message; None if it is not about words. Raises ConnectionFailed."""
    try:
        fields = json.loads(message)
        if fields["type"] != "Results":
            return None
        return Result(
            float(fields["start"]),
            fields["channel"]["alternatives"][0]["transcript"],
            fields["is_final"],
            float(fields["duration"]),
            fields["speech_final"],
        )
    except (LookupError, TypeError, ValueError) as error:
        raise ConnectionFailed("the server sent a message that is not Deepgram's") from error
