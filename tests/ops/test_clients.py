"""The trial of Deepgram's clients: what their drivers say, how it is judged, and what is shown."""

import asyncio
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from clients import environment, scenario
from clients.environment import NodeKit, PythonKit
from clients.events import Event, read_event
from clients.lineup import CLIENTS, Client
from clients.process import Command, Driver, IsMet, Unmet, driver
from clients.scenario import CHECKS, Conversation, converse, is_rejected
from clients.server import Server, Streams
from clients.speech import Speech, wer_percent
from clients.table import Row, side_by_side
from clients.trial import tried
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from environment import Unavailable

DRIVERS = Path(environment.__file__).parent / "drivers"
PAGE = Path(__file__).parents[2] / "docs" / "clients-tested.md"

OPEN, METADATA, CLOSED = Event("open"), Event("metadata"), Event("close", code=1000)
INTERIM = Event("results", "Then the", 2)
BEGINNING = Event(
    "results",
    "Then the good soul openly shouldered the burden she had borne so long in secret,",
    words=15,
    is_final=True,
)
REST = Event("results", "and bravely trudged on alone.", 5, is_final=True)
ANSWER = Event("results", "Then the good", 3, is_final=True, from_finalize=True)
WRONG_KEY = Event("error", "HTTP 401")

Script = Mapping[str, Sequence[Event]]

GOOD: Script = {
    "open": [OPEN],
    "audio": [INTERIM, BEGINNING, REST],
    "finalize": [ANSWER],
    "close": [METADATA, CLOSED],
}
"""What a client tells when it is first given an order."""

FAULTS: dict[str, tuple[Script, str, str]] = {
    "never opens": ({"open": []}, "connect", "no open event within 60 s"),
    "refused": ({"open": [WRONG_KEY]}, "connect", "no open event within 60 s: HTTP 401"),
    "no interims": (
        {"audio": [BEGINNING, REST]},
        "interims",
        "no interim with words within 10 s",
    ),
    "empty interims": (
        {"audio": [Event("results"), BEGINNING, REST]},
        "interims",
        "no interim with words within 10 s",
    ),
    "words lost": (
        {"audio": [INTERIM, BEGINNING]},
        "final",
        "the finals have a word error rate of 25 %",
    ),
    "not kept alive": (
        {"keep_alive": [Event("close", code=1011)]},
        "keep-alive",
        "the stream did not stay open",
    ),
    "connected anew": ({"keep_alive": [OPEN]}, "keep-alive", "the stream did not stay open"),
    "no answer to Finalize": (
        {"finalize": [REST]},
        "finalize",
        "no final with from_finalize and words within 10 s",
    ),
    "never closes": ({"close": [METADATA]}, "close", "no close event within 10 s"),
    "no Metadata": ({"close": [CLOSED]}, "close", "no Metadata within 10 s"),
    "closed badly": (
        {"close": [METADATA, Event("close", code=1006)]},
        "close",
        "closed with 1006",
    ),
    "an error at the end": (
        {"close": [METADATA, Event("error", "a pong was late"), CLOSED]},
        "close",
        "an error event: a pong was late",
    ),
}
"""What is told instead, which check it fails, and the reason that is shown."""


class Toy(Driver):
    """A client that does at once all that it ever does."""

    def __init__(self, script: Script) -> None:
        self.heard: list[Event] = []
        self._script = dict(script)

    async def do(self, order: str, data: bytes = b"") -> None:  # noqa: ARG002 - it is deaf
        """Tell what the script says, once."""
        self.heard.extend(self._script.pop(order, []))

    async def until(self, is_met: IsMet, within_s: float) -> bool:  # noqa: ARG002 - no more comes
        """Whether it is so already."""
        return is_met(self.heard)


class Counting(Server):
    """An lwd that has these streams when it is asked."""

    def streams(self) -> Streams:
        """The streams after the conversation."""
        return AFTER[self.address]


