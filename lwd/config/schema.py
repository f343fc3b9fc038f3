"""What can be configured: every key with its meaning, default and bounds.

Knows nothing of where values come from (load.py), nor of what they are used for. What must hold
between values is in rules.py.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from lwd.config.rules import RULES, Context
from lwd.config.values import (
    CallbackHost,
    HostName,
    Key,
    Language,
    ListenAddress,
    LocalPath,
    ModelName,
    Origin,
    Port,
    split_address,
)


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class ServerConfig(_Section):
    """The sockets, and how long each may keep lwd waiting."""

    host: Annotated[
        str,
        Field(pattern=r"^\S{1,253}$", json_schema_extra={"format": "an address or a host name"}),
    ] = "127.0.0.1"
    """Address to listen on. Without keys it must be a loopback address."""
    port: Annotated[int, Field(ge=0, le=65535)] = 9000
    """TCP port to listen on; 0 takes a free one."""
    max_message_bytes: Annotated[int, Field(ge=65536, le=1 << 30)] = 16 << 20
    """Largest WebSocket message that is accepted; a larger one closes its stream."""
    ping_interval_s: Annotated[float, Field(ge=1, le=300)] = 20.0
    """How often a client is pinged, so that no proxy takes a quiet stream for a dead one."""
    idle_timeout_s: Annotated[float, Field(ge=1, le=3600)] = 10.0
    """Longest time without audio or a message from a client before NET-0001 closes its stream."""
    send_timeout_s: Annotated[float, Field(ge=0.1, le=300)] = 10.0
    """Longest time a client may take to accept a message before it is closed as too slow."""
    header_timeout_s: Annotated[float, Field(ge=0.1, le=300)] = 15.0
    """Longest time a connection may be open without a whole request: a new one, and one between requests."""
    drain_s: Annotated[float, Field(ge=0, le=3600)] = 20.0
    """How long open streams may go on as before once lwd is told to stop; new ones are refused."""
    shutdown_timeout_s: Annotated[float, Field(ge=0, le=300)] = 10.0
    """How long the streams that are open then may take to finish, which they are told to."""
    stall_timeout_s: Annotated[float, Field(ge=1, le=300)] = 10.0
    """How long lwd may answer nothing at all before it ends itself with status 70."""
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], Field(max_length=100)] = ()
    """Networks whose `X-Forwarded-For` is believed, read from right to left, to tell a client's address."""
    allowed_hosts: Annotated[tuple[HostName, ...], Field(max_length=100)] = ()
    """While no key is asked for: names besides loopback ones by which clients may call lwd (`Host`)."""
    allowed_origins: Annotated[tuple[Origin, ...], Field(max_length=100)] = ()
    """While no key is asked for: pages besides this machine's that may use lwd (`Origin`); `'null'`, quoted, for local files."""


class AuthConfig(_Section):
    """Who may connect."""

    keys: Annotated[tuple[Key, ...], Field(max_length=1000)] = ()
    """Accepted API keys, without limits. With neither these nor a keys file, any key or none is accepted, on a loopback address alone."""
    keys_file: LocalPath | None = None
    """File of accepted API keys with their limits, which `lwd keys` writes; it is read again when it changes."""

    @property
    def is_open(self) -> bool:
        """Whether no key is asked for."""
        return not self.keys and self.keys_file is None


class LimitsConfig(_Section):
    """How much lwd takes on."""

    streams: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Most streams at once; the next one is refused with status 429."""
    backlog_s: Annotated[float, Field(ge=1, le=600)] = 30.0
    """Audio that may wait in one stream; when it is this far behind, its socket is not read."""
    connections: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Most connections at once, streams among them; the next gets 503. null: 100, and 2 for each of `limits.streams`; fewer where the system allows few open files."""
    address_streams: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Most streams at once from one client address; the next is refused with status 429."""
    address_handshakes_per_minute: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Most streams that one client address may try to open in a minute, with a good key or not."""

    @property
    def most_connections(self) -> int:
        """Connections to take, if the system allows as many open files."""
        return self.connections or 100 + 2 * self.streams


