"""Whether a server's whole path is alive: a tone must give no words, and a sentence its own."""

import time
from dataclasses import dataclass

from lwd.client.results import Result, parse
from lwd.client.stream import transcribe
from lwd.trial.daemon import Server
from lwd.trial.sounds import SPOKEN, Sound, n_heard, sentence, silence, tone

_TONE_S = 3.0
_SILENCE_S = 0.5

ENOUGH_WORDS = 0.8
"""Share of the words that even a small model hears."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was tried, whether it went well, what was seen, and how long it took."""

    check: str
    passed: bool
    shown: str
    seconds: float


async def probe(server: Server) -> list[Check]:
    """Try a server by two short streams; raises ConnectionFailed."""
    return [await _tone(server), await _sentence(server)]


async def _tone(server: Server) -> Check:
    results, seconds = await _results(server, tone(_TONE_S))
    n_words = sum(len(result.transcript.split()) for result in results)
    return Check("tone", n_words == 0, f"{n_words} words in {_TONE_S:g} s of a sine", seconds)


async def _sentence(server: Server) -> Check:
    results, seconds = await _results(server, sentence())
    transcript = " ".join(result.transcript for result in results if result.is_final)
    n_words = n_heard(transcript)
    passed = n_words >= ENOUGH_WORDS * len(SPOKEN)
    return Check("sentence", passed, f"{n_words} of {len(SPOKEN)} words of a sentence", seconds)


async def _results(server: Server, sound: Sound) -> tuple[list[Result], float]:
    """What a server answers to a sound, sent as fast as it takes it, and the seconds that took."""
    results: list[Result] = []

    def show(message: str) -> None:
        if result := parse(message):
            results.append(result)

    started_s = time.monotonic()
    blocks = [sound, silence(_SILENCE_S)]
    await transcribe(blocks, server.stream_url, server.key, show, fast=True)
    return results, time.monotonic() - started_s