AFTER = {
    "completed": Streams(Counter(completed=8), 0),
    "broken off": Streams(Counter(completed=7, client_gone=1), 0),
    "one more": Streams(Counter(completed=8, client_gone=1), 0),
    "open again": Streams(Counter(completed=8), 1),
}
BEFORE = Streams(Counter(completed=7), 0)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass between frames, nor after the close."""
    monkeypatch.setattr(scenario, "FRAME_S", 0.0)
    monkeypatch.setattr(scenario, "_RECONNECT_S", 0.0)


async def verdicts(
    changes: Script, after: str = "completed", *, shows_metadata: bool = True
) -> dict[str, str | None]:
    """What is said of a client that does well but for these changes."""
    server = Counting(after, "", "key")
    return await converse(Conversation(Toy({**GOOD, **changes}), server, BEFORE, shows_metadata))


@pytest.mark.usefixtures("at_once")
async def test_client_that_does_everything_is_green() -> None:
    """Nothing is red."""
    assert await verdicts({}) == dict.fromkeys(CHECKS[:-1])


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_is_seen(fault: str) -> None:
    """The check that it concerns fails first, and says why."""
    changes, check, reason = FAULTS[fault]

    found = await verdicts(changes)

    assert next((name, why) for name, why in found.items() if why) == (check, reason)


@pytest.mark.usefixtures("at_once")
async def test_nothing_is_tried_after_a_failed_connect() -> None:
    """A client that is not connected is not waited for again and again."""
    assert [*await verdicts({"open": []})] == ["connect"]


@pytest.mark.usefixtures("at_once")
async def test_what_a_framework_hides_is_not_missed() -> None:
    """One that shows neither Metadata nor a close code can be green."""
    changes = {"close": [Event("close")]}

    found = await verdicts(changes, shows_metadata=False)

    assert found == dict.fromkeys(CHECKS[:-1])


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("after", "counts"),
    [
        ("broken off", "{'client_gone': 1}, and 0"),
        ("one more", "{'completed': 1, 'client_gone': 1}, and 0"),
        ("open again", "{'completed': 1}, and 1"),
    ],
)
async def test_lwd_has_its_say_on_the_close(after: str, counts: str) -> None:
    """A client that breaks off, or connects anew without a word, is found out."""
    found = await verdicts({}, after)

    assert found["close"] == f"lwd counts {counts} open, instead of 1 completed"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ([WRONG_KEY], None),
        ([Event("close", code=1006)], None),
        ([OPEN], "it was let in"),
        ([OPEN, WRONG_KEY], "it was let in: HTTP 401"),
        ([], "neither an error nor a close event within 60 s"),
    ],
)
async def test_wrong_key_must_be_noticed(told: Sequence[Event], reason: str | None) -> None:
    """A client that is let in all the same, or hangs, is red."""
    assert await is_rejected(Toy({"open": told})) == reason


TOY = f"""
import sys
sys.path.insert(0, {str(DRIVERS)!r})
from obey import obey, tell


class Client:
    def __init__(self, address, key):
        self.key = key

    async def open(self):
        print("a library's own line")
        if self.key != "key":
            raise PermissionError("HTTP 401")
        tell("open")

    async def audio(self, data):
        tell("error", text=data.decode())

    async def close(self):
        raise SystemExit("ImportError: no such module")


obey("pytest", Client)
"""


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """A driver that is a process, though its client is none."""
    script = tmp_path / "toy.py"
    script.write_text(TOY)
    return Command([sys.executable, "-E", str(script)], tmp_path)


async def test_driver_obeys_and_tells(command: Command) -> None:
    """Orders get to the client, and back come its version and what it reports and raises."""
    async with driver(command, "127.0.0.1:9", "another") as toy:
        await toy.do("open")
        await toy.do("audio", b"samples")
        assert await toy.until(lambda heard: len(heard) == 3, 60)
        assert not await toy.until(lambda heard: len(heard) == 4, 0.01)

    assert toy.heard == [
        Event("client", pytest.__version__),
        Event("error", "PermissionError: HTTP 401"),
        Event("error", "samples"),
    ]


async def talk_on(toy: Driver) -> None:
    """Send audio that nobody takes."""
    while True:
        await toy.do("audio", bytes(100_000))


async def test_driver_that_dies_is_not_waited_for(command: Command) -> None:
    """Its last words are the reason, whether one listens to it or talks to it."""
    async with driver(command, "127.0.0.1:9", "key") as toy:
        await toy.do("close")
        with pytest.raises(Unmet, match=r"^its driver ended: ImportError: no such module$"):
            await toy.until(lambda _: False, 60)
        with pytest.raises(Unmet, match=r"^its driver ended: ImportError: no such module$"):
            await talk_on(toy)


async def test_driver_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is stuck keeps no other from its turn."""
    monkeypatch.setattr("clients.process._STOP_TIMEOUT_S", 0.01)
    stuck = Command([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path)

    async with asyncio.timeout(60), driver(stuck):
        pass


@dataclass(frozen=True, slots=True)
class ToyKit:
    """A client that needs no installation, or cannot be installed."""

    command: Command | None = None

    def install(self, directory: Path) -> Command:
        """Say how it is started; fail as pip and npm do."""
        if not self.command:
            raise Unavailable(f"not installed: no {directory.name}")
        return self.command


@pytest.fixture
def lwd() -> Iterator[Server]:
    """A server with metrics and nothing else."""
    text = b'lwd_streams_total{outcome="completed"} 3.0\nlwd_streams_active 1.0\n'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        address = f"127.0.0.1:{server.server_port}"
        yield Server(address, address, "key")
        server.shutdown()
        serving.join()


def test_streams_are_read_from_metrics(lwd: Server) -> None:
    """What lwd counts is what it shows to Prometheus."""
    assert lwd.streams() == Streams(Counter(completed=3), 1)


def test_client_is_tried_with_its_key_and_with_another(
    lwd: Server, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row has the client's version, what became of its stream, and of a wrong key."""
    monkeypatch.setattr(scenario, "_STEPS", {"connect": Conversation.connect})

    row = tried("toy", Client(ToyKit(command)), command.directory, lwd)

    assert row == Row("toy", pytest.__version__, {"connect": None, "rejected key": None})


def test_client_that_cannot_be_had_is_a_row(tmp_path: Path, lwd: Server) -> None:
    """It is shown with its reason, is red, and keeps no other from its turn."""
    row = tried("toy", Client(ToyKit()), tmp_path, lwd)

    assert row == Row("toy", failure="not installed: no toy")
    assert not row.is_green(CHECKS)


def test_npm_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without Node.js, the row says what is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Unavailable, match=r"^not installed: .*npm"):
        NodeKit("@deepgram/sdk", "js_sdk_5.mjs").install(tmp_path / "js")


def test_kept_environments_are_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --keep, a second run asks no registry."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for file in ("js/node_modules/.package-lock.json", "python/installed.txt"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text("deepgram-sdk==1")

    node = NodeKit("@deepgram/sdk", "js_sdk_5.mjs").install(tmp_path / "js")
    python = PythonKit("deepgram-sdk==1", "python_sdk_3.py").install(tmp_path / "python")

    assert node == Command(["node", str(DRIVERS / "js_sdk_5.mjs")], tmp_path / "js")
    assert python.arguments[0] == str(tmp_path / "python" / "bin" / "python")


@given(st.binary())
def test_any_line_is_read(line: bytes) -> None:
    """Libraries print what they like."""
    read_event(line)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(st.dictionaries(st.sampled_from(["event", "text", "words", "code"]), SCALARS))
def test_lines_without_their_facts_are_nothing(told: dict[str, object]) -> None:
    """What is read as an event is what was told."""
    event = read_event(json.dumps(told).encode())

    assert event is None or event.kind == told["event"]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('{"event": "open"}', OPEN),
        ('{"event": "client", "text": "5.0.0"}', Event("client", "5.0.0")),
        ('{"event": "error", "text": "HTTP 401"}', WRONG_KEY),
        ('{"event": "close", "code": null}', Event("close")),
        ('{"event": "close", "code": 1000}', CLOSED),
        (
            '{"event":"results","text":"a b","words":2,"is_final":true,"from_finalize":false}',
            Event("results", "a b", 2, is_final=True),
        ),
        ('{"event": "results", "text": "a b"}', None),
        ('{"event": "close"}', None),
        ('{"event": "error", "text": null}', None),
        ("[" * 100_000, None),
    ],
)
def test_events_are_read(line: str, event: Event | None) -> None:
    """A driver's line is an event, whole or not at all."""
    assert read_event(line.encode()) == event


