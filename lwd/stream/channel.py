"""One channel of a stream: what to transcribe next, and what to say of it. Pure.

The open window begins where the last final ended. It is heard again and again while somebody
speaks, each time with the hypothesis before as a draft; when there is a pause it is heard as
thoroughly as a final, so that the final is there when the endpoint comes; and when it grows long,
the words that have become stable are closed and the window begins after them.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lwd.asr.types import MAX_WINDOW_S, SAMPLE_RATE, Hints, Hypothesis, JobKind, Keyterm, Word
from lwd.stream.asking import ChannelSettings, Listen
from lwd.stream.context import Context
from lwd.stream.events import SpeechBegan, StreamEvent, Transcribed, UtteranceEnded
from lwd.stream.segmenter import Segmenter, SpeechStarted
from lwd.stream.transcript import agreed, find_cut, place, shown, without_beginning, without_end
from lwd.stream.utterance_end import UtteranceTracker
from lwd.stream.window import Span, Window

_SILENT_STEP = SAMPLE_RATE
"""Deepgram repeats its last interim once a second while nothing new is said."""

_REACH_S = 7.5
"""A shorter window is heard together with what was said before: an engine takes no longer for it,
and Whisper hears better what it hears in its place."""

_HURRIED_REACH_S = 5.0
"""The same for the shorter context of what is hurried."""

_NEAR_S = 1.0
"""After a longer pause what was said before tells little of what is said now."""

_OVERLAP_WORDS = 3
_OVERLAP_S = 3.0
_OVERLAP_MARGIN = SAMPLE_RATE // 5
"""Settled words that are heard again after a cut, so that no sound falls into the seam."""

_LATE = SAMPLE_RATE // 2
"""A stream whose last final came this late is served by an engine with too much to do."""

_LONGEST = int((MAX_WINDOW_S - 1) * SAMPLE_RATE)
_FORCED_CUT = 20 * SAMPLE_RATE
"""Speech this long is cut even where hypotheses do not agree."""

_THOROUGH = (JobKind.FINAL, JobKind.PAUSE)


@dataclass(frozen=True, slots=True)
class _Heard:
    """The newest hypothesis of the open window. `is_thorough` when it will do for a final."""

    words: tuple[Word, ...] = ()
    end: int = 0
    is_thorough: bool = False


@dataclass(frozen=True, slots=True)
class _Due:
    """A final that is owed, of all audio before `end`; asked for at a time of the caller's."""

    end: int
    asked_at_s: float
    speech_final: bool
    from_finalize: bool = False


