"""The command line of ops/bench/rivals.py."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from command import add_sections
from lwd.errors import UsageError
from machine import STORE
from rival_models import MODELS

_QUICK = {"calls": 1, "seconds": 20.0}


def read_arguments(names: Sequence[str], line: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, of which `names` may be measured; what is stated wins over `--quick`."""
    parser = _parser(names)
    if parser.parse_args(line).quick:
        parser.set_defaults(**_QUICK)
    return parser.parse_args(line)


def check(arguments: argparse.Namespace) -> None:
    """Raise UsageError for what would otherwise fail after minutes."""
    for name in ("calls", "seconds", "endpointing", "threads"):
        if (value := getattr(arguments, name)) <= 0:
            raise UsageError(f"--{name} {value}: must be above 0")
    if arguments.model not in MODELS:
        raise UsageError(f"--model {arguments.model}: rivals can have {' or '.join(MODELS)}")


def _parser(names: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Measure lwd and its rivals by the same real-time calls, side by side."
    )
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="with a manifest.jsonl")
    add("--quick", action="store_true", help="one call of 20 s to each")
    add("--json", type=Path, metavar="FILE", help="write everything measured to a file")
    add_sections(parser, names)
    add("--envs", type=Path, metavar="DIR", help="keep the rivals' environments here")
    add("--model", default="tiny.en", help="(tiny.en) whisper model")
    add("--store", type=Path, default=STORE, metavar="DIR", help="where the models are")
    add("--endpointing", type=int, default=300, metavar="MS", help="silence that ends speech (300)")
    add("--calls", type=int, default=4, metavar="N", help="different calls (4)")
    add("--seconds", type=float, default=60.0, metavar="S", help="length of each (60)")
    add("--threads", type=int, default=2, metavar="N", help="threads of each (2)")
    return parser
