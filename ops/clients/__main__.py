"""Try every client against a daemon of lwd, and show which can do what.

    make test-clients
    PYTHONPATH=ops:ops/bench python -m clients [--only NAME ...] [--keep DIR] [--json FILE]

The exit status is 1 unless every check of every client passes. See docs/clients-tested.md.
"""

import argparse
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from clients.lineup import CLIENTS
from clients.scenario import CHECKS
from clients.server import Server
from clients.table import side_by_side
from clients.trial import any_key, tried
from command import exit_code
from machine import STORE
from streaming.daemon import Daemon

_MODEL = "tiny.en"


def main() -> int:
    """Try what the command line asks for."""
    return exit_code("clients", partial(_run, _arguments()))


def _run(arguments: argparse.Namespace) -> None:
    key = any_key()
    os.environ["LWD_AUTH__KEYS"] = json.dumps([key])
    progress = Console(stderr=True)
    rows = []
    with tempfile.TemporaryDirectory() as scratch, Daemon(_MODEL, STORE) as daemon:
        root = (arguments.keep or Path(scratch)).absolute()
        server = Server(urlsplit(daemon.url).netloc, daemon.ops, key)
        for name in arguments.only:
            progress.print(f"  {name}")
            rows.append(tried(name, CLIENTS[name], root, server))
    Console().print(side_by_side(rows, CHECKS))
    if arguments.json:
        report = {row.name: row.as_json() for row in rows}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    if not all(row.is_green(CHECKS) for row in rows):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="clients", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--only", nargs="+", choices=CLIENTS, default=[*CLIENTS], metavar="NAME", help="of these")
    add("--keep", type=Path, metavar="DIR", help="keep the environments there, and use them again")
    add("--json", type=Path, metavar="FILE", help="write what came of each client to a file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
