"""The documentation names what there is, all of it and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from lwd.cli.exits import EXITS, FAILED, INTERRUPTED
from lwd.config import Config, LimitsConfig
from lwd.config.load import FIELDS, SECTIONS
from lwd.errors import StartError
from lwd.metrics import REGISTRY
from lwd.protocol import params
from lwd.protocol.query import Query
from lwd.server.admission import Streams
from lwd.server.app import build_app, build_decoders, build_ops
from lwd.server.engines import Engines
from lwd.server.live import Live
from lwd.server.outcome import OUTCOMES, Outcome
from lwd.server.rejections import Rejections
from lwd.text.entities import LABELS
from lwd.text.redaction import KINDS

ROOT = Path(__file__).parent.parent
OPERATIONS = ROOT / "docs" / "operations.md"
COMPATIBILITY = ROOT / "docs" / "compatibility.md"
CLI = ROOT / "docs" / "cli.md"
PROTOCOL = ROOT / "docs" / "protocol.md"
MODEL_FILE = "model.bin"  # looks like a key
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("launchd/*.md")])


def section(page: Path, title: str) -> str:
    """The text of one section of a page, without its subsections."""
    match = re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert match, f"{page.name} has no section {title}"
    return match[1]


def table(page: Path, title: str) -> list[list[str]]:
    """The rows of a section's tables, cell by cell, without their heads."""
    lines = section(page, title).splitlines()
    rules = [n for n, line in enumerate(lines) if line.startswith("|---")]
    heads = {n for rule in rules for n in (rule - 1, rule)}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for n, line in enumerate(lines)
        if line.startswith("|") and n not in heads
    ]


def names(cell: str) -> set[str]:
    """What a cell has in code marks."""
    return set(re.findall(r"`([^`]+)`", cell))


def first_names(page: Path, title: str) -> set[str]:
    """What a section's tables have in code marks in their first column."""
    return {name for row in table(page, title) for name in names(row[0])}


def metric_names() -> set[str]:
    """The metrics as they stand in `/metrics`, a histogram by its bare name."""
    suffixes = {"counter": "_total", "info": "_info"}
    return {metric.name + suffixes.get(metric.type, "") for metric in REGISTRY.collect()}


def exit_codes(error: type[StartError]) -> Iterator[int]:
    """The exit codes of an error and of all its kinds."""
    yield error.exit_code
    for kind in error.__subclasses__():
        yield from exit_codes(kind)


def logged() -> Iterator[tuple[str, str, set[str]]]:
    """Name, level and fields of every event that lwd logs."""
    for path in (ROOT / "lwd").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=method)):
                    [event] = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                    level = "error" if method == "exception" else method
                    yield str(event), level, {kw.arg for kw in node.keywords if kw.arg}


def test_every_metric_is_explained() -> None:
    """An operator finds each metric in the table, and only metrics that there are."""
    assert first_names(OPERATIONS, "Metrics") == metric_names()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_metric_is_invented(page: Path) -> None:
    """A query copied from any page finds its metric."""
    named = re.findall(r"\blwd_[a-z_]*[a-z]", page.read_text())

    assert {re.sub("_(bucket|sum|count)$", "", name) for name in named} <= metric_names()


def test_every_endpoint_is_explained() -> None:
    """Each path that answers is in the table, and no other."""
    live, engines, streams = Live(Config()), Engines([], None), Streams(LimitsConfig())
    rejections = Rejections()
    apps = (
        build_app(live, engines, build_decoders(live.config), streams, rejections),
        build_ops(live, engines, streams, rejections),
    )

    paths = {resource.canonical for app in apps for resource in app.router.resources()}

    assert first_names(OPERATIONS, "Endpoints") == paths