class Channel:
    """Follows one channel. Feed it, then do what `next` says until it says nothing."""

    def __init__(self, settings: ChannelSettings, segmenter: Segmenter) -> None:
        self._settings = settings
        self._segmenter = segmenter
        self._utterance = UtteranceTracker(settings.utterance_end_ms)
        self._context = Context()
        self._due: deque[_Due] = deque()
        self._events: deque[StreamEvent] = deque()
        self._now = 0
        self._start = 0
        self._lead = 0
        self._said_until = 0
        self._n_overlap = 0
        self._is_alone = False
        self._is_hurried = False
        self._heard = _Heard()
        self._shown: tuple[Word, ...] = ()
        self._language = ""
        self._is_finished = False
        self._step = int(settings.interim_step_s * SAMPLE_RATE)
        self._chunk = int(settings.chunk_s * SAMPLE_RATE)
        self._margin = settings.pre_roll_ms * SAMPLE_RATE // 1000

    # What happens

    def feed(
        self, n_samples: int, probabilities: Iterable[float], now_s: float
    ) -> list[SpeechBegan]:
        """Take the next audio's length and speech probabilities; where speech began in it."""
        self._now += n_samples
        began = []
        for event in self._segmenter.feed(probabilities):
            if isinstance(event, SpeechStarted):
                began.append(SpeechBegan(self._settings.channel, event.at / SAMPLE_RATE))
            else:
                self._due.append(_Due(event.end, now_s, event.is_endpoint))
        return began

    def finalize(self, now_s: float) -> None:
        """Ask for a final of everything so far, even if it is empty."""
        self._ask(now_s, from_finalize=True)

    def finish(self, now_s: float) -> None:
        """No audio will follow: ask for the last final, if one is owed."""
        if self._now > (self._due[-1].end if self._due else self._start):
            self._ask(now_s)
        self._is_finished = True

    def expect(self, keyterms: tuple[Keyterm, ...]) -> None:
        """Hear what follows with these keyterms."""
        self._settings = replace(self._settings, keyterms=keyterms)

    def heard(self, asked: Listen, hypothesis: Hypothesis) -> None:
        """Take what an engine heard."""
        start_s, end_s = self._start / SAMPLE_RATE, asked.end / SAMPLE_RATE
        heard = without_beginning(hypothesis.words)
        words = tuple(place(heard, asked.window, start_s, end_s))
        n_agreed = agreed(self._heard.words, words)
        self._heard = _Heard(
            words=words,
            end=asked.end,
            is_thorough=asked.kind in _THOROUGH,
        )
        self._context.judge(hypothesis)
        self._language = hypothesis.language
        if self._heard.is_thorough and asked.hints.spoken and not words:
            # After other words Whisper may take what is said for their echo.
            self._is_alone = True
            self._heard = replace(self._heard, end=self._start, is_thorough=False)
            return
        if self._due:
            return
        if self._is_long(asked.end):
            n_agreed -= self._cut(n_agreed)
        if asked.end - self._audio_start >= _LONGEST:
            self._cut_by_force(asked.end)
        if self._settings.interim_results:
            is_over = self._heard.is_thorough
            self._shown = tuple(
                self._heard.words
                if is_over
                else shown(self._shown, self._heard.words, n_agreed, end_s)
            )
            self._say_interim(asked.end)

    def failed(self, asked: Listen) -> None:
        """No engine could hear the window: what was heard of it before must do."""
        self._heard = replace(self._heard, end=asked.end, is_thorough=asked.kind in _THOROUGH)

    # What follows

    def next(self) -> StreamEvent | Listen | None:
        """What to say or to transcribe now, or None while there is nothing to do."""
        if not self._events:
            if self._due:
                return self._next_of_due(self._due[0])
            if listen := self._next_of_speech():
                return listen
            if self._is_silent_step_due():
                self._say_interim(self._now)
            elif (end_s := self._utterance.ended(self._now / SAMPLE_RATE)) is not None:
                return UtteranceEnded(self._settings.channel, end_s)
        return self._events.popleft() if self._events else None

    def is_overtaken(self, asked: Listen, *, has_begun: bool) -> bool:
        """Whether something else should rather be heard than what was asked for.

        What is due does not wait for less. What has not begun is given up for what suits better now.
        """
        if asked.kind is JobKind.FINAL:
            return False
        is_pause = asked.kind is JobKind.PAUSE
        if not self._due:
            has_paused = self._segmenter.has_paused
            return has_paused is not is_pause and (has_paused or not has_begun)
        end = self._due[0].end
        is_answer = is_pause and has_begun and not self._segmenter.speech(asked.end, end)
        return not is_answer and end - self._audio_start <= _LONGEST

    @property
    def is_done(self) -> bool:
        """Whether everything was said."""
        return self._is_finished and not self._due and not self._events

    @property
    def behind(self) -> int:
        """How many samples came since a final fell due that is still owed, or a cut should have been."""
        due = self._due[0].end if self._due else self._now
        unheard = self._unheard(self._now)
        return self._now - min(due, unheard[0][0] + self._chunk if unheard else due, self._now)

    @property
    def needed_from(self) -> int:
        """Audio before this sample is not heard again."""
        reach = int(_REACH_S * SAMPLE_RATE) + _OVERLAP_MARGIN
        return min(self._audio_start, max(0, self._start - reach))

    # Finals

    def _ask(self, now_s: float, *, from_finalize: bool = False) -> None:
        self._segmenter.end_window(self._now)
        self._due.append(_Due(self._now, now_s, speech_final=True, from_finalize=from_finalize))

    def _next_of_due(self, due: _Due) -> StreamEvent | Listen:
        """The final that is due, if the newest hypothesis will do; else what to hear for it."""
        if due.end - self._audio_start > _LONGEST:
            end = self._audio_start + _LONGEST
            if self._heard.end < end and (listen := self._listen(JobKind.CUT, end)):
                return listen
            self._cut_by_force(end)
            return self._events.popleft()
        if self._is_news(due.end) and (listen := self._listen(JobKind.FINAL, due.end)):
            return listen
        self._due.popleft()
        self._is_hurried = self._now - due.end >= _LATE
        self._close(self._heard.words, due.end, due)
        self._begin(due.end)
        return self._events.popleft()

    def _is_news(self, end: int) -> bool:
        """Whether more was said before `end` than has been heard thoroughly."""
        return not self._heard.is_thorough or bool(self._unheard(end))

    def _close(self, words: tuple[Word, ...], end: int, due: _Due | None = None) -> None:
        """Say the final of these words."""
        if words or not self._segmenter.speech(self._start, end):
            self._context.add(words)
        else:
            self._context.clear()
        self._say(words, end, due)

    def _begin(self, start: int, n_overlap: int = 0) -> None:
        """Open the window that begins at `start`; so many words before it must be heard again."""
        speech = self._segmenter.speech(start - self._margin, start)
        self._lead = start - speech[-1][1] if speech else min(start, self._margin)
        self._start = self._said_until = start
        self._n_overlap = n_overlap
        self._is_alone = False
        self._heard, self._shown = _Heard(), ()
        self._segmenter.end_window(start)
        self._segmenter.forget_before(self.needed_from)

    @property
    def _audio_start(self) -> int:
        """Where the audio begins at the latest that is heard for the open window."""
        return self._begin_with(self._context.last(self._n_overlap))

    def _begin_with(self, spoken: Sequence[Word]) -> int:
        """Where a window's audio begins that begins with these words."""
        if not spoken:
            # Speech may have begun, softly, in the silence at the end of the window before.
            return self._start - self._lead
        return max(0, int(spoken[0].start_s * SAMPLE_RATE) - _OVERLAP_MARGIN)

    # Cuts

    def _is_long(self, end: int) -> bool:
        speech = self._segmenter.speech(self._start, end)
        return bool(speech) and end - speech[0][0] >= self._chunk

    def _cut(self, n_stable: int) -> int:
        """Close the stable words of long speech, if there are any; how many."""
        heard = self._heard
        if heard.end - self._start >= _FORCED_CUT:
            n_stable = len(heard.words)
        n = find_cut(heard.words, n_stable, heard.end / SAMPLE_RATE)
        if n is None:
            return 0
        self._cut_at(n)
        return n

    def _cut_at(self, n: int) -> None:
        """Close the first `n` words, and go on with the others."""
        heard = self._heard
        closed, left = heard.words[:n], heard.words[n:]
        start = max(self._start, round(left[0].start_s * SAMPLE_RATE))
        self._close(closed, start)
        near = closed[-_OVERLAP_WORDS:]
        seen = [w for w in self._shown if w.start_s + w.end_s >= 2 * start / SAMPLE_RATE]
        self._begin(start, sum(start / SAMPLE_RATE - w.start_s <= _OVERLAP_S for w in near))
        self._heard = replace(heard, words=left)
        self._shown = tuple(replace(w, start_s=max(w.start_s, start / SAMPLE_RATE)) for w in seen)

    def _cut_by_force(self, end: int) -> None:
        """Close what is too long to be heard at once: at a word, or else all of it."""
        words = self._heard.words
        n = find_cut(words, len(words), end / SAMPLE_RATE)
        if n is not None and words[n].start_s * SAMPLE_RATE >= end - _FORCED_CUT // 2:
            self._cut_at(n)
        else:
            self._close(words, end)
            self._begin(end)

    # Interims

    def _next_of_speech(self) -> Listen | None:
        """What to hear while nothing is due: a pause thoroughly, new speech every step."""
        if self._segmenter.has_paused:
            return self._listen(JobKind.PAUSE, self._now) if self._is_news(self._now) else None
        # A pause may be about to begin; but audio may also come slowly, or no longer.
        steps = 2 if self._segmenter.hesitation else 1
        if not self._is_due(steps * self._step):
            return None
        end = min(self._now, self._audio_start + _LONGEST)
        is_cut = self._is_long(end + self._step)
        if not is_cut and not self._settings.interim_results:
            return None
        return self._listen(JobKind.CUT if is_cut else JobKind.INTERIM, end)

    def _is_due(self, step: int) -> bool:
        """Whether enough was said since the last hypothesis to hear the window again."""
        unheard = self._unheard(self._now)
        return bool(unheard) and self._now - unheard[0][0] >= step

    def _is_silent_step_due(self) -> bool:
        return (
            self._settings.interim_results
            and self._now - self._said_until >= _SILENT_STEP
            and not self._unheard(self._now)
        )

    def _say_interim(self, end: int) -> None:
        self._said_until = end
        self._say(self._shown, end, None, is_final=False)

    # All

    def _listen(self, kind: JobKind, end: int) -> Listen | None:
        """The window up to `end`, or None when nobody speaks in it."""
        speech = self._segmenter.speech(self._start, end)
        if not speech:
            return None
        spoken = self._spoken_before(speech[0][0] / SAMPLE_RATE, end / SAMPLE_RATE)
        bounds = self._begin_with(spoken), end
        hints = Hints(
            language=self._settings.language,
            languages=self._settings.languages,
            keyterms=self._settings.keyterms,
            spoken=_tokens(without_end(spoken)),
            draft=_tokens(self._heard.words),
            is_hurried=self._is_hurried,
        )
        speech = self._segmenter.speech(*bounds)
        return Listen(kind, Window.around(speech, bounds, self._margin), end, hints)

    def _spoken_before(self, speech_start_s: float, end_s: float) -> Sequence[Word]:
        """The settled words with which a window is heard."""
        if self._is_alone:
            return ()
        last = self._context.last(1)
        # With what was said before, its language would be heard as well.
        if self._settings.is_switching or not last or speech_start_s - last[0].end_s > _NEAR_S:
            return self._context.last(self._n_overlap)
        reach_s = _HURRIED_REACH_S if self._is_hurried else _REACH_S
        return self._context.since(end_s - reach_s, at_least=self._n_overlap)

    def _unheard(self, end: int) -> list[Span]:
        """Speech since the newest hypothesis."""
        return self._segmenter.speech(max(self._heard.end, self._start), end)

    def _say(
        self, words: tuple[Word, ...], end: int, due: _Due | None, *, is_final: bool = True
    ) -> None:
        self._utterance.saw(words, is_final=is_final)
        self._events.append(
            Transcribed(
                channel=self._settings.channel,
                start_s=self._start / SAMPLE_RATE,
                duration_s=(end - self._start) / SAMPLE_RATE,
                words=words,
                is_final=is_final,
                language=self._language,
                speech_final=due is not None and due.speech_final,
                from_finalize=due is not None and due.from_finalize,
                asked_at_s=None if due is None else due.asked_at_s,
            )
        )


def _tokens(words: Iterable[Word]) -> tuple[int, ...]:
    return tuple(token for word in words for token in word.tokens)
