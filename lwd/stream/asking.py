"""What a client asks of a channel, and what a channel asks an engine to hear. Pure."""

from dataclasses import dataclass

from lwd.asr.types import Hints, JobKind, Keyterm
from lwd.stream.window import Window


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What a channel's client asked for, and how often to transcribe; see `streaming`.

    Without a language it is detected, among `languages` if there are any, in each window by itself
    where its speakers switch languages.
    """

    channel: int
    language: str | None
    interim_results: bool
    interim_step_s: float
    chunk_s: float
    pre_roll_ms: int
    utterance_end_ms: int | None
    languages: tuple[str, ...] = ()
    is_switching: bool = False
    keyterms: tuple[Keyterm, ...] = ()


@dataclass(frozen=True, slots=True)
class Listen:
    """A window to be heard now: all that was said before `end`."""

    kind: JobKind
    window: Window
    end: int
    hints: Hints
