"""What a channel asks to be heard and what it says, with a perfect ear and no clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.types import SAMPLE_RATE, Hypothesis, JobKind, Keyterm, Word
from lwd.stream.asking import ChannelSettings, Listen
from lwd.stream.channel import Channel
from lwd.stream.events import StreamEvent, Transcribed
from lwd.stream.segmenter import Segmenter
from tests.stream.conftest import CHANNEL, FRAME, SEGMENTER

FRAME_S = FRAME / SAMPLE_RATE
_MOST_WINDOWS = 200

SETTINGS = replace(CHANNEL, interim_step_s=0.4, utterance_end_ms=None)


@dataclass(frozen=True, slots=True)
class Said:
    """A word of the speaker's and when it is spoken."""

    text: str
    start_s: float
    end_s: float


@dataclass
class Call:
    """A channel whose speaker says these words, and an engine that takes `delay` frames."""

    words: Sequence[Said]
    settings: ChannelSettings = SETTINGS
    endpointing_ms: int | None = 300
    delay: int = 0
    events: list[tuple[float, StreamEvent]] = field(default_factory=list)
    asked: list[Listen] = field(default_factory=list)
    _frame: int = 0
    _pending: tuple[int, Listen] | None = None

    def __post_init__(self) -> None:
        segmenter = Segmenter(replace(SEGMENTER, endpointing_ms=self.endpointing_ms))
        self.channel = Channel(self.settings, segmenter)

    def run(self, duration_s: float) -> None:
        """Let so much time pass."""
        while self._frame * FRAME_S < duration_s:
            now_s = self._frame * FRAME_S
            is_speech = any(w.start_s <= now_s + FRAME_S / 2 < w.end_s for w in self.words)
            self._frame += 1
            self.channel.feed(FRAME, [0.9 if is_speech else 0.1], now_s)
            self.work()

    def finish(self) -> None:
        """The caller hangs up."""
        self.channel.finish(self._frame * FRAME_S)
        n_asked = len(self.asked)
        while not self.channel.is_done:
            assert len(self.asked) < n_asked + _MOST_WINDOWS, "the same is asked again and again"
            self._frame += self.delay
            self.work()

    def work(self) -> None:
        """Do what the channel says, as far as the engine has come."""
        n_asked = len(self.asked)
        while self._pending is None or self._pending[0] <= self._frame:
            assert len(self.asked) < n_asked + _MOST_WINDOWS, "the same is asked again and again"
            if self._pending is not None:
                _, asked = self._pending
                self._pending = None
                self.channel.heard(asked, self.hear(asked))
            match self.channel.next():
                case Listen() as asked:
                    self.asked.append(asked)
                    self._pending = (self._frame + self.delay, asked)
                case None:
                    return
                case event:
                    self.events.append((self._frame * FRAME_S, event))

    def hear(self, asked: Listen) -> Hypothesis:
        """Each word that is whole in the window and not settled."""
        settled = max(asked.hints.spoken, default=-1)
        heard = [
            Word(f" {word.text}", *in_window(asked, word), 0.9, (n,))
            for n, word in enumerate(self.words)
            if n > settled and is_inside(asked, word)
        ]
        return Hypothesis(tuple(heard), "en")

    @property
    def results(self) -> list[Transcribed]:
        """Interims and finals."""
        return [event for _, event in self.events if isinstance(event, Transcribed)]

    @property
    def finals(self) -> list[Transcribed]:
        """Finals alone."""
        return [result for result in self.results if result.is_final]


def is_inside(asked: Listen, word: Said) -> bool:
    """Whether all of a word is in a window, up to a frame."""
    slack_s = FRAME_S
    return any(
        start / SAMPLE_RATE - slack_s <= word.start_s and word.end_s <= end / SAMPLE_RATE + slack_s
        for start, end in asked.window.pieces
    )


def in_window(asked: Listen, word: Said) -> tuple[float, float]:
    """A word's times from the window's start."""
    before = 0
    for start, end in asked.window.pieces:
        if word.start_s * SAMPLE_RATE < end:
            offset_s = (before - start) / SAMPLE_RATE
            return word.start_s + offset_s, word.end_s + offset_s
        before += end - start
    raise AssertionError("no such word in the window")


