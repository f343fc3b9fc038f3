"""Run the examples that need packages of others, each page in an environment of its own.

    make test-docs
    PYTHONPATH=ops:ops/bench python -m examples [PAGE ...]

The exit status is 1 unless every page works. See CONTRIBUTING.md.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from socket import create_server
from urllib.parse import urlsplit

from clients.speech import TEXT, Speech

from command import exit_code
from examples.blocks import COMMANDS, TEST_DOCS, Block, read_blocks
from examples.browser import Page, opened
from examples.reader import ROOT, ExampleFailed, Reader, Server
from lwd.errors import StartError
from machine import STORE
from streaming.daemon import Daemon

_MODEL = "tiny.en"
_SILENCE_S = 1.0
_OPENED = re.compile(r"http://localhost:(?P<port>\d+)/(?P<path>\S+)")
_BUTTON = "document.querySelector('button')"
_PRESS = f"Boolean({_BUTTON}?.onclick) && !{_BUTTON}.click()"
"""Whether there was a button that does something, which is then pressed."""

_PATIENCE_S = 60.0


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="examples", description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="of these pages")
    pages = parser.parse_args().pages or [*_needing_packages()]
    return exit_code("examples", partial(_run, pages))


def _needing_packages() -> Sequence[Path]:
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    return [page for page in pages if any(block.run_by == TEST_DOCS for block in read_blocks(page))]


def _run(pages: Sequence[Path]) -> None:
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, Daemon(_MODEL, STORE) as daemon:
        speech = Path(scratch) / "speech.wav"
        Speech.spoken().then_silence(_SILENCE_S).write(speech)
        server = Server(urlsplit(daemon.url).netloc, daemon.ops)
        for n, page in enumerate(pages):
            directory = Path(scratch) / str(n)
            python = directory / "python"
            reader = Reader(directory, server, STORE, speech, TEXT, [python / "bin"])
            reader.settle()
            subprocess.run([sys.executable, "-m", "venv", str(python)], check=True)
            failed += _fails(page, reader)
    if failed:
        sys.exit(1)


def _fails(page: Path, reader: Reader) -> bool:
    """Whether a page does not work; prints how it went."""
    try:
        for block in read_blocks(page):
            if not (block.not_run or block.run_by.startswith("tests/")):
                _do(block, reader)
    except (ExampleFailed, StartError) as failure:
        print(f"{page}: {failure}", flush=True)
        return True
    print(f"{page}: works", flush=True)
    return False


def _do(block: Block, reader: Reader) -> None:
    if block.file:
        reader.save(block)
    elif opened_page := _OPENED.search(block.text):
        asyncio.run(_speak(block, opened_page, reader))
    elif block.language == COMMANDS:
        reader.type(block)


async def _speak(block: Block, named: re.Match[str], reader: Reader) -> None:
    """Open the page that the commands serve, press its button, and wait for the words."""
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    serving = replace(block, text=block.text.replace(named["port"], str(port)))
    url = f"http://localhost:{port}/{named['path']}"
    with reader.leave_running(serving):
        await _until(partial(_listens, port), "nothing listens")
        async with opened(url, reader.speech, reader.directory / "profile") as page:
            await _until(partial(page.evaluate, _PRESS), "the page shows no button")
            await _until(partial(_shows, page, reader), "the page does not show what was spoken")


async def _until(is_so: Callable[[], Awaitable[bool]], complaint: str) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not await is_so():  # noqa: ASYNC110 - it is so in another process
                await asyncio.sleep(0.2)
    except TimeoutError as error:
        raise ExampleFailed(complaint) from error


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _shows(page: Page, reader: Reader) -> bool:
    return reader.is_heard(await page.evaluate("document.body.innerText"))


if __name__ == "__main__":
    sys.exit(main())
