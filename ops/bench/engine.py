"""Measure lwd's engine beside its rivals on this machine, and say which targets it reaches.

    python ops/bench/engine.py --corpus DIR [--quick] [--json FILE]
    python ops/bench/engine.py --shape small --shape large-v3-turbo [--batches 1,8]

See docs/benchmarks.md. Targets that are missed are listed; they are no error.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console

from corpus import read_manifest
from figures import (
    accuracy,
    batch,
    draft,
    limits,
    memory,
    profile,
    shapes,
    start,
    times,
    utterance,
)
from lwd.models.store import ModelStore
from report import Measured, as_json, missed, table
from session import Session

# The longest last.
SECTIONS: dict[str, Callable[[Session], Measured]] = {
    "utterance": utterance.measure,
    "profile": profile.measure,
    "limits": limits.measure,
    "batch": batch.measure,
    "draft": draft.measure,
    "start": start.measure,
    "accuracy": accuracy.measure,
    "times": times.measure,
    "memory": memory.measure,
}

_ROUNDS, _QUICK_ROUNDS = 9, 3
_QUICK_CLIPS = 12
_WINDOWS, _QUICK_WINDOWS = 10_000, 200
_QUIET_LOAD = 0.5
_BATCHES = (1, 2, 4, 8, 16, 32)
_STORE = Path.home() / ".cache" / "lwd" / "models"
_PACKAGES = ("lwd", "mlx", "faster-whisper", "ctranslate2", "lightning-whisper-mlx")


def main() -> None:
    """Measure what the command line asks for."""
    parser = _parser()
    arguments = parser.parse_args()
    if not (arguments.corpus or arguments.shape):
        parser.error("name a directory with a manifest.jsonl (--corpus) or a shape (--shape)")
    # What children inherit: OpenBLAS reads the first, most others the second.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    console = Console(stderr=True)
    if (load := os.getloadavg()[0]) > _QUIET_LOAD:
        console.print(
            f"[bold red]The machine is not quiet (load {load:.1f}): times mean little.[/]"
        )
    with tempfile.TemporaryDirectory() as scratch:
        session = _session(arguments, Path(scratch), console)
        results: dict[str, object] = {"machine": _machine(arguments.threads)}
        if arguments.shape:
            results |= _measure_shapes(session, arguments.shape, arguments.batches)
        if arguments.corpus:
            wanted = [name for name in SECTIONS if name in arguments.only]
            results |= _measure(session, [name for name in wanted if name not in arguments.skip])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def _measure(session: Session, names: list[str]) -> dict[str, object]:
    """Run sections, show each when it is done, and all of them at the end."""
    found = []
    for name in names:
        session.console.print(f"[bold]{name}[/]")
        found.append(SECTIONS[name](session))
        for figure in found[-1].figures:
            session.console.print(f"  {figure.title}: {figure.measured}")
    figures = [figure for section in found for figure in section.figures]
    console = Console()
    console.print(table(figures))
    console.print(*(remark for section in found for remark in section.remarks), sep="\n")
    if lacking := missed(figures):
        console.print(f"Missed: {', '.join(lacking)}.")
    return as_json(found)


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


def _machine(threads: int) -> dict[str, object]:
    """What figures depend on."""
    return {
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "threads": threads,
        "load": os.getloadavg(),
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--corpus", type=Path, metavar="DIR", help="directory with a manifest.jsonl")
    add("--quick", action="store_true", help="fewer rounds, clips and windows")
    add("--json", type=Path, metavar="FILE", help="write everything measured to a file")
    add("--store", type=Path, default=_STORE, metavar="DIR", help="where the models are")
    add("--threads", type=int, default=2, metavar="N", help="threads of each contestant (2)")
    for option, default in (("--only", [*SECTIONS]), ("--skip", [])):
        add(option, nargs="+", choices=SECTIONS, default=default, help="sections to run, or not")
    add("--windows", type=int, metavar="N", help="windows of the section memory (10 000)")
    add("--shape", action="append", choices=shapes.SHAPES, help="measure random weights instead")
    add("--batches", type=_sizes, default=_BATCHES, metavar="N,N", help="sizes for --shape")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(","))


if __name__ == "__main__":
    main()
