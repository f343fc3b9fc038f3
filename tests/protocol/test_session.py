"""The rules of one stream."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lwd.protocol.closing import Close
from lwd.protocol.messages import ErrorMessage
from lwd.protocol.session import (
    AudioConfigured,
    AudioReceived,
    CloseRequested,
    Event,
    FeaturesConfigured,
    FinalizeRequested,
    IdleTimeout,
    Nothing,
    Reply,
    Session,
    State,
)
from tests import schemas

CLOSE_STREAM = '{"type":"CloseStream"}'
CONFIGURE = '{"type":"ListenV1Configure","sample_rate":8000,"channels":2}'


@pytest.fixture
def session() -> Session:
    return Session(now_s=100.0, idle_timeout_s=10.0)


def test_audio(session: Session) -> None:
    """Audio passes through, counted and hashed, however it is cut and wrapped."""
    assert session.receive_binary(b"\x00", 100) == AudioReceived(b"\x00")
    assert session.receive_binary(b"{}", 100) == AudioReceived(b"{}")
    assert session.receive_text('{"type":"ListenV1Media","data":"AQI="}', 100) == AudioReceived(
        b"\x01\x02"
    )

    assert session.audio_bytes == 5
    assert session.sha256 == hashlib.sha256(b"\x00{}\x01\x02").hexdigest()


def test_no_audio(session: Session) -> None:
    """A stream without audio has the hash of nothing."""
    assert session.sha256.startswith("e3b0c442")
    assert session.sha256.endswith("b855")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ('{"type":"KeepAlive"}', Nothing()),
        ('{"type":"Sync"}', Nothing()),
        (
            '{"type":"Configure","features":{"numerals":true}}',
            FeaturesConfigured(None, numerals=True),
        ),
        ('{"type":"ListenV1Configure"}', Nothing()),
        (CONFIGURE, AudioConfigured(8000, 2)),
        ('{"type":"Finalize"}', FinalizeRequested(None)),
        ('{"type":"Finalize","channel":1}', FinalizeRequested(1)),
        ('{"type":"CloseStream"}', CloseRequested()),
    ],
)
def test_control(session: Session, text: str, event: Event) -> None:
    """A control message means the same in a text frame and in a binary one."""
    binary = Session(now_s=100.0, idle_timeout_s=10.0)

    assert session.receive_text(text, 101) == event
    assert binary.receive_binary(text.encode(), 101) == event
    assert (session.audio_bytes, binary.audio_bytes) == (0, 0)


def test_captured_schema_error(session: Session) -> None:
    """A wrong text frame is answered with Deepgram's bytes, and the stream goes on."""
    event = session.receive_text('{ "type": "KeepAlive "}', 100)

    assert isinstance(event, Reply)
    assert event.message.to_json() == (
        '{"type":"Error","variant":"SchemaError","description":"Could not deserialize last text'
        " message: unknown variant `KeepAlive `, expected one of `CloseStream`, `Configure`,"
        ' `Sync`, `KeepAlive`, `Finalize` at line 1 column 22",'
        '"message":"{ \\"type\\": \\"KeepAlive \\"}"}'
    )
    assert session.state is State.OPEN


def test_long_wrong_text(session: Session) -> None:
    """Of a long wrong text frame only the start is sent back."""
    event = session.receive_text("x" * 10_000, 100)

    assert isinstance(event, Reply)
    assert event.message.message == "x" * 500


def test_configure_after_audio(session: Session) -> None:
    """The audio cannot be described anew once it has begun; the stream goes on."""
    session.receive_binary(b"\x00\x00", 100)
    refused = Reply(
        ErrorMessage(
            "SchemaError",
            "Could not apply last text message: `sample_rate` and `channels` cannot change after"
            " the first audio; open a new stream",
            CONFIGURE,
        )
    )

    assert session.receive_text(CONFIGURE, 100) == refused
    assert session.receive_binary(CONFIGURE.encode(), 100) == refused
    assert session.receive_text('{"type":"Sync"}', 100) == Nothing()
    assert session.state is State.OPEN


@pytest.mark.parametrize("as_text", [True, False])
def test_close_stream(session: Session, as_text: bool) -> None:
    """After CloseStream, or an empty binary frame, later frames are ignored and 1000 is sent."""
    session.receive_binary(b"ab", 100)
    close = (
        session.receive_text('{"type":"CloseStream"}', 100)
        if as_text
        else session.receive_binary(b"", 100)
    )

    assert close == CloseRequested()
    assert session.state is State.CLOSING
    assert session.receive_binary(b"cd", 101) == Nothing()
    assert session.receive_binary(b"", 101) == Nothing()
    assert session.receive_text("not even JSON", 101) == Nothing()
    assert session.check_idle(1_000) == Nothing()
    assert session.next_deadline_s is None
    assert session.audio_bytes == 2
    assert session.sha256 == hashlib.sha256(b"ab").hexdigest()
    assert session.finish() is Close.NORMAL


def test_idle(session: Session) -> None:
    """Ten seconds without a frame end the stream once, with NET-0001 and no hash."""
    session.receive_binary(b"ab", 101.5)

    assert session.next_deadline_s == 111.5
    assert session.check_idle(111.4) == Nothing()
    assert session.check_idle(111.5) == IdleTimeout()
    assert session.check_idle(112) == Nothing()
    assert session.state is State.CLOSING
    assert session.sha256 == "incomplete"
    assert session.receive_binary(b"cd", 112) == Nothing()
    assert session.finish() is Close.NO_CLIENT_DATA


