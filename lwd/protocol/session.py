"""The rules of one stream as a state machine: frames and the time go in, events come out.

    OPEN     frames count. CloseStream, an empty binary frame, silence on the line for
             `idle_timeout_s`, or `end` from the server's side lead to
    CLOSING  the client's later frames are ignored. The server sends what is left to say, then
             Metadata, then the close frame that `finish` gives, and the stream is
    CLOSED   for good.

It owns who may say what and when, and what Metadata says of the bytes received. It knows no
socket, no clock (`now_s` is any monotonic time in seconds) and no audio format.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum, auto

from lwd.errors import SchemaError
from lwd.protocol.closing import Close
from lwd.protocol.control import (
    CloseStream,
    Configure,
    ConfigureAudio,
    Control,
    Finalize,
    KeepAlive,
    Media,
    Sync,
    parse_binary,
    parse_text,
)
from lwd.protocol.messages import ErrorMessage

_MAX_ECHO = 500
"""How many characters of a wrong text frame go back to its sender."""

_INCOMPLETE = "incomplete"


class State(Enum):
    """Where in its life a stream is."""

    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """Audio to transcribe; frames need not end at a sample."""

    data: bytes


@dataclass(frozen=True, slots=True)
class FinalizeRequested:
    """Answer with a final result for what was received, `from_finalize`, even if it is empty."""

    channel: int | None


@dataclass(frozen=True, slots=True)
class CloseRequested:
    """Flush, then end the stream."""


@dataclass(frozen=True, slots=True)
class AudioConfigured:
    """The raw audio to come has this rate in Hz and these channels; None: as before."""

    sample_rate: int | None
    channels: int | None


@dataclass(frozen=True, slots=True)
class FeaturesConfigured:
    """What is transcribed from now on has these features; None: as before."""

    keyterms: tuple[str, ...] | None
    numerals: bool | None


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this message."""

    message: ErrorMessage


@dataclass(frozen=True, slots=True)
class IdleTimeout:
    """The client has been silent for too long: end the stream without a flush."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do."""


Event = (
    AudioReceived
    | FinalizeRequested
    | CloseRequested
    | AudioConfigured
    | FeaturesConfigured
    | Reply
    | IdleTimeout
    | Nothing
)


class Session:
    """One stream, from the accepted upgrade to the close frame. No method raises.

    `close` is how it ends, as far as that is known.
    """

    def __init__(self, now_s: float, idle_timeout_s: float) -> None:
        self.state = State.OPEN
        self.audio_bytes = 0
        self._sha256 = hashlib.sha256()
        self.close = Close.NORMAL
        self._last_frame_s = now_s
        self._idle_timeout_s = idle_timeout_s

    def receive_text(self, text: str, now_s: float) -> Event:
        """Take a text frame."""
        if self.state is not State.OPEN:
            return Nothing()
        self._last_frame_s = now_s
        try:
            control = parse_text(text)
        except SchemaError as error:
            return _schema_error(error.description, text)
        return self._apply(control, text)

    def receive_binary(self, data: bytes, now_s: float) -> Event:
        """Take a binary frame: audio, or a control message from a client that sends bytes."""
        if self.state is not State.OPEN:
            return Nothing()
        self._last_frame_s = now_s
        if not data:  # how clients closed before there was CloseStream
            return self._close_requested()
        control = parse_binary(data)
        return self._audio(data) if control is None else self._apply(control, data.decode())

    @property
    def next_deadline_s(self) -> float | None:
        """When `check_idle` is due next, or None when there is nothing left to time out."""
        if self.state is not State.OPEN:
            return None
        return self._last_frame_s + self._idle_timeout_s

    def listen_anew(self, now_s: float) -> None:
        """Count the client's silence from now on: nobody listened before."""
        self._last_frame_s = now_s

    def check_idle(self, now_s: float) -> Event:
        """IdleTimeout, once, if no frame came for `idle_timeout_s` (Deepgram's NET-0001)."""
        deadline_s = self.next_deadline_s
        if deadline_s is None or now_s < deadline_s:
            return Nothing()
        self.end(Close.NO_CLIENT_DATA)
        return IdleTimeout()

    def end(self, close: Close) -> None:
        """End an open stream for the server's own reasons.

        The first reason stands: after CloseStream the code stays 1000, whatever fails later,
        because clients reconnect after any other.
        """
        if self.state is State.OPEN:
            self.state = State.CLOSING
            self.close = close

    def finish(self) -> Close:
        """Say the last word: the close frame to send. Nothing may be sent after it."""
        self.state = State.CLOSED
        return self.close

    @property
    def owes_results(self) -> bool:
        """Whether what was received must still be transcribed before the end."""
        return self.close in {Close.NORMAL, Close.SERVICE_RESTART, Close.UNDECODABLE_AUDIO}

    @property
    def sha256(self) -> str:
        """For Metadata: the hash of all audio bytes if the client ended the stream itself."""
        return self._sha256.hexdigest() if self.close is Close.NORMAL else _INCOMPLETE

    def _apply(self, control: Control, text: str) -> Event:
        match control:
            case Media(audio):
                return self._audio(audio)
            case Finalize(channel):
                return FinalizeRequested(channel)
            case CloseStream():
                return self._close_requested()
            case Configure(keyterms, numerals):
                return FeaturesConfigured(keyterms, numerals)
            case ConfigureAudio():
                return self._configure_audio(control, text)
            case KeepAlive() | Sync():
                return Nothing()

    def _audio(self, data: bytes) -> AudioReceived:
        self.audio_bytes += len(data)
        self._sha256.update(data)
        return AudioReceived(data)

    def _close_requested(self) -> CloseRequested:
        self.end(Close.NORMAL)
        return CloseRequested()

    def _configure_audio(self, asked: ConfigureAudio, text: str) -> Event:
        if asked == ConfigureAudio():
            return Nothing()
        if self.audio_bytes:
            return _schema_error(
                "Could not apply last text message: `sample_rate` and `channels` cannot change"
                " after the first audio; open a new stream",
                text,
            )
        return AudioConfigured(asked.sample_rate, asked.channels)


def _schema_error(description: str, text: str) -> Reply:
    return Reply(ErrorMessage("SchemaError", description, text[:_MAX_ECHO]))
