"""What every system that is measured has to be: something that starts and can be called."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from streaming.client import Client
from streaming.rivals.weights import Weights
from streaming.run import Meter


@dataclass(frozen=True, slots=True)
class Setting:
    """What all have in common: the weights, Deepgram's parameters, and where to put things."""

    weights: Weights
    parameters: Mapping[str, str]
    envs: Path
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that waits for calls."""

    client: Client
    meter: Meter


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that can be started; `start` raises Unavailable. `remark` says its settings."""

    start: Callable[[Setting], AbstractContextManager[Running]]
    remark: str
