"""Measure lwd and its rivals by the same real-time calls, one after the other, side by side.

    python ops/bench/rivals.py --corpus DIR [--quick] [--json FILE] [--envs DIR]
    python ops/bench/rivals.py --corpus DIR --only lwd whisperlive

Each rival is installed into a virtual environment of its own, which is kept with --envs. One that
cannot be installed or does not start is shown with its reason, and the others go on.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from whisper_normalizer.english import EnglishTextNormalizer

from command import exit_code, limit_threads, wanted
from corpus import english, read_manifest
from lwd.errors import InputUnreadable
from lwd.models.store import ModelStore
from machine import describe, warn_unless_quiet
from streaming.compose import compose
from streaming.deepgram import parameters
from streaming.rivals.arguments import check, read_arguments
from streaming.rivals.contender import Setting
from streaming.rivals.lineup import CONTENDERS
from streaming.rivals.measure import OFFLINE, Comparison
from streaming.rivals.table import Row, side_by_side
from streaming.rivals.weights import Weights

_NAMES = (*CONTENDERS, OFFLINE)
_SEED = 4
_PACKAGES = ("lwd", "mlx", "aiohttp", "uvloop", "faster-whisper", "ctranslate2")


def main() -> int:
    """Measure what the command line asks for."""
    return exit_code("rivals.py", partial(_run, read_arguments(_NAMES)))


def _run(arguments: argparse.Namespace) -> None:
    check(arguments)
    limit_threads(arguments.threads)
    console = Console(stderr=True)
    clips = english(read_manifest(arguments.corpus))
    if not clips:
        raise InputUnreadable("the corpus has no English clips, see docs/benchmarks.md")
    files = ModelStore(arguments.store).files(arguments.model)
    warn_unless_quiet(console)
    comparison = Comparison(
        calls=compose(clips, arguments.calls, arguments.seconds, _SEED),
        endpointing_s=arguments.endpointing / 1000,
        normalise=EnglishTextNormalizer(),
        threads=arguments.threads,
        console=console,
    )
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(
            weights=Weights(arguments.model, files, Path(scratch)),
            parameters=parameters(arguments.model, arguments.endpointing),
            envs=(arguments.envs or Path(scratch) / "envs").absolute(),
            say=lambda text: console.print(f"  {text}"),
        )
        rows = [
            comparison.offline(setting)
            if name == OFFLINE
            else comparison.live(name, CONTENDERS[name], setting)
            for name in wanted(arguments, _NAMES)
        ]
    _show(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(_as_json(rows, arguments), indent=2) + "\n")


def _show(rows: Sequence[Row]) -> None:
    console = Console()
    console.print(side_by_side(rows))
    for row in rows:
        for remark in row.remarks:
            console.print(f"{row.name}: {remark}")


def _as_json(rows: Sequence[Row], arguments: argparse.Namespace) -> dict[str, object]:
    names = ("model", "calls", "seconds", "endpointing", "threads")
    return {
        "machine": describe(_PACKAGES),
        "settings": {name: getattr(arguments, name) for name in names},
        "systems": {row.name: row.as_json() for row in rows},
    }


if __name__ == "__main__":
    sys.exit(main())
