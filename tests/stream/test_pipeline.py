"""A channel says the right things in the right order, with a scripted ear and engine."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from lwd import metrics
from lwd.asr.types import SAMPLE_RATE, Hints, Hypothesis, JobKind, Samples, Word
from lwd.errors import EngineFailed
from lwd.stream.asking import ChannelSettings
from lwd.stream.channel import Channel
from lwd.stream.events import SpeechBegan, StreamEvent, Transcribed, UtteranceEnded
from lwd.stream.pipeline import ChannelPipeline, PipelineSettings
from lwd.stream.segmenter import Segmenter, SegmenterSettings
from tests.stream.conftest import CHANNEL, FRAME, SEGMENTER

STEP = SAMPLE_RATE // 10


class Ear:
    """Hears speech wherever the samples are not zero."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.float32)

    def feed(self, samples: Samples) -> list[float]:
        """One probability for each whole frame."""
        audio = np.concatenate([self._rest, samples])
        n = len(audio) // FRAME
        self._rest = audio[n * FRAME :]
        return [0.9 if audio[i * FRAME : (i + 1) * FRAME].any() else 0.1 for i in range(n)]


@dataclass
class FakeHearing:
    """A window that the fake engine was asked for."""

    answer: asyncio.Future[Hypothesis | None]
    has_begun: bool


@dataclass
class FakeEngine:
    """Says a word for each half second, and a token; can be held up and can fail.

    While it is busy, windows wait that come to it.
    """

    windows: list[tuple[JobKind, float]] = field(default_factory=list)
    drafts: list[tuple[int, ...]] = field(default_factory=list)
    spoken: list[tuple[int, ...]] = field(default_factory=list)
    patience_s: list[float] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False
    is_late: bool = False
    is_deaf_after_words: bool = False
    is_busy: bool = False
    word_s: float = 0.5

    def __post_init__(self) -> None:
        self.gate.set()

    def transcribe(
        self, owner: Hashable, kind: JobKind, samples: Samples, hints: Hints, deadline_s: float
    ) -> "FakeHearing":
        """Answer when the gate is open."""
        assert owner == "caller"
        assert hints.language == "en"
        self.windows.append((kind, len(samples) / SAMPLE_RATE))
        self.drafts.append(hints.draft)
        self.spoken.append(hints.spoken)
        self.patience_s.append(deadline_s - time.monotonic())
        return FakeHearing(asyncio.ensure_future(self._hear(samples, hints)), not self.is_busy)

    async def _hear(self, samples: Samples, hints: Hints) -> Hypothesis | None:
        is_late = self.is_late
        await self.gate.wait()
        if self.fails:
            raise EngineFailed("given up after 2 attempts")
        if is_late:
            return None
        words = [
            Word(f" word{n}", n * self.word_s, (n + 1) * self.word_s, 0.9, (n,))
            for n in range(len(hints.spoken), self._n_words(samples, hints))
        ]
        return Hypothesis(tuple(words), "en", tokens=tuple(range(len(words))))

    def _n_words(self, samples: Samples, hints: Hints) -> int:
        if hints.spoken and self.is_deaf_after_words:
            return 0
        return int(len(samples) / SAMPLE_RATE / self.word_s)


class Caller:
    """A running pipeline and what it said."""

    def __init__(
        self, settings: ChannelSettings, segmenter: SegmenterSettings, backlog_s: float
    ) -> None:
        self.said: list[StreamEvent] = []
        self.engine = FakeEngine()
        self.pipeline = ChannelPipeline(
            PipelineSettings("caller", interim_deadline_s=2.0, backlog_s=backlog_s),
            Channel(settings, Segmenter(segmenter)),
            Ear(),
            self.engine.transcribe,
            self._emit,
        )

    async def _emit(self, event: StreamEvent) -> None:
        self.said.append(event)

    async def hear(self, seconds: float, *, speech: bool) -> None:
        """Feed that much audio in tenths of a second, and let the channel work."""
        for _ in range(round(seconds * 10)):
            await self.pipeline.feed(np.full(STEP, 0.1 if speech else 0.0, dtype=np.float32))
            await settle()

    @property
    def kinds(self) -> list[JobKind]:
        """What the engine was asked for."""
        return [kind for kind, _ in self.engine.windows]

    @property
    def results(self) -> list[Transcribed]:
        """What was transcribed, interims and finals."""
        return [event for event in self.said if isinstance(event, Transcribed)]

    @property
    def finals(self) -> list[Transcribed]:
        """The final results."""
        return [event for event in self.results if event.is_final]


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def channel(
    settings: ChannelSettings = CHANNEL,
    segmenter: SegmenterSettings = SEGMENTER,
    backlog_s: float = 30.0,
) -> AsyncIterator[Caller]:
    """A channel that runs."""
    running = Caller(settings, segmenter, backlog_s)
    task = asyncio.create_task(running.pipeline.run())
    yield running
    running.engine.gate.set()
    running.pipeline.finish()
    await task


