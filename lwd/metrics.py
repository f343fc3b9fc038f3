"""Every metric of the daemon, its help and its buckets. Base units; no label names a caller."""

from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, Sample
from prometheus_client.registry import Collector

from lwd import process

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

BUILD = Info(
    "lwd_build", "Versions of lwd, Python and MLX, and the models that serve.", registry=REGISTRY
)
READY = Gauge("lwd_ready", "1 while new streams are welcome.", registry=REGISTRY)
START_TIME = Gauge(
    "lwd_process_start_time_seconds", "When the daemon started, Unix time.", registry=REGISTRY
)

DRAINING = Gauge("lwd_draining", "1 while lwd stops and takes no more streams.", registry=REGISTRY)
LOOP_LAG = Histogram(
    "lwd_event_loop_lag_seconds",
    "How late the daemon gets to what is due, looked at once a second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
    registry=REGISTRY,
)
CONFIG_RELOADS = Counter(
    "lwd_config_reloads_total",
    "Reloads of the configuration that SIGHUP asked for, by what became of them.",
    ["outcome"],
    registry=REGISTRY,
)
CONFIG_CURRENT = Gauge(
    "lwd_config_current",
    "1 while the configuration in force is the one last asked for.",
    registry=REGISTRY,
)
LOG_EVENTS = Counter(
    "lwd_log_events_total", "Events that were logged, by level.", ["level"], registry=REGISTRY
)
LOG_EVENTS_LOST = Counter(
    "lwd_log_events_lost_total",
    "Events that could not be written, mostly for want of room on the disk.",
    registry=REGISTRY,
)

CONNECTIONS = Gauge("lwd_connections", "Connections that are open.", registry=REGISTRY)
CONNECTIONS_LIMIT = Gauge(
    "lwd_connections_limit", "Connections that may be open at once.", registry=REGISTRY
)
CONNECTIONS_REFUSED = Counter(
    "lwd_connections_refused_total",
    "Connections refused because there were as many as may be.",
    registry=REGISTRY,
)
HTTP_REQUESTS = Counter(
    "lwd_http_requests_total",
    "Requests that were answered; a stream counts at its end.",
    ["route", "code"],
    registry=REGISTRY,
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
AUTH_FAILURES = Counter(
    "lwd_auth_failures_total",
    "Requests without a key in force, by what they had instead.",
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
AUDIO_BACKLOG = Gauge(
    "lwd_audio_backlog_seconds",
    "Audio that waits in the stream that is furthest behind.",
    registry=REGISTRY,
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
RESULTS = Counter(
    "lwd_results_total",
    "What clients were told of their speech, by type.",
    ["type"],
    registry=REGISTRY,
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
FIRST_RESULT = Histogram(
    "lwd_first_result_seconds",
    "From a stream's first audio to its first result.",
    buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10),
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
ENGINE_LAST_BATCH = Gauge(
    "lwd_engine_last_batch_timestamp_seconds",
    "When the engine last finished a batch, Unix time.",
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
QUEUE_WAIT = Histogram(
    "lwd_queue_wait_seconds",
    "From asking for a window to its being given to an engine.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2),
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "lwd_batch_seconds",
    "Time that an engine was at a batch.",
    ["kind"],
    buckets=(0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 2, 4, 8),
    registry=REGISTRY,
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

PROCESS_MEMORY = Gauge(
    "lwd_process_resident_bytes", "Memory of the daemon, without its engines.", registry=REGISTRY
)
PROCESS_MEMORY.set_function(process.resident_bytes)
PROCESS_FILES = Gauge("lwd_process_open_fds", "Files and sockets that are open.", registry=REGISTRY)
PROCESS_FILES.set_function(process.open_files)
PROCESS_FILES_LIMIT = Gauge(
    "lwd_process_max_fds", "Files and sockets that may be open.", registry=REGISTRY
)


class _ProcessorTime(Collector):
    """A counter whose value the system keeps."""

    def collect(self) -> Iterator[Metric]:
        """Ask the system."""
        yield CounterMetricFamily(
            "lwd_process_cpu_seconds",
            "Time of the daemon's threads on a core, without its engines'.",
            value=process.cpu_seconds(),
        )


REGISTRY.register(_ProcessorTime())


class _DeepgramNames(Collector):
    """What of this Deepgram's self-hosted engine shows too, under its names.

    https://developers.deepgram.com/docs/metrics-guide
    """

    def collect(self) -> Iterator[Metric]:
        """Copy what stands in lwd's own."""
        active = GaugeMetricFamily("engine_active_requests", "Open streams.", labels=["kind"])
        active.add_metric(["stream"], _sample(STREAMS_ACTIVE))
        yield active
        yield GaugeMetricFamily(
            "engine_estimated_stream_capacity",
            "Streams that may be open at once.",
            value=_sample(STREAMS_LIMIT),
        )
        requests = CounterMetricFamily(
            "engine_requests", "Streams by their end.", labels=["kind", "response_status"]
        )
        failed = {"server_error"}
        ended = {sample.labels["outcome"]: sample.value for sample in _samples(STREAMS)}
        for status, is_failure in (("200", False), ("500", True)):
            total = sum(n for outcome, n in ended.items() if (outcome in failed) is is_failure)
            requests.add_metric(["stream", status], total)
        yield requests


def read(metric: Collector) -> list[tuple[str, dict[str, str], float]]:
    """Name, labels and value of each sample of a metric."""
    return [(sample.name, sample.labels, sample.value) for sample in _samples(metric)]


def _samples(metric: Collector) -> list[Sample]:
    return [sample for family in metric.collect() for sample in family.samples]


def _sample(gauge: Gauge) -> float:
    [sample] = _samples(gauge)
    return sample.value


DEEPGRAM = CollectorRegistry()
"""What `/metrics` shows besides where `ops.deepgram_metrics` is set."""

DEEPGRAM.register(_DeepgramNames())


def forget_engine(model: str, replica: str) -> None:
    """Show an engine no more that is not to be there any more."""
    ENGINE_READY.remove(model, replica)
    ENGINE_LAST_BATCH.remove(model, replica)
    for labels in [sample.labels for sample in _samples(ENGINE_MEMORY)]:
        if (labels["model"], labels["replica"]) == (model, replica):
            ENGINE_MEMORY.remove(model, replica, labels["kind"])
