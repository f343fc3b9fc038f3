"""Streams audio through a server and shows what it answers: what `listen` and `simulate` share.

Owns the three ways of showing results. The connection is lwd.client's.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.live import Live
from rich.text import Text

from lwd.client.results import parse
from lwd.client.stream import FRAME_S, SAMPLE_RATE, listen_url, transcribe


def show_stream(
    blocks: Iterable[NDArray[np.int16]],
    url: str,
    key: str | None,
    params: Sequence[tuple[str, str]],
    *,
    as_json: bool,
    fast: bool = False,
    frame_s: float = FRAME_S,
) -> None:
    """Stream `blocks` (int16, 16 kHz, mono) with these parameters, and show the results."""
    raw = [("encoding", "linear16"), ("sample_rate", str(SAMPLE_RATE)), ("channels", "1")]
    address = listen_url(url, [*raw, *params])
    with _display(as_json=as_json) as show:
        asyncio.run(transcribe(blocks, address, key, show, fast=fast, frame_s=frame_s))


def shows_interims(*, as_json: bool) -> bool:
    """Whether anybody would see interim results."""
    return as_json or sys.stdout.isatty()


@contextmanager
def _display(*, as_json: bool) -> Iterator[Callable[[str], None]]:
    if as_json:
        yield click.echo
    elif sys.stdout.isatty():
        console = Console(highlight=False)
        with Live(console=console, auto_refresh=False, transient=True) as live:
            yield partial(show_live, live)
    else:
        yield show_final


def show_live(live: Live, message: str) -> None:
    """Print what is settled, and show below it what may still change."""
    result = parse(message)
    if result is None:
        return
    pending = str(result) if result.transcript and not result.is_final else ""
    live.update(Text(pending, style="dim"), refresh=True)
    if result.transcript and result.is_final:
        live.console.print(Text(str(result)))


def show_final(message: str) -> None:
    """Print what is settled."""
    result = parse(message)
    if result and result.is_final and result.transcript:
        click.echo(str(result))