class ModelConfig(_Section):
    """Which Whisper models are served."""

    name: ModelName = "small"
    """Model that serves every client whose `model` names no other loaded one."""
    quantization: Literal["4bit", "8bit"] | None = None
    """Width of the weights; null keeps them as they were published."""
    also: Annotated[tuple[ModelName, ...], Field(max_length=7)] = ()
    """Further models loaded beside it; a client chooses one by its `model` parameter."""
    replicas: Annotated[int, Field(ge=1, le=16)] | None = None
    """Engine processes for each model, each with the weights; null: one on a GPU, and on a CPU one for each core that falls to the model, at most 4."""
    aliases: Annotated[dict[str, ModelName], Field(max_length=100)] = {}
    """Which loaded model serves a client that asks for another name, such as `{nova-3: small}`."""
    language: Language | None = None
    """Language assumed for a stream that names none; null detects it. Whisper's code or BCP-47."""
    store: LocalPath = Path("~/.cache/lwd/models")
    """Directory that holds the models; `~` is the home directory of the user lwd runs as."""

    @property
    def loaded(self) -> tuple[str, ...]:
        """Ids in the store of all models that are served, the default first."""
        default = f"{self.name}-{self.quantization}" if self.quantization else self.name
        return default, *self.also


class EngineConfig(_Section):
    """The engine processes, which run the models."""

    batch_size: Annotated[int, Field(ge=1, le=256)] = 12
    """Most windows that are transcribed in one batch."""
    batch_audio_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """Most audio in a batch, each of its windows counted as long as the longest; a longer window goes alone."""
    interim_deadline_s: Annotated[float, Field(ge=0.1, le=60)] = 2.0
    """Longest time an interim waits for an engine; an older one is dropped for a newer window."""
    cpu_threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Threads of an engine that runs on the CPU; null shares the cores among all engines."""
    memory_limit_mb: Annotated[int, Field(ge=64, le=1 << 20)] | None = None
    """Memory that MLX tries to stay below in each engine; null keeps MLX's own limit."""
    cache_limit_mb: Annotated[int, Field(ge=0, le=1 << 20)] | None = None
    """Freed memory that MLX keeps for reuse in each engine; null keeps 512 on a GPU and 64 on a CPU."""
    deadline_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """Longest time for one batch; an engine that takes longer is restarted."""
    heartbeat_timeout_s: Annotated[float, Field(ge=2, le=300)] = 10.0
    """Longest silence of an engine, which sends a heartbeat every second; then it is restarted."""
    start_timeout_s: Annotated[float, Field(ge=1, le=3600)] = 180.0
    """Longest time an engine may take to load its model and become ready."""
    restart_backoff_s: Annotated[float, Field(ge=0.1, le=60)] = 0.5
    """Pause before an engine is started again that died without having worked; it doubles to 30 s."""
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 2
    """How often a window is tried before it is given up."""
    word_timestamps: bool = True
    """Whether words are aligned to the audio; else the time of what was said is shared out over its tokens."""


class DecoderConfig(_Section):
    """The decoder processes: one for each stream whose audio is compressed."""

    memory_limit_mb: Annotated[int, Field(ge=192, le=1 << 16)] = 512
    """Address space of a decoder process; a stream that needs more is closed. Linux only."""
    timeout_s: Annotated[float, Field(ge=0.1, le=300)] = 10.0
    """Longest time to decode 64 KiB, or to bring the next audio out of them; then the stream is closed."""


class StreamingConfig(_Section):
    """When results are made."""

    interim_step_s: Annotated[float, Field(ge=0.1, le=5)] = 0.3
    """New speech after which an interim result is made; under load they become rarer."""
    chunk_s: Annotated[float, Field(ge=1, le=25)] = 5.0
    """Longest stretch of speech without a final result."""
    assumed_sample_rate: Annotated[int, Field(ge=8000, le=192000)] = 16000
    """Sample rate in Hz of raw audio whose client does not state one."""


class VadConfig(_Section):
    """What counts as speech."""

    speech_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Speech probability at which speech begins."""
    silence_threshold: Annotated[float, Field(ge=0, le=1)] = 0.35
    """Speech probability below which speech ends; at most the speech threshold."""
    min_speech_ms: Annotated[int, Field(ge=0, le=2000)] = 96
    """Shorter bursts are not taken as speech."""
    min_silence_ms: Annotated[int, Field(ge=32, le=2000)] = 96
    """Silence at which the end of speech is expected; no client's `endpointing` is shorter."""
    pre_roll_ms: Annotated[int, Field(ge=0, le=2000)] = 300
    """Audio before speech that is transcribed with it, so that soft beginnings are heard."""