def test_table_shows_what_is_red_and_why() -> None:
    """One looks at the cells, then at the lines below."""
    rows = [
        Row("python-newest", "10.10.1", dict.fromkeys(CHECKS)),
        Row("bad", "2.0", {"connect": "no open event", "rejected key": None}),
        Row("missing", failure="not installed"),
    ]
    console = Console(file=(shown := io.StringIO()), width=80)

    console.print(side_by_side(rows, CHECKS))

    lines = [line.split() for line in shown.getvalue().splitlines() if line.strip()]
    cells = {name: others for name, *others in lines}
    assert cells["python-newest"] == ["10.10.1", *["ok"] * 7]
    assert cells["bad"] == ["2.0", "no", *["-"] * 5, "ok"]
    assert cells["missing"] == ["-"] * 7
    assert "…" not in shown.getvalue()
    assert "bad, connect: no open event" in shown.getvalue()
    assert "missing: not installed" in shown.getvalue()


def test_json_has_everything() -> None:
    """A script finds what the table shows."""
    row = Row("bad", "2.0", {"connect": "no open event", "rejected key": None})

    assert json.loads(json.dumps(row.as_json())) == {
        "version": "2.0",
        "failure": None,
        "checks": {"connect": "no open event", "rejected key": None},
    }


def test_speech_is_what_the_text_says() -> None:
    """6.7 s, in frames that lose nothing."""
    speech = Speech.spoken()

    assert len(speech.pcm) / 32_000 == pytest.approx(6.665, abs=0.001)
    assert b"".join(speech.frames()) == speech.pcm
    assert len(speech.first(2.0).pcm) == 64_000
    assert speech.then_silence(1.0).pcm == speech.pcm + bytes(32_000)


def test_word_errors_are_those_of_words() -> None:
    """Case and marks are no errors; words are."""
    said = f"{BEGINNING.text} - {REST.text}"

    assert wer_percent(said) == 0
    assert wer_percent(said.replace("burden", "boat")) == 5
    assert wer_percent("") == 100


def test_every_client_has_its_driver() -> None:
    """A name in the line-up leads to a script."""
    for client in CLIENTS.values():
        assert isinstance(client.kit, PythonKit | NodeKit)
        assert (DRIVERS / client.kit.driver).is_file()


def test_every_client_is_explained() -> None:
    """Each name that --only takes is in the table of the page, and no other."""
    documented = re.findall(r"^\| `([a-z0-9.-]+)`", PAGE.read_text(), re.MULTILINE)

    assert documented == [*CLIENTS]
