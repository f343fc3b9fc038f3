"""What the tests of engine processes share: settings that leave time for a slow machine."""

from pathlib import Path

import pytest

from lwd.asr.settings import EngineSettings
from lwd.asr.wire import EngineSpec


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    """One engine that is given up late and started again at once."""
    return EngineSettings(
        replicas=1,
        batch_size=4,
        batch_audio_s=60.0,
        cpu_threads=1,
        deadline_s=20.0,
        heartbeat_timeout_s=20.0,
        start_timeout_s=30.0,
        restart_backoff_s=0.01,
        max_attempts=2,
        cache_directory=tmp_path / "kernels",
    )


@pytest.fixture
def spec(tmp_path: Path) -> EngineSpec:
    """What a scripted engine does not look at."""
    return EngineSpec(
        str(tmp_path), None, word_timestamps=True, memory_limit_bytes=None, cache_limit_bytes=0
    )
