"""Hears a recording piece by piece, several at once, and gives what was said in order.

Knows no engine: it is given the function that asks one.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from lwd.asr.types import Hints, Hypothesis, JobKind, Samples, Word
from lwd.errors import EngineFailed, EngineUnavailable
from lwd.recording.pieces import Piece

IN_FLIGHT = 8
"""Pieces that are asked for at once; each is at most some 2 MB of audio."""


class Hearing(Protocol):
    """A piece that an engine was asked for."""

    @property
    def answer(self) -> Awaitable[Hypothesis | None]:
        """What was heard; raises EngineFailed."""


Transcribe = Callable[[Hashable, JobKind, Samples, Hints, float], Hearing]
"""Asks an engine for a window; the owner and the deadline mean nothing to a recording."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said in a piece: words as Whisper wrote them, on the recording's clock."""

    start_s: float
    end_s: float
    words: tuple[Word, ...]
    language: str


async def hear(
    pieces: Iterator[Piece],
    transcribe: Transcribe,
    language: str | None,
    *,
    is_switching: bool = False,
) -> AsyncIterator[Heard]:
    """Hear each piece; without a language, that of the first speech holds for the whole.

    Where its speakers switch languages, each piece's is found by itself. Raises EngineUnavailable
    for a piece that no engine could hear, and what reading the pieces raises.
    """
    waiting: deque[tuple[Piece, Hearing]] = deque()
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        hints = Hints(language=language)
        waiting.append((piece, transcribe(None, JobKind.BATCH, piece.samples, hints, math.inf)))
        if language is None and not is_switching:
            heard = await _heard(*waiting.popleft())
            language = heard.language if heard.words else None
            yield heard
        elif len(waiting) >= IN_FLIGHT:
            yield await _heard(*waiting.popleft())
    while waiting:
        yield await _heard(*waiting.popleft())


async def _heard(piece: Piece, hearing: Hearing) -> Heard:
    try:
        hypothesis = await hearing.answer
    except EngineFailed as error:
        raise EngineUnavailable(
            f"no engine could hear {piece.start_s:.1f} s to {piece.end_s:.1f} s: {error}"
        ) from error
    assert hypothesis is not None  # noqa: S101 - only interims come to nothing
    words = tuple(
        replace(
            word,
            start_s=round(piece.start_s + word.start_s, 3),
            end_s=round(min(piece.start_s + word.end_s, piece.end_s), 3),
        )
        for word in hypothesis.words
    )
    return Heard(piece.start_s, piece.end_s, words, hypothesis.language)