def test_idle_from_the_start(session: Session) -> None:
    """A client that never sends anything is timed from the upgrade."""
    assert session.check_idle(110) == IdleTimeout()


@pytest.mark.parametrize(
    "frame", ['{"type":"KeepAlive"}', '{"type":"Finalize"}', "nonsense", b"\x00", b"{}"]
)
def test_frame_resets_idle_clock(session: Session, frame: str | bytes) -> None:
    """Any frame shows that the client is there."""
    if isinstance(frame, str):
        session.receive_text(frame, 109)
    else:
        session.receive_binary(frame, 109)

    assert session.check_idle(118) == Nothing()
    assert session.check_idle(119) == IdleTimeout()


def test_silence_that_nobody_listened_to_does_not_count(session: Session) -> None:
    """After a pause of the server's own a client has its whole time again."""
    session.listen_anew(150)

    assert session.check_idle(159.9) == Nothing()
    assert session.check_idle(160) == IdleTimeout()


def test_end_by_the_server(session: Session) -> None:
    """The server can end an open stream for a reason of its own."""
    session.end(Close.SERVICE_RESTART)

    assert session.state is State.CLOSING
    assert session.receive_binary(b"ab", 101) == Nothing()
    assert session.sha256 == "incomplete"
    assert session.finish() is Close.SERVICE_RESTART


def test_first_reason_stands(session: Session) -> None:
    """A failure while closing does not change the code: clients would reconnect."""
    session.receive_text('{"type":"CloseStream"}', 100)
    session.end(Close.INTERNAL_ERROR)

    assert session.finish() is Close.NORMAL


def test_disconnect(session: Session) -> None:
    """A stream whose socket is gone is closed at once."""
    session.finish()

    assert session.state is State.CLOSED
    assert session.receive_text('{"type":"CloseStream"}', 101) == Nothing()
    assert session.state is State.CLOSED


@given(st.lists(st.binary(min_size=1)), st.binary(min_size=1))
def test_hash_of_any_split(frames: list[bytes], last: bytes) -> None:
    """The hash depends on the bytes and not on the frames that carried them."""
    session = Session(now_s=0, idle_timeout_s=10)
    for frame in [*frames, last]:
        assert session.receive_binary(frame, 0) == AudioReceived(frame)

    assert session.sha256 == hashlib.sha256(b"".join([*frames, last])).hexdigest()


TEXTS = st.text() | st.sampled_from(
    [
        CONFIGURE,
        '{"type":"KeepAlive"}',
        '{"type":"Finalize","channel":0}',
        '{"type":"Sync"}',
        '{"type":"Configure","keyterms":["a"],"features":{"numerals":true}}',
        '{"type":"Configure","keyterms":"a"}',
        '{"type":"ListenV1Media","data":"AQI="}',
    ]
)
STATES = list(State)


class SessionMachine(RuleBasedStateMachine):
    """Any client and any server, in any order, beside a model of what the stream must do."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = self.heard_s = 0.0
        self.session = Session(now_s=0.0, idle_timeout_s=10.0)
        self.furthest = State.OPEN
        self.ended: Close | None = None

    @rule(seconds=st.floats(0, 20))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        due = self.ended is None and self.now_s >= self.heard_s + 10
        self._expect(self.session.check_idle(self.now_s), IdleTimeout if due else Nothing)
        if due:
            self.ended = Close.NO_CLIENT_DATA

    @rule(text=TEXTS)
    def text(self, text: str) -> None:
        self._hear(self.session.receive_text(text, self.now_s))

    @rule(data=st.binary(min_size=1) | TEXTS.map(str.encode).filter(bool))
    def binary(self, data: bytes) -> None:
        self._hear(self.session.receive_binary(data, self.now_s))

    @rule(frame=st.sampled_from([b"", CLOSE_STREAM.encode(), CLOSE_STREAM]))
    def close_stream(self, frame: bytes | str) -> None:
        if isinstance(frame, str):
            event = self.session.receive_text(frame, self.now_s)
        else:
            event = self.session.receive_binary(frame, self.now_s)
        self._expect(event, CloseRequested if self.ended is None else Nothing)
        self.ended = self.ended or Close.NORMAL

    @rule(close=st.sampled_from(Close))
    def end(self, close: Close) -> None:
        self.session.end(close)
        self.ended = self.ended or close

    @precondition(lambda self: self.ended is not None)
    @rule()
    def finish(self) -> None:
        assert self.session.finish() is self.ended
        assert self.session.state is State.CLOSED

    @invariant()
    def never_goes_back(self) -> None:
        assert STATES.index(self.session.state) >= STATES.index(self.furthest)
        self.furthest = self.session.state
        assert (self.session.state is State.OPEN) == (self.ended is None)
        assert (self.session.sha256 == "incomplete") == (self.ended not in {None, Close.NORMAL})

    def teardown(self) -> None:
        """A stream whose client falls silent is over in the end, whatever went before."""
        self.wait(10)
        self.finish()

    def _hear(self, event: Event) -> None:
        """Take note of what a frame gave: nothing after the end, and else no end."""
        if self.ended is not None:
            self._expect(event, Nothing)
            return
        self.heard_s = self.now_s
        assert not isinstance(event, CloseRequested | IdleTimeout)
        if isinstance(event, Reply):
            schemas.check(json.loads(event.message.to_json()))

    @staticmethod
    def _expect(event: Event, kind: type[object]) -> None:
        assert type(event) is kind


TestAnySession = SessionMachine.TestCase
# Each example is a session of up to fifty frames.
TestAnySession.settings = settings(max_examples=max(100, settings().max_examples // 10))
