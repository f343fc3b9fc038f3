"""What a stream has to say, in seconds on its own clock (submitted audio, silence included)."""

from dataclasses import dataclass

from lwd.asr.types import Word


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What was said in `duration_s` of audio from `start_s`.

    An interim restates everything since the last final. `speech_final` marks the end of an
    utterance, `from_finalize` the answer to the client's Finalize. `language` is Whisper's code of
    the words, empty before any were heard. `asked_at_s` is when a final fell due, on the clock of
    whoever feeds the channel; None where nobody waits for it.
    """

    channel: int
    start_s: float
    duration_s: float
    words: tuple[Word, ...]
    is_final: bool
    language: str = ""
    speech_final: bool = False
    from_finalize: bool = False
    asked_at_s: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Speech was heard after silence."""

    channel: int
    at_s: float


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """Nothing was said for long enough after the last word."""

    channel: int
    last_word_end_s: float


StreamEvent = Transcribed | SpeechBegan | UtteranceEnded
