"""Measure a live server by real-time calls over real sockets, and say which targets it reaches.

    python ops/bench/stream.py --corpus DIR [--quick] [--json FILE] [--plot FILE.png]
    python ops/bench/stream.py --corpus DIR --only capacity --model base
    python ops/bench/stream.py --corpus DIR --only calls --server wss://HOST --key KEY

Without --server it starts its own daemon of lwd. See docs/benchmarks.md. Targets that are missed are
listed; they are no error.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from whisper_normalizer.english import EnglishTextNormalizer

from command import add_sections, exit_code, limit_threads, wanted
from corpus import Clip, english, read_manifest
from lwd.errors import InputUnreadable
from machine import STORE, describe, warn_unless_quiet
from report import Measured, measure
from streaming import calls, capacity, endurance, nonspeech
from streaming.bench import Bench, Plan
from streaming.compose import compose
from streaming.daemon import Daemon
from streaming.deepgram import Deepgram, parameters
from streaming.plot import draw

# The longest last.
SECTIONS: dict[str, Callable[[Bench], Measured]] = {
    "calls": calls.measure,
    "nonspeech": nonspeech.measure,
    "capacity": capacity.measure,
    "endurance": endurance.measure,
}

_QUICK = {"calls": 2, "seconds": 25.0, "minutes": 1.0, "max_streams": 4, "clips": 12}
_SEED = 4
_PACKAGES = ("lwd", "mlx", "aiohttp", "uvloop", "faster-whisper", "ctranslate2")


def main() -> int:
    """Measure what the command line asks for."""
    arguments = _arguments()
    return exit_code("stream.py", partial(_run, arguments, wanted(arguments, SECTIONS)))


def _run(arguments: argparse.Namespace, sections: Sequence[str]) -> None:
    limit_threads(arguments.threads)
    console = Console(stderr=True)
    warn_unless_quiet(console)
    results: dict[str, Any] = {"machine": describe(_PACKAGES), "settings": _settings(arguments)}
    clips = read_manifest(arguments.corpus)
    if not english(clips):
        raise InputUnreadable("the corpus has no English clips, see docs/benchmarks.md")
    with (
        tempfile.TemporaryDirectory() as scratch,
        nullcontext() if arguments.server else Daemon(arguments.model, arguments.store) as daemon,
    ):
        bench = _bench(arguments, clips, daemon, Path(scratch), console)
        results |= measure(SECTIONS, sections, bench, console)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    if arguments.plot:
        draw(arguments.plot, results.get("latencies", {}), results.get("capacity_trials", []))


def _bench(
    arguments: argparse.Namespace,
    clips: Sequence[Clip],
    daemon: Daemon | None,
    scratch: Path,
    console: Console,
) -> Bench:
    url = daemon.url if daemon else arguments.server
    return Bench(
        client=Deepgram(url, parameters(arguments.model, arguments.endpointing), arguments.key),
        meter=daemon.usage if daemon else None,
        model=arguments.model,
        calls=compose(english(clips), arguments.calls, arguments.seconds, _SEED),
        clips=clips,
        plan=Plan(
            streams=arguments.streams,
            max_streams=arguments.max_streams,
            endpointing_s=arguments.endpointing / 1000,
            minutes=arguments.minutes,
            pace=arguments.pace,
            n_clips=arguments.clips,
        ),
        threads=arguments.threads,
        scratch=scratch,
        normalise=EnglishTextNormalizer(),
        console=console,
    )


def _settings(arguments: argparse.Namespace) -> dict[str, object]:
    """What was asked for, without the key."""
    names = ("server", "model", "calls", "seconds", "streams", "endpointing", "minutes", "pace")
    return {name: getattr(arguments, name) for name in names}


def _arguments() -> argparse.Namespace:
    """The command line; `--quick` changes defaults, so what is stated wins."""
    parser = _parser()
    if parser.parse_args().quick:
        parser.set_defaults(**_QUICK)
    return parser.parse_args()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="with a manifest.jsonl")
    add("--quick", action="store_true", help="few and short calls, and few clips")
    add("--json", type=Path, metavar="FILE", help="write everything measured to a file")
    add("--plot", type=Path, metavar="FILE", help="write a picture (PNG) of the latencies")
    add_sections(parser, SECTIONS)
    add("--model", default="tiny.en", help="(tiny.en) whisper model")
    add("--store", type=Path, default=STORE, metavar="DIR", help="where the models are")
    add("--server", metavar="URL", help="call this server, ws://... or wss://..., not a new daemon")
    add("--key", help="its key")
    add("--endpointing", type=int, default=300, metavar="MS", help="silence that ends speech (300)")
    add("--calls", type=int, default=8, metavar="N", help="different calls (8)")
    add("--seconds", type=float, default=60.0, metavar="S", help="length of each (60)")
    add("--streams", type=int, default=1, metavar="N", help="of the section calls (1)")
    add("--max-streams", type=int, default=32, metavar="N", help="of the section capacity (32)")
    add("--clips", type=int, metavar="N", help="of the section nonspeech (all)")
    add("--minutes", type=float, default=20.0, metavar="M", help="of the section endurance (20)")
    add("--pace", type=float, default=1.0, metavar="X", help="its speed: times real time (1)")
    add("--threads", type=int, default=2, metavar="N", help="threads of Whisper offline (2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