async def test_speech_gets_interims_and_then_its_final() -> None:
    """Interims restate the window and grow; the final comes at the endpoint."""
    async with channel() as c:
        await c.hear(2.0, speech=True)
        await c.hear(1.0, speech=False)

        final = c.finals[0]
        interims = c.results[: c.results.index(final)]
        assert len(interims) >= 3
        assert {r.start_s for r in interims} == {0.0}
        assert [r.duration_s for r in interims] == sorted({r.duration_s for r in interims})
        assert final.speech_final
        assert final.duration_s == pytest.approx(2.4, abs=0.1)
        assert [w.text for w in final.words][:2] == [" word0", " word1"]


async def test_results_cover_the_audio_without_gap_or_overlap() -> None:
    """Each final starts where the last one ended, and the last ends with the audio."""
    async with channel() as c:
        for _ in range(3):
            await c.hear(7.0, speech=True)
            await c.hear(1.3, speech=False)
    edges = [0.0]
    for final in c.finals:
        assert final.start_s == pytest.approx(edges[-1])
        edges.append(final.start_s + final.duration_s)
    assert edges[-1] == pytest.approx(3 * 8.3)


async def test_nobody_waits_for_the_finals_of_a_recording() -> None:
    """Audio that comes far faster than it is spoken does not make finals late."""
    async with channel() as c:
        await c.hear(2.0, speech=True)
        await c.hear(1.0, speech=False)
        live = c.finals[0]
        timed = metrics.read(metrics.FINAL_LATENCY)

        await c.hear(4.0, speech=True)
        await c.hear(1.0, speech=False)

        assert live.asked_at_s is not None
        assert [final.asked_at_s for final in c.finals[1:] if final.speech_final] == [None]
        assert metrics.read(metrics.FINAL_LATENCY) == timed


async def test_nobody_waits_for_the_finals_of_silence() -> None:
    """They are told at once, and would make the others look quicker than they are."""
    async with channel() as c:
        timed = metrics.read(metrics.FINAL_LATENCY)

        await c.hear(4.0, speech=False)
        c.pipeline.finalize()
        await settle()

        assert [final.asked_at_s for final in c.finals] == [None] * len(c.finals)
        assert c.finals
        assert metrics.read(metrics.FINAL_LATENCY) == timed


async def test_long_speech_is_cut_into_finals_without_speech_final() -> None:
    """A monologue has a final every few seconds, and each word belongs to one of them."""
    async with channel() as c:
        await c.hear(12.0, speech=True)

        cuts = c.finals
        assert len(cuts) == 2
        assert not any(final.speech_final for final in cuts)
        for final in cuts:
            assert final.words
            assert final.words[-1].end_s <= final.start_s + final.duration_s


async def test_silence_is_told_without_asking_the_engine() -> None:
    """Empty interims come once a second, an empty final once a chunk, and no engine hears it."""
    async with channel() as c:
        await c.hear(6.0, speech=False)

        assert c.engine.windows == []
        assert all(r.words == () for r in c.results)
        assert [r.duration_s for r in c.results][:4] == pytest.approx([1.0, 2.0, 3.0, 4.0])
        assert [r.speech_final for r in c.finals] == [True]


async def test_no_interims_unless_asked_for() -> None:
    """Without `interim_results` only finals are made, and the engine does no more work."""
    async with channel(replace(CHANNEL, interim_results=False)) as c:
        await c.hear(2.0, speech=True)
        await c.hear(1.0, speech=False)

        assert c.results == c.finals
        assert c.kinds == [JobKind.PAUSE]


async def test_only_speech_is_transcribed() -> None:
    """Silence around speech is trimmed, and put back in the times."""
    async with channel(replace(CHANNEL, interim_results=False)) as c:
        await c.hear(3.0, speech=False)
        await c.hear(1.0, speech=True)
        await c.hear(1.0, speech=False)

        [(_, window_s)] = c.engine.windows
        assert window_s == pytest.approx(1.4, abs=0.1)
        assert c.finals[0].words[0].start_s == pytest.approx(2.7, abs=0.1)


