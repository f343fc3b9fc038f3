"""Every metric of the daemon, its help and its buckets. Base units; no label names a caller."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
"""What `/metrics` shows."""

_LATENCY_BUCKETS_S = (
    0.05,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
    0.5,
    0.6,
    0.8,
    1,
    1.25,
    1.5,
    2,
    3,
    5,
    10,
)
_STREAM_BUCKETS_S = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600)

BUILD = Info("lwd_build", "Version of lwd and of its Python.", registry=REGISTRY)
READY = Gauge("lwd_ready", "1 while new streams are welcome.", registry=REGISTRY)
START_TIME = Gauge(
    "lwd_process_start_time_seconds", "When the daemon started, Unix time.", registry=REGISTRY
)

STREAMS_ACTIVE = Gauge("lwd_streams_active", "Streams that are open.", registry=REGISTRY)
STREAMS_LIMIT = Gauge("lwd_streams_limit", "Streams that may be open at once.", registry=REGISTRY)
STREAMS = Counter(
    "lwd_streams_total",
    "Streams that ended, by how.",
    ["outcome"],
    registry=REGISTRY,
)
STREAMS_REJECTED = Counter(
    "lwd_streams_rejected_total",
    "Requests refused, streams among them, by why.",
    ["reason"],
    registry=REGISTRY,
)
KEYS_FILE_BROKEN = Gauge(
    "lwd_keys_file_broken",
    "1 while the keys file cannot be used, and the keys read before are in force.",
    registry=REGISTRY,
)
STREAM_DURATION = Histogram(
    "lwd_stream_duration_seconds",
    "Length of a stream, connect to close.",
    buckets=_STREAM_BUCKETS_S,
    registry=REGISTRY,
)
AUDIO_SECONDS = Counter(
    "lwd_audio_seconds_total", "Audio received, all channels.", registry=REGISTRY
)
AUDIO_BYTES = Counter("lwd_audio_bytes_total", "Bytes of audio received.", registry=REGISTRY)
CONTAINER_MISMATCHES = Counter(
    "lwd_container_mismatches_total",
    "Streams whose bytes were a container although `encoding` said otherwise.",
    registry=REGISTRY,
)
DECODERS_STARTED = Counter(
    "lwd_decoders_started_total",
    "Streams that were given a decoder process, by their container or encoding.",
    ["format"],
    registry=REGISTRY,
)
DECODER_FAILURES = Counter(
    "lwd_decoder_failures_total",
    "Decoder processes that died, or were killed because they took too long; each ended a stream.",
    ["reason"],
    registry=REGISTRY,
)
MESSAGES = Counter(
    "lwd_messages_total", "Messages sent to clients, by kind.", ["kind"], registry=REGISTRY
)
CALLBACK_MESSAGES = Counter(
    "lwd_callback_messages_total",
    "Messages to clients' callbacks, by what became of them.",
    ["outcome"],
    registry=REGISTRY,
)
CALLBACK_RETRIES = Counter(
    "lwd_callback_retries_total",
    "Requests to clients' callbacks that were made again after a failure.",
    registry=REGISTRY,
)
INTERIM_LATENCY = Histogram(
    "lwd_interim_latency_seconds",
    "From asking for an interim to its result.",
    buckets=_LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
FINAL_LATENCY = Histogram(
    "lwd_final_latency_seconds",
    "From the end of a window being known to its final result.",
    buckets=_LATENCY_BUCKETS_S,
    registry=REGISTRY,
)

ENGINE_READY = Gauge(
    "lwd_engine_ready",
    "1 while the engine process answers.",
    ["model", "replica"],
    registry=REGISTRY,
)
ENGINE_RESTARTS = Counter(
    "lwd_engine_restarts_total",
    "Engine processes that died, hung or fell silent.",
    ["model", "replica"],
    registry=REGISTRY,
)
ENGINE_BUSY = Counter(
    "lwd_engine_busy_seconds_total",
    "Time the engine spent on batches.",
    ["model", "replica"],
    registry=REGISTRY,
)
ENGINE_STAGES = Counter(
    "lwd_engine_stage_seconds_total",
    "Time the model's engines spent on each stage of the work.",
    ["model", "stage"],
    registry=REGISTRY,
)
ENGINE_MEMORY = Gauge(
    "lwd_engine_memory_bytes",
    "Memory that MLX holds, by kind.",
    ["model", "replica", "kind"],
    registry=REGISTRY,
)
QUEUED_JOBS = Gauge(
    "lwd_queued_jobs", "Windows that wait for an engine.", ["model"], registry=REGISTRY
)
BATCH_SIZE = Histogram(
    "lwd_batch_size",
    "Windows in a batch.",
    ["model"],
    buckets=(1, 2, 4, 8, 12, 16, 32),
    registry=REGISTRY,
)
BATCH_AUDIO = Counter(
    "lwd_batch_audio_seconds_total",
    "Audio in batches: heard, and the padding up to the longest window of each.",
    ["model", "part"],
    registry=REGISTRY,
)
INTERIMS_SUPERSEDED = Counter(
    "lwd_interims_superseded_total",
    "Interims dropped for a newer window of their channel: load made visible.",
    registry=REGISTRY,
)
INTERIMS_EXPIRED = Counter(
    "lwd_interims_expired_total",
    "Interims dropped because no engine had taken them by their deadline.",
    registry=REGISTRY,
)
WINDOWS_CANCELLED = Counter(
    "lwd_windows_cancelled_total",
    "Windows stopped inside an engine because nobody waited for them any more.",
    registry=REGISTRY,
)
WINDOWS_RETRIED = Counter(
    "lwd_windows_retried_total",
    "Windows tried again after an engine died at them or could not do them.",
    registry=REGISTRY,
)
WINDOWS_FAILED = Counter(
    "lwd_windows_failed_total",
    "Windows given up after every attempt.",
    registry=REGISTRY,
)
