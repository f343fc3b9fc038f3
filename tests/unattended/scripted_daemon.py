"""`lwd` with scripted engines: run as `python scripted_daemon.py SCRIPT ARGUMENTS...`.

SIGUSR1 makes its event loop hang.
"""

import json
import signal
import sys
import time
from uuid import NAMESPACE_DNS, uuid5

from lwd.asr.pool import EnginePool
from lwd.asr.scripted import Script
from lwd.asr.wire import EngineSpec
from lwd.cli import main
from lwd.config import Config
from lwd.protocol.messages import ModelInfo
from lwd.server import app
from lwd.server.engines import LoadedModel


def run(script: Script, arguments: list[str]) -> None:
    """Run the command with every model's engines following the script."""

    def load_model(config: Config, name: str) -> LoadedModel:
        spec = EngineSpec(
            "", None, word_timestamps=True, memory_limit_bytes=None, cache_limit_bytes=None
        )
        pool = EnginePool(name, spec, app._settings(config), command=script.command())
        info = ModelInfo(str(uuid5(NAMESPACE_DNS, name)), name, "2026-01-01.0", "whisper")
        return LoadedModel(name, pool, info)

    app.load_model = load_model
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))
    main(arguments)


if __name__ == "__main__":
    run(Script(**json.loads(sys.argv[1])), sys.argv[2:])