async def test_a_pause_does_not_wait_for_an_interim() -> None:
    """When the speaker stops, the interim in the engine is given up."""
    async with channel() as c:
        c.engine.gate.clear()
        await c.hear(1.0, speech=True)
        assert c.kinds == [JobKind.INTERIM]

        await c.hear(1.0, speech=False)

        assert c.kinds == [JobKind.INTERIM, JobKind.PAUSE]
        c.engine.gate.set()
        await settle()
        assert c.results[-1].is_final


async def test_a_pause_that_still_waits_is_heard_as_the_final_it_became() -> None:
    """On a busy machine what is due goes before what may be."""
    async with channel() as c:
        await c.hear(0.4, speech=True)
        c.engine.is_busy = True
        c.engine.gate.clear()
        await c.hear(0.2, speech=False)
        assert c.kinds == [JobKind.PAUSE]

        await c.hear(0.3, speech=False)

        assert c.kinds == [JobKind.PAUSE, JobKind.FINAL]


async def test_a_pause_that_is_being_heard_becomes_the_final() -> None:
    """Nothing is heard twice when the endpoint comes before the engine is done."""
    async with channel() as c:
        await c.hear(0.4, speech=True)
        c.engine.gate.clear()
        await c.hear(0.5, speech=False)
        assert c.kinds == [JobKind.PAUSE]

        c.engine.gate.set()
        await settle()

        assert c.kinds == [JobKind.PAUSE]
        assert c.finals[0].words


async def test_a_pause_that_was_none_does_not_wait_for_an_engine() -> None:
    """Who speaks on has no use for it, and gets interims again."""
    async with channel() as c:
        await c.hear(0.4, speech=True)
        c.engine.is_busy = True
        c.engine.gate.clear()
        await c.hear(0.2, speech=False)
        await c.hear(1.0, speech=True)

        assert c.kinds == [JobKind.PAUSE, JobKind.INTERIM]


async def test_a_window_is_heard_with_its_last_hypothesis_as_draft() -> None:
    """Each hypothesis of a window helps the next one, and none helps the next window."""
    async with channel() as c:
        await c.hear(2.0, speech=True)
        await c.hear(1.0, speech=False)

        words = [int(window_s / c.engine.word_s) for _, window_s in c.engine.windows]
        assert len(words) >= 4
        assert [len(draft) for draft in c.engine.drafts] == [0, *words[:-1]]
        assert c.engine.windows[-1][0] is JobKind.PAUSE

        n = len(words)
        await c.hear(0.7, speech=True)
        assert c.engine.drafts[n] == ()


async def test_a_new_utterance_is_heard_after_the_last_one() -> None:
    """Its window begins with the settled words, and they are not said again."""
    async with channel() as c:
        await c.hear(2.0, speech=True)
        await c.hear(1.0, speech=False)
        n, settled = len(c.engine.windows), c.finals[0].words
        await c.hear(1.0, speech=True)
        await c.hear(1.0, speech=False)

        assert c.engine.spoken[:n] == [()] * n
        assert c.engine.spoken[-1] == tuple(word.tokens[0] for word in settled)
        assert c.engine.windows[-1][1] > 3.0
        new = c.finals[-1].words
        assert new
        assert new[0].start_s >= settled[-1].end_s
        assert {word.text for word in new}.isdisjoint(word.text for word in settled)


async def test_an_utterance_is_not_lost_behind_the_last_one() -> None:
    """What is heard as nothing after other words is heard again by itself."""
    async with channel() as c:
        await c.hear(2.0, speech=True)
        await c.hear(0.5, speech=False)
        c.engine.is_deaf_after_words = True
        await c.hear(1.0, speech=True)
        await c.hear(1.0, speech=False)

        assert any(c.engine.spoken)
        assert c.engine.spoken[-1] == ()
        assert [bool(final.words) for final in c.finals] == [True, True]


async def test_only_interims_are_worth_nothing_when_they_are_late() -> None:
    """An interim may wait for the engine for `interim_deadline_s`, a final for ever."""
    async with channel() as c:
        await c.hear(1.0, speech=True)
        await c.hear(1.0, speech=False)

        waits = {
            kind: s for (kind, _), s in zip(c.engine.windows, c.engine.patience_s, strict=True)
        }
        assert waits[JobKind.INTERIM] == pytest.approx(2.0, abs=0.5)
        assert waits[JobKind.PAUSE] == math.inf


