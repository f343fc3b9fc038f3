"""Streams audio through a server and shows what it answers: what `listen` and `simulate` share.

Owns the three ways of showing results. The connection is lwd.client's.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.live import Live
from rich.text import Text

from lwd.client.results import model_of, parse
from lwd.client.stream import FRAME_S, SAMPLE_RATE, listen_url, transcribe
from lwd.models.catalogue import CATALOGUE


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
        telling = _telling_of_another(dict(params).get("model"), show)
        asyncio.run(transcribe(blocks, address, key, telling, fast=fast, frame_s=frame_s))


def shows_interims(*, as_json: bool) -> bool:
    """Whether anybody would see interim results."""
    return as_json or sys.stdout.isatty()


@contextmanager
def _display(*, as_json: bool) -> Iterator[Callable[[str], None]]:
    if as_json:
        yield click.echo
    elif sys.stdout.isatty():
        console = Console(highlight=False)
        with (
            Live(console=console, auto_refresh=False, transient=True) as live,
            closing(TerminalLines(live)) as lines,
        ):
            yield lines.show
    else:
        with closing(_Lines()) as lines:
            yield lines.show


def _telling_of_another(asked: str | None, show: Callable[[str], None]) -> Callable[[str], None]:
    """`show`, which tells before the first result if the server takes that model for another."""
    if asked is None:
        return show
    is_known = False

    def telling(message: str) -> None:
        nonlocal is_known
        model = None if is_known else model_of(message)
        if model:
            is_known = True
            if not model.is_named(asked):
                heard = next(filter(model.is_named, CATALOGUE), model.name)
                click.echo(
                    f"lwd: model {asked}: none of that name is loaded there; heard with {heard}",
                    err=True,
                )
        show(message)

    return telling


class _Lines:
    """Writes what is settled as it comes; an utterance is a line, and may come in several parts."""

    def __init__(self) -> None:
        self._has_begun = False

    def show(self, message: str) -> None:
        """Write what a message settles."""
        result = parse(message)
        if result is None or not result.is_final:
            return
        if result.transcript:
            part = f" {result.transcript}" if self._has_begun else str(result)
            click.echo(part, nl=False)
            self._has_begun = True
        if result.speech_final:
            self.close()

    def close(self) -> None:
        """End the line."""
        if self._has_begun:
            self._has_begun = False
            click.echo()


class TerminalLines:
    """Shows an utterance as a line that grows, what may still change dim behind what is settled."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._settled = ""

    def show(self, message: str) -> None:
        """Show what a message says."""
        result = parse(message)
        if result is None:
            return
        part = f" {result.transcript}" if self._settled else str(result)
        part = part if result.transcript else ""
        full: list[str] = []
        if result.is_final:
            # What fills the width stays as it is, so that a long utterance outgrows no screen.
            *full, self._settled = self._wrapped(self._settled + part)
            part = ""
        self._print(full, Text.assemble(self._settled, (part, "dim")))
        if result.speech_final:
            self.close()

    def close(self) -> None:
        """Leave the utterance as it is settled."""
        settled, self._settled = self._settled, ""
        self._print([settled] if settled else [], Text())

    def _wrapped(self, text: str) -> list[str]:
        console = self._live.console
        return [line.plain for line in Text(text).wrap(console, console.width)] or [""]

    def _print(self, settled: Sequence[str], pending: Text) -> None:
        self._live.update(pending)
        for line in settled:
            self._live.console.print(Text(line))
        self._live.refresh()
