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
import wave
from collections.abc import Sequence
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
from lwd.asr.types import SAMPLE_RATE
from machine import STORE
from streaming.daemon import Daemon

_MODEL = "tiny.en"
_SILENCE_S = 1.0
_OPENED = re.compile(r"http://localhost:(?P<port>\d+)/(?P<path>\S+)")
_HEARD_WITHIN_S = 60.0


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="examples", description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="of these pages")
    pages = parser.parse_args().pages or [*_needing_packages()]
    return exit_code("examples", partial(_run, pages))


def _needing_packages() -> Sequence[Path]:
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    return [
        page for page in pages if any(block.run_by == TEST_DOCS for block in read_blocks(page))
    ]


def _run(pages: Sequence[Path]) -> None:
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, Daemon(_MODEL, STORE) as daemon:
        speech = Path(scratch) / "speech.wav"
        _write(speech, Speech.spoken().then_silence(_SILENCE_S))
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
    except ExampleFailed as failure:
        print(f"{page}: {failure}")
        return True
    print(f"{page}: works")
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
        port = str(taken.getsockname()[1])
    serving = replace(block, text=block.text.replace(named["port"], port))
    url = f"http://localhost:{port}/{named['path']}"
    profile = reader.directory / "profile"
    with reader.leave_running(serving):
        async with opened(url, reader.speech, profile) as page:
            await page.evaluate("document.querySelector('button').click()")
            await _words(page, reader)


async def _words(page: Page, reader: Reader) -> None:
    text = ""
    try:
        async with asyncio.timeout(_HEARD_WITHIN_S):
            while not reader.is_heard(text):
                await asyncio.sleep(0.5)
                text = await page.evaluate("document.body.innerText")
    except TimeoutError as error:
        raise ExampleFailed(f"the page shows other words than were spoken: {text}") from error


def _write(path: Path, speech: Speech) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(speech.pcm)


if __name__ == "__main__":
    sys.exit(main())
