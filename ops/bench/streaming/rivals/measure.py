"""The same calls to one system after the other."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import uvloop
from rich.console import Console

from environment import Unavailable
from remote import Remote
from streaming.bench import Offline, Whisper
from streaming.calls import disturbance, usage
from streaming.client import Client
from streaming.compose import Call, linear16
from streaming.rivals.contender import Contender, Running, Setting
from streaming.rivals.table import Row, live_figures, offline_figures
from streaming.run import Run, in_turn, run
from streaming.score import CallScore, Normalise, Total, score

OFFLINE = "offline"
"""The same weights, which hear everything before they answer."""

_WARM_UP_BYTES = 3 * 2 * 16_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """The calls that everybody is made, and how they are scored."""

    calls: Sequence[Call]
    endpointing_s: float
    normalise: Normalise
    threads: int
    console: Console

    def live(self, name: str, contender: Contender, setting: Setting) -> Row:
        """Start a system and call it; one that cannot be had is a row too."""
        self.console.print(f"[bold]{name}[/]")
        try:
            with contender.start(setting) as running:
                return self._called(name, contender, running)
        except Unavailable as error:
            self.console.print(f"  [bold red]{error}[/]")
            return Row(name, failure=str(error))

    def offline(self, setting: Setting) -> Row:
        """Let faster-whisper hear everything before it answers."""
        self.console.print(f"[bold]{OFFLINE}[/]")
        model = str(setting.weights.ctranslate2())
        with Remote("faster_whisper_rival", model, "float32", self.threads, blas=False) as remote:
            whisper = Whisper(remote, self.normalise)
            offline = Offline.of([whisper.hear(call) for call in self.calls])
        remark = "faster-whisper in float32, beam 1; the better of utterances and whole calls."
        return Row(OFFLINE, offline_figures(offline.best), remarks=[remark])

    def _called(self, name: str, contender: Contender, running: Running) -> Row:
        warming = partial(running.client.stream, linear16(self.calls[0].samples)[:_WARM_UP_BYTES])
        uvloop.run(warming(1.0))
        done = run(running.client, in_turn(self.calls, 1), meter=running.meter)
        if not done.admitted or len(done.errors) == len(done.admitted):
            failed = {heard.recording.error for heard in done.heard}
            raise Unavailable(f"every call failed: {', '.join(map(str, failed))}")
        scores = self._scores(done, running.client)
        total = Total.of(scores)
        return Row(
            name,
            live_figures(total, _cpu_per_audio_s(done)),
            remarks=[contender.remark, *_faults(done, total), *disturbance(done)],
            details={"calls": [asdict(call) for call in scores], "usage": usage(done)},
        )

    def _scores(self, done: Run, client: Client) -> list[CallScore]:
        return [
            score(heard.call, client.results(heard.recording), self.endpointing_s, self.normalise)
            for heard in done.admitted
        ]


def _cpu_per_audio_s(done: Run) -> float:
    """Seconds of CPU for each second of audio, of all processes together."""
    first, last = (sum(at.cpu_s.values()) for at in (done.usage[0], done.usage[-1]))
    return (last - first) / sum(heard.call.duration_s for heard in done.admitted)


def _faults(done: Run, total: Total) -> list[str]:
    unseen = total.words - len(total.word_s)
    return [
        f"{unseen} of {total.words} words never shown as said.",
        f"{total.missing_finals} of {total.finals_due} utterances without a final of their own.",
        *(f"{done.errors.count(error)} calls: {error}." for error in sorted(set(done.errors))),
    ]
