"""An engine process that follows a script, for tests of timing, load and failure.

It says one word for every half second of a window, and can be slow, fail, hang or die.
Run as `python -m lwd.asr.scripted SCRIPT FD SPEC`, with SCRIPT the JSON of a `Script`.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from lwd.asr.types import Hypothesis, Job, Word
from lwd.asr.worker import run

WORD_S = 0.5
"""Seconds of audio for each word."""


@dataclass(frozen=True, slots=True)
class Script:
    """What the engine does.

    Its `accident` happens to the next batch as often as `accidents` says; the count is kept in
    the file `tally`, because a new process goes on with the same script.
    """

    delay_s: float = 0.0
    accident: Literal["die", "fail", "hang", "refuse"] | None = None
    accidents: int = 0
    tally: str = ""

    def command(self) -> tuple[str, ...]:
        """The command line of an engine that follows this script."""
        return (sys.executable, "-m", "lwd.asr.scripted", json.dumps(asdict(self)))


class ScriptedEngine:
    """Follows a script."""

    def __init__(self, script: Script) -> None:
        self._script = script
        if script.accident == "refuse" and self._is_due():
            raise RuntimeError("the script says so")

    def warm_up(self) -> None:
        """Nothing to warm."""

    def transcribe(self, batch: Sequence[Job]) -> Iterator[tuple[Job, Hypothesis]]:
        """One word for every half second."""
        if self._script.accident and self._is_due():
            self._have_accident()
        time.sleep(self._script.delay_s)
        for job in batch:
            words = tuple(
                Word(f" word{n}", n * WORD_S, (n + 1) * WORD_S, 0.9)
                for n in range(round(job.duration_s / WORD_S))
            )
            yield job, Hypothesis(words, job.language or "en")

    def memory_bytes(self) -> dict[str, int]:
        """No framework holds memory."""
        return {}

    def _is_due(self) -> bool:
        tally = Path(self._script.tally)
        happened = len(tally.read_bytes()) if tally.exists() else 0
        if happened >= self._script.accidents:
            return False
        tally.write_bytes(b"." * (happened + 1))
        return True

    def _have_accident(self) -> None:
        match self._script.accident:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                signal.pause()
            case "fail":
                raise ValueError("the script says so")


def main() -> None:
    """Run as an engine process."""
    script = Script(**json.loads(sys.argv[1]))
    run(int(sys.argv[2]), lambda: (ScriptedEngine(script), ("en", "de"), "scripted"))


if __name__ == "__main__":
    main()