def test_every_endpoint_of_deepgrams_is_compared() -> None:
    """Whoever moves from Deepgram finds each path under /v1 that answers, and no other."""
    live, streams = Live(Config()), Streams(LimitsConfig())
    app = build_app(live, Engines([], None), build_decoders(live.config), streams, Rejections())
    paths = {resource.canonical for resource in app.router.resources()} - {"/v1/listen"}
    rows = table(COMPATIBILITY, "Other endpoints")
    compared = {name.split()[-1] for row in rows if row[1] != "refused" for name in names(row[0])}

    assert {_unnamed(path) for path in compared} == {
        _unnamed(path) for path in paths if path.startswith("/v1/")
    }


def _unnamed(path: str) -> str:
    """A path without the names of its parts that vary."""
    return re.sub(r"{[^}]*}", "{}", path)


def test_every_exit_code_is_explained() -> None:
    """Each status that a command ends with is in the table as `lwd --help` has it, and no other."""
    documented = {int(row[0]): row[1] for row in table(CLI, "Exit status")}

    assert documented == EXITS
    assert list(EXITS) == sorted({0, FAILED, INTERRUPTED, *exit_codes(StartError)})


def test_every_log_event_is_explained() -> None:
    """Each event is in the table with its level and its fields, and no other."""
    documented = {
        name: (row[1], names(row[2]))
        for row in table(OPERATIONS, "Log events")
        for name in names(row[0])
    }
    events = list(logged())

    assert documented.keys() == {"library_message", *(event for event, *_ in events)}
    for event, level, event_fields in events:
        assert documented[event][0] == level
        assert event_fields <= documented[event][1], event


def test_every_outcome_is_explained() -> None:
    """Each way in which a stream can end is in the table, and no other."""
    assert first_names(OPERATIONS, "Outcomes") == {outcome.value for outcome in Outcome}


class _Recording(Query):
    """Knows which parameters were looked at."""

    looked_at: ClassVar[set[str]] = set()

    def text(self, name: str) -> str | None:
        self.looked_at.add(name)
        return super().text(name)

    def texts(self, name: str, *, most: int, longest: int) -> tuple[str, ...]:
        self.looked_at.add(name)
        return super().texts(name, most=most, longest=longest)


def test_every_parameter_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader finds what is honoured in the protocol, and every one of Deepgram's compared."""
    monkeypatch.setattr(params, "Query", _Recording)
    params.parse_listen_params([])
    refused = {"diarize", "diarize_model"}
    assert _Recording.looked_at | params.NO_EFFECT == params.PARAMETERS

    assert first_names(PROTOCOL, "Parameters") == _Recording.looked_at - refused
    compared = {
        name: row[1] for row in table(COMPATIBILITY, "Query parameters") for name in names(row[0])
    }
    assert compared.keys() - {"language=multi"} == _Recording.looked_at | params.NO_EFFECT
    assert {name for name, status in compared.items() if status == "no effect"} == params.NO_EFFECT
    assert {name for name, status in compared.items() if status == "refused"} == refused


def test_every_label_is_explained() -> None:
    """A reader knows each label that an entity can have, and which kinds of digits can be hidden."""
    text = section(PROTOCOL, "Hidden, replaced and found text")

    assert names(text) >= LABELS
    assert first_names(PROTOCOL, "Hidden, replaced and found text") == {*KINDS, "true"}


def test_every_close_is_explained() -> None:
    """Each close frame that a stream can end with is in the table, code and reason."""
    documented = {(row[0], row[1].strip("`")) for row in table(PROTOCOL, "How a stream ends")}

    assert {(str(close.code), close.reason or "none") for close in OUTCOMES} <= documented


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_key_is_invented(page: Path) -> None:
    """A key that a page names can be set."""
    named = re.findall(rf"`((?:{'|'.join(SECTIONS)})\.[a-z_]+)`", page.read_text())

    assert set(named) <= {*FIELDS, MODEL_FILE}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to another page finds it, and the section that it names."""
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text())
    for path, _, anchor in (target.partition("#") for target in targets if "://" not in target):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"