def text(result: Transcribed) -> str:
    """What a result says."""
    return "".join(word.text for word in result.words).strip()


def spoken(*utterances: str, word_s: float = 0.3, pause_s: float = 1.0) -> list[Said]:
    """Utterances one after the other, from half a second on."""
    words, now_s = [], 0.5
    for utterance in utterances:
        for word in utterance.split():
            words.append(Said(word, now_s, now_s + word_s))
            now_s += word_s
        now_s += pause_s
    return words


@st.composite
def speech(draw: st.DrawFn) -> list[Said]:
    """Words of any length with any pauses between them, for up to a minute."""
    words, now_s = [], draw(st.floats(0, 7))
    for n in range(draw(st.integers(1, 60))):
        length_s = draw(st.sampled_from([0.13, 0.2, 0.3, 0.6]))
        words.append(Said(f"w{n}", now_s, now_s + length_s))
        now_s += length_s + draw(st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.25, 0.5, 1.2, 7.0]))
    return words


def assert_covers(finals: Sequence[Transcribed], duration_s: float) -> None:
    """The finals follow each other without gap or overlap, from the first sample to the last."""
    edges = [0.0]
    for final in finals:
        assert final.start_s == pytest.approx(edges[-1])
        edges.append(final.start_s + final.duration_s)
        times = [final.start_s, *(t for w in final.words for t in (w.start_s, w.end_s)), edges[-1]]
        assert all(before <= after + 1 / SAMPLE_RATE for before, after in pairwise(times))
    assert edges[-1] == pytest.approx(duration_s, abs=FRAME_S)


@given(
    said=speech(),
    delay=st.integers(0, 80),
    endpointing_ms=st.sampled_from([None, 10, 300, 2000]),
    interim_results=st.booleans(),
)
def test_every_word_is_told_once(
    said: list[Said], delay: int, endpointing_ms: int | None, *, interim_results: bool
) -> None:
    """No word is lost or doubled at a seam, however slow the engine and wherever the cuts."""
    call = Call(said, replace(SETTINGS, interim_results=interim_results), endpointing_ms, delay)
    duration_s = said[-1].end_s + 1.0

    call.run(duration_s)
    call.finish()

    assert_covers(call.finals, duration_s)
    told = [word.text.strip() for final in call.finals for word in final.words]
    assert told == [word.text for word in said]
    assert all(len(asked.window) <= 30 * SAMPLE_RATE for asked in call.asked)


def test_deepgrams_documented_trace() -> None:
    """The finals of its documentation's example, with interims of what is said meanwhile.

    developers.deepgram.com, "Using interim results": a window that is cut, and three endpoints.
    """
    said = [
        *lay("yeah so my credit card number is two two", 0.3, 3.26),
        *lay("two two three three three three", 3.3, 5.1),
        *lay("four four four four", 5.65, 6.5),
        *lay("five five five five", 7.0, 7.75),
    ]
    call = Call(said, replace(SETTINGS, interim_step_s=1.0, chunk_s=4.0), endpointing_ms=300)

    call.run(9.0)

    told = [(r.is_final, r.speech_final, text(r)) for r in call.finals if r.words]
    assert told == [
        (True, False, "yeah so my credit card number is two two"),
        (True, True, "two two three three three three"),
        (True, True, "four four four four"),
        (True, True, "five five five five"),
    ]
    starts = [final.start_s for final in call.finals][:4]
    ends = [final.start_s + final.duration_s for final in call.finals][:4]
    assert ends == pytest.approx([3.26, 5.5, 6.86, 8.09], abs=0.15)
    assert starts == pytest.approx([0.0, *ends[:3]])


def lay(sentence: str, start_s: float, end_s: float) -> Iterator[Said]:
    """The words of a sentence, evenly between two times."""
    words = sentence.split()
    each_s = (end_s - start_s) / len(words)
    for n, word in enumerate(words):
        yield Said(word, start_s + n * each_s, start_s + (n + 1) * each_s)


