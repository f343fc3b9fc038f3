"""How the engines of a model are run; see the sections `engine` and `model` of the configuration."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Bounds on batches, time and attempts, and what every engine process is given."""

    replicas: int
    batch_size: int
    batch_audio_s: float
    cpu_threads: int
    deadline_s: float
    heartbeat_timeout_s: float
    start_timeout_s: float
    restart_backoff_s: float
    max_attempts: int
    cache_directory: Path
