"""What goes over the engine's socket arrives as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lwd.asr.types import Hints, Hypothesis, Job, JobKind, Keyterm, Word
from lwd.asr.wire import (
    PREFIX,
    Answer,
    Batch,
    BatchDone,
    BatchFailed,
    Cancellation,
    EngineMessage,
    EngineSpec,
    Heartbeat,
    Ready,
    StartFailed,
    pack_message,
    pack_request,
    unpack_message,
    unpack_request,
)

SAMPLES = arrays(np.float32, st.integers(0, 50), elements=st.floats(-1, 1, width=32))


def split(frame: bytes) -> tuple[bytes, bytes]:
    """Header and payload of one whole frame."""
    header_bytes, payload_bytes = PREFIX.unpack_from(frame)
    body = frame[PREFIX.size :]
    assert len(body) == header_bytes + payload_bytes
    return body[:header_bytes], body[header_bytes:]


# A JSON message of a client may hold half of a surrogate pair.
KEYTERM = st.builds(Keyterm, st.text(st.characters()), st.floats(allow_nan=False))
HINTS = st.builds(
    Hints,
    language=st.none() | st.just("de"),
    keyterms=st.lists(KEYTERM).map(tuple),
    draft=st.lists(st.integers(0, 51865)).map(tuple),
    is_hurried=st.booleans(),
)


@given(st.lists(st.tuples(SAMPLES, st.sampled_from(JobKind), HINTS)))
def test_batches_survive_the_socket(windows: list[tuple[np.ndarray, JobKind, Hints]]) -> None:
    """Samples, kinds and hints of every job come through."""
    jobs = [
        Job(n, "owner", kind, samples, hints) for n, (samples, kind, hints) in enumerate(windows)
    ]

    received = unpack_request(*split(pack_request(Batch(jobs))))

    assert isinstance(received, Batch)
    assert [(j.job_id, j.kind, j.hints) for j in received.jobs] == [
        (j.job_id, j.kind, j.hints) for j in jobs
    ]
    for before, after in zip(jobs, received.jobs, strict=True):
        np.testing.assert_array_equal(before.samples, after.samples)


def test_cancellations_survive_the_socket() -> None:
    """The engine leaves off what the daemon means."""
    assert unpack_request(*split(pack_request(Cancellation([3, 5])))) == Cancellation([3, 5])


@pytest.mark.parametrize(
    "message",
    [
        Ready(("en", "de"), None, 1.5),
        StartFailed("no model", is_model_corrupt=True),
        Answer(
            7,
            Hypothesis(
                words=(Word(" Größe,", 0.5, 1.0, 0.25),),
                language="de",
                language_probability=0.75,
                no_speech_probability=0.1,
                average_log_probability=-0.2,
                temperature=0.4,
                tokens=(1, 2, 50257),
            ),
        ),
        BatchFailed("ValueError"),
        BatchDone(0.5, {"active": 3}, {"encoder": 1.5}),
        Heartbeat({"active": 3}),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_survive_the_socket(message: EngineMessage) -> None:
    """Every kind of message comes through whole."""
    header, payload = split(pack_message(message))

    assert payload == b""
    assert unpack_message(header) == message


def test_a_spec_survives_the_command_line() -> None:
    """The engine loads what the daemon meant."""
    spec = EngineSpec("/models/tiny.en/weights.npz", [(1, 0), (2, 5)], False, 1 << 33, 0, -50)

    received = EngineSpec.from_json(spec.to_json())

    assert received.weights_file == spec.weights_file
    assert [tuple(head) for head in received.alignment_heads or ()] == [(1, 0), (2, 5)]
    assert not received.word_timestamps
    assert received.memory_limit_bytes == 1 << 33
    assert received.cache_limit_bytes == 0
    assert received.alignment_lag_ms == -50
