"""What the benchmarks' command lines share: sections, threads, and errors that are for people."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable

from lwd.errors import StartError


def add_sections(parser: argparse.ArgumentParser, sections: Iterable[str]) -> None:
    """Add the options that choose among the sections."""
    names = [*sections]
    for option, default in (("--only", names), ("--skip", [])):
        parser.add_argument(
            option, nargs="+", choices=names, default=default, help="sections to run, or not"
        )


def wanted(arguments: argparse.Namespace, sections: Iterable[str]) -> list[str]:
    """The sections that were chosen, in their own order."""
    return [name for name in sections if name in arguments.only and name not in arguments.skip]


def limit_threads(threads: int) -> None:
    """Bound the threads of every child process."""
    # OpenBLAS reads the first, most others the second.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(threads)


def exit_code(script: str, run: Callable[[], None]) -> int:
    """Run, and say in one line what keeps it from starting."""
    try:
        run()
    except StartError as error:
        print(f"{script}: {error}", file=sys.stderr)
        return error.exit_code
    return 0
