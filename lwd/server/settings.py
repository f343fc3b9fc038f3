"""What a stream is opened with."""

from dataclasses import dataclass
from uuid import UUID

from lwd.protocol.messages import ModelInfo
from lwd.protocol.params import ListenParams


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """What a stream needs to know besides its client's parameters."""

    request_id: UUID
    key_id: str | None
    address: str | None
    params: ListenParams
    model: str
    model_info: ModelInfo
    idle_timeout_s: float
    ping_interval_s: float
    send_timeout_s: float
