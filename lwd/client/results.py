"""What a server's messages say, as far as they are about words. Pure."""

import json
from typing import NamedTuple

from lwd.errors import ConnectionFailed


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
