"""The fenced blocks of a page, and where each of them runs.

Knows Markdown and nothing else: running them is reader.py's. A block runs by the tests unless the
line before it says otherwise, `<!-- run by: NAME -->` or `<!-- not run: REASON -->`. A name after
the language is that of the file in which a reader saves the block: ```` ```python listen.py ````.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMANDS = "sh"
"""The language of what one types."""

CODE = frozenset({"python", "js", "html", "go", "csharp", "rust"})
"""The languages of what one saves, and then runs."""

TEST_DOCS = "make test-docs"
"""Runs what needs packages of others."""

REASONS = {
    "needs a Mac": "macOS's own commands, or what only its launchd can show",
    "needs root": "changes the machine that it runs on",
    "needs the network": "asks a model hub, a package index or another machine",
    "needs recordings": "measures on a corpus that one brings",
    "needs a microphone": "there is none where lwd is tested",
    "needs a service of others": "a room, a telephone number or an account",
    "needs Go modules": "their proxy is not to be had where lwd is tested",
    "needs NuGet": "the same",
    "needs crates.io": "the same",
    "the whole suite": "it is what runs the examples",
    "takes minutes": "is too long for a test",
}
"""Why an example may not be run, and what that means. There are no others."""

_BLOCK = re.compile(
    r"^(?:<!-- (?P<key>not run|run by): (?P<value>[^\n]*?) -->\n+)?"
    r"^```(?P<language>\w+)(?: (?P<file>[\w./-]+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """An example: its language, its text, and what its page says of it.

    `file` is empty for a block that is not saved. `not_run` is the reason why it is not, `run_by`
    what runs it; both are empty where the tests do.
    """

    line: int
    language: str
    file: str
    text: str
    not_run: str = ""
    run_by: str = ""


def read_blocks(page: Path) -> Sequence[Block]:
    """The blocks with a language, in their order."""
    text = page.read_text()
    return [
        Block(
            text.count("\n", 0, match.start("text")),
            match["language"],
            match["file"] or "",
            match["text"],
            **({match["key"].replace(" ", "_"): match["value"]} if match["key"] else {}),
        )
        for match in _BLOCK.finditer(text)
    ]
