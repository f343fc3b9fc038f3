"""What a reader copies from the documentation works.

Each page is run from its top to its bottom in one throw-away checkout, with lwd running beside it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from examples.blocks import CODE, COMMANDS, REASONS, TEST_DOCS, Block, read_blocks
from examples.reader import ROOT, ExampleFailed, Reader, Server

from tests.audio.encoders import wav
from tests.conftest import SPOKEN, read_pcm
from tests.e2e.conftest import Daemon
from tests.test_docs import PAGES, table

N_READERS = 3
SAMPLE_RATE = 16_000
SPEECH_FROM, WORDS_FROM = 54_400, 11
"""Samples and words of the speech that are left out, as all of it would take twice as long."""

CONTRIBUTING = ROOT / "CONTRIBUTING.md"


def name(page: Path) -> str:
    """A page as other pages name it."""
    return str(page.relative_to(ROOT))


def is_run_here(block: Block) -> bool:
    """Whether this test types the block."""
    return block.language == COMMANDS and not (block.not_run or block.run_by)


RUN_HERE = [page for page in PAGES if any(map(is_run_here, read_blocks(page)))]


NewReader = Callable[[], Reader]


@pytest.fixture(scope="session")
def new_reader(
    daemon: Daemon,
    speech_file: Path,
    model_store: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> NewReader:
    """Somebody who has just cloned lwd, and runs it in another terminal."""
    server = Server(f"127.0.0.1:{daemon.port}", f"127.0.0.1:{daemon.ops_port}")
    speech = tmp_path_factory.mktemp("speech") / "speech.wav"
    speech.write_bytes(wav(read_pcm(speech_file, SAMPLE_RATE)[SPEECH_FROM:, None]))
    spoken = " ".join(SPOKEN.split()[WORDS_FROM:])

    def settled() -> Reader:
        reader = Reader(tmp_path_factory.mktemp("reader"), server, model_store, speech, spoken)
        reader.settle()
        return reader

    return settled


@pytest.fixture(scope="session")
def readings(new_reader: NewReader) -> Iterator[Mapping[Path, Future[None]]]:
    """What comes of each page; they are read at the same time, as most of it is waiting."""
    with ThreadPoolExecutor(N_READERS) as readers:
        yield {page: readers.submit(read, page, new_reader()) for page in RUN_HERE}


def read(page: Path, reader: Reader) -> None:
    """Do what a page says; raises ExampleFailed."""
    for block in read_blocks(page):
        if block.file:
            reader.save(block)
        elif is_run_here(block):
            reader.type(block)


@pytest.mark.parametrize("page", RUN_HERE, ids=name)
def test_page_works_as_it_stands(page: Path, readings: Mapping[Path, Future[None]]) -> None:
    """Every command ends well, and where a recording is heard its words are printed."""
    readings[page].result()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_example_is_run_or_says_why_not(page: Path) -> None:
    """Code is saved and used by another block of its page, or has a reason not to be."""
    blocks = read_blocks(page)
    for block in blocks:
        assert not block.not_run or block.not_run in REASONS, f"{page}:{block.line}"
        assert not block.run_by or exists(block.run_by), f"{page}:{block.line}"
        if block.language in CODE and not (block.not_run or block.run_by):
            others = "".join(other.text for other in blocks if other != block)
            assert block.file, f"{page}:{block.line}: not run, and says no reason"
            assert Path(block.file).stem in others, f"{page}:{block.line}: nothing uses it"


def exists(runner: str) -> bool:
    """Whether there is what a block names as its runner."""
    return runner == TEST_DOCS or (runner.startswith("tests/") and (ROOT / runner).is_file())


def test_what_is_not_run_is_listed() -> None:
    """A contributor sees which examples nobody tries, and why."""
    reasons: dict[str, Counter[str]] = {reason: Counter() for reason in REASONS}
    for page in PAGES:
        for block in read_blocks(page):
            if block.not_run:
                reasons[block.not_run][name(page)] += 1
    expected = [
        [f"`{reason}`", meaning, ", ".join(f"{page} ({n})" for page, n in pages.items())]
        for (reason, meaning), pages in zip(REASONS.items(), reasons.values(), strict=True)
    ]

    assert table(CONTRIBUTING, "Examples in the documentation") == expected


def test_failure_is_not_overlooked(new_reader: NewReader) -> None:
    """A command that fails, even in the middle of a block or of a pipe, fails the page."""
    reader = new_reader()
    for commands in ("(exit 3)\necho after\n", "(exit 3) | cat\n", "echo other words: FILE\n"):
        with pytest.raises(ExampleFailed):
            reader.type(Block(1, "sh", "", commands))
    with pytest.raises(ExampleFailed, match="lwd's own"):
        reader.save(Block(1, "yaml", "config/dev.yaml", "log: {}\n"))


MARKED = """
<!-- not run: needs a Mac -->
```sh
sudo true
```

<!-- run by: make test-docs -->

```python listen.py
print()
```

```sh
one
two
```

```
no language
```
"""


def test_blocks_are_read_with_what_is_said_of_them(tmp_path: Path) -> None:
    """A mark counts for the block that follows it and for no other."""
    page = tmp_path / "page.md"
    page.write_text(MARKED)

    assert read_blocks(page) == [
        Block(3, "sh", "", "sudo true\n", not_run="needs a Mac"),
        Block(9, "python", "listen.py", "print()\n", run_by="make test-docs"),
        Block(13, "sh", "", "one\ntwo\n"),
    ]