class CallbackConfig(_Section):
    """Where results may be delivered instead of to the client, by its `callback` parameter."""

    enabled: bool = False
    """Whether clients may name a `callback` at all; lwd then connects to hosts of their choosing."""
    hosts: Annotated[tuple[CallbackHost, ...], Field(max_length=1000)] = ()
    """Hosts that callbacks may name; `*.` means all names below. When empty, any host."""
    ports: Annotated[tuple[Port, ...], Field(max_length=100)] = (80, 443, 8080, 8443)
    """Ports that callbacks may name."""
    allow_networks: Annotated[tuple[IPvAnyNetwork, ...], Field(max_length=100)] = ()
    """Networks that callbacks may reach although they are private; all others must be public."""
    timeout_s: Annotated[float, Field(ge=0.1, le=60)] = 10.0
    """Longest time for one request to a callback, or to open its WebSocket or send a message over it."""
    give_up_s: Annotated[float, Field(ge=0.1, le=300)] = 30.0
    """Longest time to try to deliver a message, from when it was made; a stream that is over holds its place as long."""
    queue_messages: Annotated[int, Field(ge=2, le=10_000)] = 100
    """Messages of a stream that may wait for delivery; interims take half of it at most. More are dropped."""


class OpsConfig(_Section):
    """The second listener, for those who run lwd: health, readiness and metrics."""

    listen: ListenAddress = "127.0.0.1:8081"
    """Address and port to listen on; port 0 takes a free one. Elsewhere than on loopback it asks for a key as well."""
    agent_listen: ListenAddress | None = None
    """Address and port where HAProxy's `agent-check` is told how much room there is, without a key; null: nowhere."""
    deepgram_metrics: bool = False
    """Whether `/metrics` has the names of Deepgram's self-hosted engine too."""

    @property
    def host(self) -> str:
        """The address alone, without brackets."""
        return split_address(self.listen)[0]

    @property
    def port(self) -> int:
        """The port alone."""
        return split_address(self.listen)[1]


class ConsoleConfig(_Section):
    """The page to try lwd with and to watch it."""

    enabled: bool = True
    """Whether `/` is the console. It holds nothing secret, and asks for a key where lwd does."""


class LogConfig(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""
    format: Literal["auto", "json", "console"] = "auto"
    """Lines of JSON, or text for people; auto means console on a terminal and JSON elsewhere."""
    file: LocalPath | None = None
    """File to log to instead of stderr; its directory must be there."""
    rotate: Literal["size", "external"] = "size"
    """Who bounds the file: lwd, by its size; or another program that renames it, and lwd begins a new one."""
    max_bytes: Annotated[int, Field(ge=65536, le=1 << 40)] = 20 << 20
    """Size at which lwd begins a new file."""
    keep: Annotated[int, Field(ge=1, le=1000)] = 10
    """Older files that are kept, under the same name with `.1`, `.2` and so on."""


class Config(_Section):
    """The whole configuration. Valid by construction: fields within bounds, and RULES kept."""

    server: ServerConfig = ServerConfig()
    auth: AuthConfig = AuthConfig()
    limits: LimitsConfig = LimitsConfig()
    model: ModelConfig = ModelConfig()
    engine: EngineConfig = EngineConfig()
    decoder: DecoderConfig = DecoderConfig()
    streaming: StreamingConfig = StreamingConfig()
    vad: VadConfig = VadConfig()
    callback: CallbackConfig = CallbackConfig()
    ops: OpsConfig = OpsConfig()
    console: ConsoleConfig = ConsoleConfig()
    log: LogConfig = LogConfig()

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Context | None, /) -> None:
        """Keep where each given value came from."""
        self._origins.update(context.origins if context else {})

    @model_validator(mode="after")
    def _keep_rules(self, info: ValidationInfo[Context | None]) -> Self:
        rules = (*RULES, *(info.context.rules if info.context else ()))
        broken = [(rule, text) for rule in rules if (text := rule.expected(self))]
        if broken:
            text = "; ".join(f"{rule.path}: expected {expected}" for rule, expected in broken)
            raise PydanticCustomError("rules", "{text}", {"text": text, "broken": broken})
        return self

    def origin(self, path: str) -> str | None:
        """Return the file, variable or command line that gave the value; None for a default."""
        return self._origins.get(path)
