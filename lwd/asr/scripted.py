"""An engine process that follows a script, for tests of timing, load and failure.

It says one word for every half second of a window, and can be slow, fail, hang, fall silent or die.
Run as `python -m lwd.asr.scripted SCRIPT FD SPEC`, with SCRIPT the JSON of a `Script`.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from lwd.asr.types import SAMPLE_RATE, Hypothesis, IsWanted, Job, Samples, Word
from lwd.asr.worker import REST_AFTER_S, run

WORD_S = 0.5
"""Seconds of audio for each word."""

_TOKEN_S = 0.005
"""Time between two looks at what is still wanted."""

# What a window's first sample tells the engine; no audio has such samples.
_DEADLY = 2.0
_ENDLESS = 3.0


def silence(seconds: float) -> Samples:
    """An ordinary window."""
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


def deadly(seconds: float) -> Samples:
    """A window that kills every engine that takes it."""
    return np.full(round(seconds * SAMPLE_RATE), _DEADLY, dtype=np.float32)


def endless(seconds: float) -> Samples:
    """A window that an engine works on until it is cancelled."""
    return np.full(round(seconds * SAMPLE_RATE), _ENDLESS, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Script:
    """What the engine does.

    Its `words` come one after the other, and over again; without them they are numbered. Every
    batch takes `delay_s`, unless it is cancelled. An `accident` happens at the next batch, or
    at the start if it is to `refuse`, for each file in the directory `due`, which it removes: a new
    process goes on with the same script.
    """

    words: tuple[str, ...] = ()
    delay_s: float = 0.0
    accident: Literal["die", "fail", "hang", "mute", "refuse"] | None = None
    due: str = ""
    rest_after_s: float = REST_AFTER_S

    def command(self) -> tuple[str, ...]:
        """The command line of an engine that follows this script."""
        return (sys.executable, "-m", "lwd.asr.scripted", json.dumps(asdict(self)))


class ScriptedEngine:
    """Follows a script."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._busy_s = 0.0
        self._cache_bytes = 0
        if script.accident == "refuse" and self._is_due():
            raise RuntimeError("the script says so")

    def warm_up(self) -> None:
        """Nothing to warm."""

    def transcribe(
        self, batch: Sequence[Job], is_wanted: IsWanted
    ) -> Iterator[tuple[Job, Hypothesis]]:
        """One word for every half second."""
        self._cache_bytes = 1
        if any(job.samples[0] == _DEADLY for job in batch):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._script.accident not in {None, "refuse"} and self._is_due():
            self._have_accident()
        done_s = time.monotonic() + self._script.delay_s
        while time.monotonic() < done_s and any(map(is_wanted, batch)):
            self._work()
        for job in sorted(batch, key=_is_endless):
            while _is_endless(job) and is_wanted(job):
                self._work()
            if is_wanted(job):
                yield job, self._hear(job)

    def rest(self) -> None:
        """Forget that it has worked."""
        self._cache_bytes = 0

    def memory_bytes(self) -> dict[str, int]:
        """A byte of cache once it has worked."""
        return {"cache": self._cache_bytes}

    def seconds_by_stage(self) -> dict[str, float]:
        """The time that was passed."""
        return {"script": self._busy_s}

    def _hear(self, job: Job) -> Hypothesis:
        words = tuple(
            Word(f" {self._word(n)}", n * WORD_S, (n + 1) * WORD_S, 0.9, (n,))
            for n in range(len(job.hints.spoken), round(job.duration_s / WORD_S))
        )
        return Hypothesis(words, job.hints.language or "en")

    def _word(self, n: int) -> str:
        words = self._script.words
        return words[n % len(words)] if words else f"word{n}"

    def _work(self) -> None:
        time.sleep(_TOKEN_S)
        self._busy_s += _TOKEN_S

    def _is_due(self) -> bool:
        for token in Path(self._script.due).iterdir():
            # Another replica may have been quicker.
            with suppress(FileNotFoundError):
                token.unlink()
                return True
        return False

    def _have_accident(self) -> None:
        match self._script.accident:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                signal.pause()
            case "mute":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "fail":
                raise ValueError("the script says so")


def _is_endless(job: Job) -> bool:
    return bool(job.samples[0] == _ENDLESS)


def main() -> None:
    """Run as an engine process."""
    script = Script(**json.loads(sys.argv[1]))
    loaded = ("en", "de"), "scripted"
    run(
        int(sys.argv[2]),
        lambda: (ScriptedEngine(script), *loaded),
        rest_after_s=script.rest_after_s,
    )


if __name__ == "__main__":
    main()
