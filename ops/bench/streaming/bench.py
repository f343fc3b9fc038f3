"""One run of the benchmark: which server is called, with what, and what has been heard already."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

import rival_models
from corpus import Clip
from lwd.asr.types import Samples
from remote import Remote
from scoring import WordErrors
from streaming.client import Client
from streaming.compose import Call
from streaming.run import Heard, Meter, Run, in_turn, run
from streaming.score import CallScore, Normalise, errors_of, score


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    streams: int
    max_streams: int
    endpointing_s: float
    minutes: float
    pace: float
    n_clips: int | None


@dataclass(frozen=True, slots=True)
class Offline:
    """Word errors of the same weights that hear everything before they answer."""

    by_utterance: WordErrors
    by_call: WordErrors

    @classmethod
    def of(cls, heard: Sequence["Offline"]) -> "Offline":
        """Several calls together."""
        return cls(
            sum((one.by_utterance for one in heard), WordErrors()),
            sum((one.by_call for one in heard), WordErrors()),
        )

    @property
    def best(self) -> WordErrors:
        """What streaming is held against: the better of the two."""
        return min(self.by_utterance, self.by_call, key=lambda errors: errors.percent)


@dataclass(frozen=True, slots=True)
class Bench:
    """A server, by its client, and the calls that are made; `meter` is None where it is not ours."""

    client: Client
    meter: Meter | None
    model: str
    calls: Sequence[Call]
    clips: Sequence[Clip]
    plan: Plan
    threads: int
    scratch: Path
    normalise: Normalise
    console: Console
    done: dict[int, Run] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Show progress."""
        self.console.print(f"  {text}")

    def run(self, queues: Sequence[Sequence[Call]], pace: float = 1.0) -> Run:
        """Call the server."""
        done = run(self.client, queues, pace=pace, meter=self.meter)
        for error in set(done.errors):
            self.say(f"[bold red]{done.errors.count(error)} calls: {error}[/]")
        return done

    def in_turn(self, streams: int) -> Run:
        """All calls, shared out over the streams; made once, however many sections ask."""
        if streams not in self.done:
            self.done[streams] = self.run(in_turn(self.calls, streams))
        return self.done[streams]

    def scores(self, done: Run) -> list[CallScore]:
        """Rate the calls of a run in which audio went at its own pace."""
        return [self._score(heard) for heard in done.admitted]

    @contextmanager
    def whisper(self) -> Iterator["Whisper"]:
        """The same weights offline: faster-whisper in float32, which is Whisper as published."""
        directory = rival_models.for_faster_whisper(self.model, self.scratch)
        arguments = (str(directory), "float32", self.threads)
        with Remote("faster_whisper_rival", *arguments, blas=False) as remote:
            yield Whisper(remote, self.normalise)

    def _score(self, heard: Heard) -> CallScore:
        recording = heard.recording
        closing_s = None
        if recording.closing_s is not None and recording.received:
            closing_s = recording.received[-1].at_s - recording.closing_s
        return score(
            heard.call,
            self.client.results(recording),
            self.plan.endpointing_s,
            self.normalise,
            closing_s=closing_s,
        )


@dataclass(frozen=True, slots=True)
class Whisper:
    """faster-whisper in its own process."""

    remote: Remote
    normalise: Normalise

    def hear(self, call: Call) -> Offline:
        """Transcribe a call, by its utterances and as a whole."""
        by_utterance = sum(
            (
                errors_of(said.text, self._text(call.of(said)), self.normalise)
                for said in call.utterances
            ),
            WordErrors(),
        )
        return Offline(by_utterance, errors_of(call.text, self._text(call.samples), self.normalise))

    def _text(self, samples: Samples) -> str:
        return str(self.remote.call("transcribe", samples)[1])
