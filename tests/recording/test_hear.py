"""Hearing a recording piece by piece, with an engine that answers when it is told to."""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

from lwd.asr.types import Hints, Hypothesis, JobKind, Samples, Word
from lwd.errors import EngineFailed, EngineUnavailable
from lwd.recording.hear import IN_FLIGHT, Heard, hear
from lwd.recording.pieces import Piece


@dataclass
class Asked:
    """A piece that waits for its answer."""

    samples: Samples
    hints: Hints
    answer: asyncio.Future[Hypothesis | None]


@dataclass
class Engine:
    """Notes what it is asked, and hears a word that is the piece's length."""

    language: str = "en"
    answers: bool = True
    asked: list[Asked] = field(default_factory=list)

    def transcribe(
        self, _: Hashable, kind: JobKind, samples: Samples, hints: Hints, __: float
    ) -> Asked:
        assert kind is JobKind.BATCH
        asked = Asked(samples, hints, asyncio.get_running_loop().create_future())
        self.asked.append(asked)
        if self.answers:
            self.hear(asked)
        return asked

    def has_been_asked(self, n: int) -> bool:
        """Whether so many pieces came."""
        return len(self.asked) >= n

    def hear(self, asked: Asked) -> None:
        seconds = len(asked.samples) / 16_000
        words = (Word(f" {seconds:g}", 0.1, seconds + 1, 0.9),)
        asked.answer.set_result(Hypothesis(words, asked.hints.language or self.language))


def pieces(*lengths_s: float) -> Iterator[Piece]:
    """Pieces that begin every ten seconds."""
    for n, seconds in enumerate(lengths_s):
        yield Piece(10.0 * n, np.zeros(round(seconds * 16_000), np.float32))


async def all_of(
    engine: Engine, language: str | None, *lengths_s: float, is_switching: bool = False
) -> list[Heard]:
    heard = hear(pieces(*lengths_s), engine.transcribe, language, is_switching=is_switching)
    return [each async for each in heard]


async def until(has_come: Callable[[], bool]) -> None:
    """Let others run until something has come."""
    while not has_come():  # noqa: ASYNC110 - the engine is no event's
        await asyncio.sleep(0)


async def test_words_are_on_the_recordings_clock() -> None:
    """In order, and none ends after its piece."""
    first, second = await all_of(Engine(), "en", 1.0, 2.0)

    assert [(w.text, w.start_s, w.end_s) for w in first.words] == [(" 1", 0.1, 1.0)]
    assert [(w.text, w.start_s, w.end_s) for w in second.words] == [(" 2", 10.1, 12.0)]
    assert (second.start_s, second.end_s) == (10.0, 12.0)


async def test_few_pieces_are_held_at_once() -> None:
    """A long recording is not read ahead of the engines; what they hear out of order comes in order."""
    engine = Engine(answers=False)
    heard = asyncio.create_task(all_of(engine, "en", *[1.0] * 20))
    await until(partial(engine.has_been_asked, IN_FLIGHT))
    for n in range(20):
        expected = min(20, n + IN_FLIGHT)
        await until(partial(engine.has_been_asked, expected))
        assert len(engine.asked) == expected
        engine.hear(engine.asked[n])
        await asyncio.sleep(0)

    assert [each.start_s for each in await heard] == [10.0 * n for n in range(20)]


async def test_the_first_language_holds() -> None:
    """It is found once; where speakers switch, in each piece."""
    engine = Engine("de")
    await all_of(engine, None, 1.0, 1.0, 1.0)
    assert [asked.hints.language for asked in engine.asked] == [None, "de", "de"]

    engine = Engine("de")
    await all_of(engine, None, 1.0, 1.0, is_switching=True)
    assert [asked.hints.language for asked in engine.asked] == [None, None]


async def test_what_no_engine_hears_is_told() -> None:
    """A transcript with a hole is no transcript; where it would be is said."""
    engine = Engine(answers=False)
    heard = asyncio.create_task(all_of(engine, "en", 1.0))
    await until(partial(engine.has_been_asked, 1))
    engine.asked[0].answer.set_exception(EngineFailed("given up"))

    with pytest.raises(EngineUnavailable, match=r"0\.0 s to 1\.0 s: given up"):
        await heard