async def test_an_interim_that_came_too_late_is_asked_for_anew() -> None:
    """Nothing is told of it, and the next one hears what was said meanwhile."""
    async with channel() as c:
        c.engine.gate.clear()
        c.engine.is_late = True
        await c.hear(1.5, speech=True)
        assert len(c.engine.windows) == 1

        c.engine.is_late = False
        c.engine.gate.set()
        await settle()

        [(_, first_s), (_, second_s)] = c.engine.windows
        assert second_s > first_s
        assert [r.duration_s for r in c.results] == [pytest.approx(1.5)]


async def test_finalize_is_always_answered() -> None:
    """With speech in the window or with none, and at once."""
    async with channel() as c:
        c.pipeline.finalize()
        await c.hear(1.0, speech=True)
        c.pipeline.finalize()
        await settle()

        assert [(f.from_finalize, f.speech_final, bool(f.words)) for f in c.finals] == [
            (True, True, False),
            (True, True, True),
        ]
        assert c.finals[1].duration_s == pytest.approx(1.0)


async def test_nothing_is_told_twice_at_the_end() -> None:
    """A Finalize that is still pending covers what CloseStream would ask for."""
    async with channel() as c:
        await c.hear(1.0, speech=True)
        c.engine.gate.clear()
        c.pipeline.finalize()

    assert [f.from_finalize for f in c.finals] == [True]


async def test_speech_began_comes_before_its_first_words() -> None:
    """A client that interrupts its own voice hears of speech first."""
    async with channel() as c:
        await c.hear(1.0, speech=False)
        await c.hear(2.0, speech=True)

        began = [n for n, event in enumerate(c.said) if isinstance(event, SpeechBegan)]
        worded = [n for n, e in enumerate(c.said) if isinstance(e, Transcribed) and e.words]
        assert len(began) == 1
        assert began[0] < worded[0]


async def test_an_utterance_end_follows_its_last_word() -> None:
    """Once, `utterance_end_ms` after the last word, and it names that word's end."""
    async with channel() as c:
        await c.hear(2.0, speech=True)
        await c.hear(4.0, speech=False)

        ended = [event for event in c.said if isinstance(event, UtteranceEnded)]
        assert len(ended) == 1
        assert ended[0].last_word_end_s == c.finals[0].words[-1].end_s


async def test_a_window_that_fails_does_not_stop_the_stream() -> None:
    """The client gets an empty final instead of waiting for ever."""
    async with channel() as c:
        c.engine.fails = True
        await c.hear(1.0, speech=True)
        await c.hear(1.0, speech=False)
        assert [f.words for f in c.finals] == [()]

        c.engine.fails = False
        await c.hear(1.0, speech=True)
        await c.hear(1.0, speech=False)
        assert c.finals[-1].words


async def test_a_channel_that_is_far_behind_takes_no_more_audio() -> None:
    """Back-pressure: feeding waits until the engine has caught up."""
    async with channel(backlog_s=2.0) as c:
        c.engine.gate.clear()
        feeding = asyncio.create_task(c.hear(12.0, speech=True))
        for _ in range(200):
            await settle()
        assert not feeding.done()

        c.engine.gate.set()
        await feeding


@pytest.mark.parametrize("chunk_s", [1.0, 5.0, 12.0, 25.0])
@pytest.mark.parametrize("word_s", [0.5, 7.0, 100.0])
async def test_no_window_is_longer_than_whisper_hears(chunk_s: float, word_s: float) -> None:
    """However long a monologue, and however it is understood, no audio is left out."""
    settings = replace(CHANNEL, chunk_s=chunk_s, interim_results=False)
    async with channel(settings, replace(SEGMENTER, silent_window_s=chunk_s)) as c:
        c.engine.word_s = word_s
        await c.hear(90.0, speech=True)

    assert max(window_s for _, window_s in c.engine.windows) <= 30.0
    assert sum(final.duration_s for final in c.finals) == pytest.approx(90.0)


async def test_the_end_of_a_stream_is_transcribed() -> None:
    """CloseStream in the middle of a word still gives its final."""
    async with channel() as c:
        await c.hear(1.2, speech=True)

    assert c.finals[-1].words
    assert c.finals[-1].duration_s == pytest.approx(1.2)


async def test_a_stream_that_is_broken_off_leaves_nothing_behind() -> None:
    """A caller who is gone while a window is heard leaves no task that asyncio would log."""
    before = asyncio.all_tasks()
    caller = Caller(CHANNEL, SEGMENTER, backlog_s=30.0)
    caller.engine.gate.clear()
    running = asyncio.create_task(caller.pipeline.run())
    await caller.hear(1.2, speech=True)
    assert caller.engine.windows

    running.cancel()
    await settle()

    assert asyncio.all_tasks() == before
