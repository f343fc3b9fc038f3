"""The microphone, without one: a stand-in for sounddevice, and none at all."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Self

import numpy as np
import pytest

from lwd.client.microphone import record
from lwd.errors import InputUnreadable, NotInstalled


class PortAudioError(Exception):
    """sounddevice's."""


class Stream:
    """A microphone that hears two blocks; it is on only while it is listened to."""

    is_on = False

    def __init__(self, *, callback: Callable[..., None], **settings: object) -> None:
        self._callback = callback
        self.settings = settings

    def __enter__(self) -> Self:
        Stream.is_on = True
        assert self.settings == {
            "samplerate": 16_000,
            "blocksize": 800,
            "channels": 1,
            "dtype": "int16",
        }
        for level in (1, 2):
            self._callback(np.full(800, level, np.int16).tobytes(), 800, None, None)
        return self

    def __exit__(self, *_: object) -> None:
        Stream.is_on = False


def test_blocks_are_what_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it comes; the microphone is let go when nobody listens any more."""
    found = SimpleNamespace(RawInputStream=Stream, PortAudioError=PortAudioError)
    monkeypatch.setitem(sys.modules, "sounddevice", found)

    blocks = record(16_000)

    assert [next(blocks)[0], next(blocks)[0]] == [1, 2]
    assert Stream.is_on
    blocks.close()  # type: ignore[attr-defined]
    assert not Stream.is_on


def test_no_microphone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to look at."""

    def refuse(**_: object) -> None:
        raise PortAudioError("Error querying device -1")

    found = SimpleNamespace(RawInputStream=refuse, PortAudioError=PortAudioError)
    monkeypatch.setitem(sys.modules, "sounddevice", found)

    with pytest.raises(InputUnreadable, match="querying device -1; see that there is one"):
        next(record(16_000))


def test_without_sounddevice_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is optional."""
    monkeypatch.setitem(sys.modules, "sounddevice", None)

    with pytest.raises(NotInstalled, match="run: make mic"):
        next(record(16_000))
