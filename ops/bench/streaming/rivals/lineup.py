"""Which servers are measured: lwd, and its rivals as they do best on a CPU."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from streaming.daemon import Daemon
from streaming.deepgram import Deepgram
from streaming.rivals import whisperlive, whisperlivekit
from streaming.rivals.contender import Contender, Running, Setting
from streaming.rivals.server import Server, accepts, free_port


@contextmanager
def _lwd(setting: Setting) -> Iterator[Running]:
    weights = setting.weights
    with Daemon(weights.model, weights.files.directory.parent) as daemon:
        yield Running(Deepgram(daemon.url, setting.parameters), daemon.usage)


@contextmanager
def _whisperlivekit(setting: Setting, *, is_aligned: bool) -> Iterator[Running]:
    setting.say(f"installing {whisperlivekit.ENVIRONMENT.name}")
    python = whisperlivekit.ENVIRONMENT.install(setting.envs)
    model = setting.weights.ctranslate2()
    policy = (
        whisperlivekit.align_att(model, setting.weights.torch(python))
        if is_aligned
        else whisperlivekit.local_agreement(model)
    )
    port = free_port()
    command = whisperlivekit.command(python, port, setting.weights.model, policy)
    log = setting.weights.scratch / "whisperlivekit.log"
    with Server(command, log, partial(_is_healthy, port)) as server:
        client = whisperlivekit.WhisperLiveKit(f"ws://127.0.0.1:{port}", setting.parameters)
        yield Running(client, server.usage)


@contextmanager
def _whisperlive(setting: Setting) -> Iterator[Running]:
    setting.say(f"installing {whisperlive.ENVIRONMENT.name}")
    python = whisperlive.ENVIRONMENT.install(setting.envs)
    port = free_port()
    command = whisperlive.command(python, port, setting.weights.ctranslate2())
    log = setting.weights.scratch / "whisperlive.log"
    with Server(command, log, partial(accepts, port)) as server:
        yield Running(whisperlive.WhisperLive(f"ws://127.0.0.1:{port}"), server.usage)


def _is_healthy(port: int) -> bool:
    """Whether WhisperLiveKit has loaded its model."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(json.load(answer)["ready"])
    except OSError:
        return False


CONTENDERS: dict[str, Contender] = {
    "lwd": Contender(_lwd, "as installed; Deepgram's protocol."),
    "wlk-alignatt": Contender(
        partial(_whisperlivekit, is_aligned=True),
        "WhisperLiveKit 0.2.26 under its default policy; encoder by CTranslate2 (compute type "
        "auto), decoder by torch in float32, greedy; its Deepgram protocol.",
    ),
    "wlk-localagreement": Contender(
        partial(_whisperlivekit, is_aligned=False),
        "WhisperLiveKit 0.2.26; faster-whisper (compute type auto), its beam of 5; its Deepgram "
        "protocol.",
    ),
    "whisperlive": Contender(
        _whisperlive,
        "WhisperLive 0.10.0; faster-whisper in int8, VAD and word times on, one model for all; a "
        "completed segment counts as a final, and so does what is open at the end. Its CPU includes "
        "what it repeats after the call.",
    ),
}
"""By the name that --only takes."""