def test_a_final_is_ready_when_its_endpoint_comes() -> None:
    """It was heard at the first silence, so nobody waits for the engine."""
    call = Call(spoken("this is what I wanted to say"), delay=5)
    end_s = call.words[-1].end_s

    call.run(end_s + 1.0)

    [told_s] = [at_s for at_s, e in call.events if isinstance(e, Transcribed) and e.speech_final]
    assert told_s == pytest.approx(end_s + 0.3, abs=2 * FRAME_S)
    kinds = [asked.kind for asked in call.asked]
    assert kinds.count(JobKind.PAUSE) == 1
    assert JobKind.FINAL not in kinds


def test_an_engine_that_is_late_is_asked_for_less() -> None:
    """After a late final utterances are heard in a hurry, until one is in time."""
    said = spoken("one two three", "four five six", "seven eight nine", "ten", word_s=0.8)
    call = Call(said, delay=60)
    call.run(said[3].start_s)
    call.delay = 0
    call.run(said[6].start_s)
    hurried = [asked for asked in call.asked if asked.hints.is_hurried]
    assert hurried
    assert max(len(asked.window) for asked in hurried) < 5.5 * SAMPLE_RATE

    n = len(call.asked)
    call.run(said[-1].end_s + 1.0)

    assert not any(asked.hints.is_hurried for asked in call.asked[n:])
    assert max(len(asked.window) for asked in call.asked[n:]) > 5.5 * SAMPLE_RATE
    told = " ".join(text(final) for final in call.finals if final.words)
    assert told == " ".join(word.text for word in said)


def test_a_pause_inside_an_utterance_ends_nothing() -> None:
    """What was heard at the silence is an interim when speech goes on."""
    call = Call([*lay("so I said", 0.5, 1.4), *lay("to him", 1.65, 2.2)])

    call.run(3.0)

    [final] = [r for r in call.finals if r.words]
    assert text(final) == "so I said to him"
    assert any(text(r) == "so I said" and not r.is_final for r in call.results)


def test_finalize_says_at_once_what_was_heard_at_the_silence() -> None:
    """Nothing has to be heard for it again."""
    call = Call(spoken("good bye"))
    call.run(call.words[-1].end_s + 0.2)
    n = len(call.asked)

    call.channel.finalize(0.0)
    call.work()

    assert len(call.asked) == n
    assert text(call.finals[-1]) == "good bye"
    assert call.finals[-1].from_finalize


def test_the_first_words_come_soon() -> None:
    """The first interim has words half a second after they began."""
    call = Call(spoken("one two three four five six", word_s=0.2))

    call.run(3.0)

    first_s = next(at for at, e in call.events if isinstance(e, Transcribed) and e.words)
    assert first_s - 0.5 <= 0.4 + 2 * FRAME_S


def test_keyterms_go_with_every_window_until_there_are_others() -> None:
    """A client may name others in the middle of a stream; what is heard next is heard with them."""
    first, second = (Keyterm("Kubernetes"),), (Keyterm("Kansas", -2.0),)
    call = Call(
        spoken("one two three", "four five six"), settings=replace(SETTINGS, keyterms=first)
    )

    call.run(1.5)
    n = len(call.asked)
    call.channel.expect(second)
    call.run(4.0)

    assert {asked.hints.keyterms for asked in call.asked[:n]} == {first}
    assert {asked.hints.keyterms for asked in call.asked[n:]} == {second}


def test_a_long_silence_is_not_heard() -> None:
    """It is left out of the window, and its words keep their places on the stream."""
    settings = replace(SETTINGS, interim_results=False)
    said = [*lay("before it", 0.5, 1.1), *lay("after it", 5.0, 5.6)]
    call = Call(said, settings, endpointing_ms=5000)

    call.run(12.0)

    assert len(call.asked[-1].window) / SAMPLE_RATE == pytest.approx(2.4, abs=0.3)
    starts_s = [word.start_s for final in call.finals for word in final.words]
    assert starts_s == pytest.approx([0.5, 0.8, 5.0, 5.3], abs=0.04)
