"""A browser with a fake microphone, daemons for it, and pages."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chromium import chromium, recording
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from lwd.errors import StartError
from tests.conftest import model_store, read_pcm, speech_file
from tests.e2e.conftest import Daemon, StartDaemon, start_daemon

__all__ = ["model_store", "speech_file", "start_daemon"]

KEY = "0123456789abcdef0123456789abcdef01234567"
SHOTS = Path(__file__).resolve().parent.parent.parent / "build" / "console"
PATIENCE_MS = 60_000
"""How long anything may take on a machine that has other things to do."""

_RATE = 16_000


def pytest_sessionstart() -> None:
    """Refuse to run without a browser."""
    try:
        chromium()
    except StartError as error:
        pytest.exit(str(error), 1)
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def microphone(speech_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the microphone hears: the speech, and then nothing for long enough."""
    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    return write_wav(path, read_pcm(speech_file, _RATE), np.zeros(60 * _RATE, np.int16))


@pytest.fixture(scope="session")
def twice(speech_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The speech, a pause, and the speech again."""
    path = tmp_path_factory.mktemp("twice") / "speech.wav"
    pcm = read_pcm(speech_file, _RATE)
    return write_wav(path, pcm, np.zeros(_RATE, np.int16), pcm)


def write_wav(path: Path, *parts: NDArray[np.int16], channels: int = 1) -> Path:
    """Write what was recorded, one after the other; channels are interleaved."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(np.concatenate(parts).tobytes())
    return path


@pytest.fixture(scope="session")
def browser(microphone: Path) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                *recording(microphone),
                "--host-resolver-rules=MAP lwd.test 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def daemon(start_daemon: StartDaemon) -> Daemon:
    """A daemon as `make run` starts it, with a second model."""
    return start_daemon(LWD_MODEL__ALSO="[base]")


@pytest.fixture(scope="session")
def guarded(start_daemon: StartDaemon) -> Daemon:
    """A daemon that asks for a key, and takes one stream."""
    return start_daemon(LWD_AUTH__KEYS=f"[{KEY}]", LWD_LIMITS__STREAMS="1")


class Visitor:
    """Opens the console in a context of its own, and notes what the page complains of."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        context.set_default_timeout(PATIENCE_MS)
        self._context = context

    def open(
        self, daemon: Daemon, view: str = "", *, host: str = "127.0.0.1", init: str = ""
    ) -> Page:
        """A new page with the console; `init` is run before all that is its own."""
        page = self._context.new_page()
        page.add_init_script(init)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        page.goto(f"http://{host}:{daemon.port}/{view}")
        return page

    def _note(self, kind: str, text: str) -> None:
        # Chromium itself writes down every answer that is no success.
        if kind in ("error", "warning") and "Failed to load" not in text:
            self.complaints.append(text)


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """Somebody at a desk; no page may have raised an error or broken its policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.grant_permissions(["clipboard-read", "clipboard-write", "microphone"])
    visitor = Visitor(context)
    yield visitor
    context.close()
    assert [one for one in visitor.complaints if "WebSocket connection to" not in one] == []


@pytest.fixture
def page(visitor: Visitor, daemon: Daemon) -> Page:
    """The console of the daemon that asks for no key, once it knows the models."""
    page = visitor.open(daemon)
    expect(page.locator("#options [name=model] option")).to_have_count(3)
    return page


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots go."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS
