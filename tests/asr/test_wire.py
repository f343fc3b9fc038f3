"""What goes over the engine's socket arrives as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lwd.asr.types import Hypothesis, Job, JobKind, Word
from lwd.asr.wire import (
    PREFIX,
    Answer,
    BatchDone,
    BatchFailed,
    EngineMessage,
    EngineSpec,
    Ready,
    StartFailed,
    pack_batch,
    pack_message,
    unpack_batch,
    unpack_message,
)

SAMPLES = arrays(np.float32, st.integers(0, 50), elements=st.floats(-1, 1, width=32))


def split(frame: bytes) -> tuple[bytes, bytes]:
    """Header and payload of one whole frame."""
    header_bytes, payload_bytes = PREFIX.unpack_from(frame)
    body = frame[PREFIX.size :]
    assert len(body) == header_bytes + payload_bytes
    return body[:header_bytes], body[header_bytes:]


@given(st.lists(st.tuples(SAMPLES, st.sampled_from(JobKind), st.none() | st.just("de"))))
def test_batches_survive_the_socket(
    windows: list[tuple[np.ndarray, JobKind, str | None]],
) -> None:
    """Samples, kinds and languages of every job come through."""
    jobs = [
        Job(n, "owner", kind, samples, language)
        for n, (samples, kind, language) in enumerate(windows)
    ]

    received = unpack_batch(*split(pack_batch(jobs)))

    assert [(j.job_id, j.kind, j.language) for j in received] == [
        (j.job_id, j.kind, j.language) for j in jobs
    ]
    for before, after in zip(jobs, received, strict=True):
        np.testing.assert_array_equal(before.samples, after.samples)


@pytest.mark.parametrize(
    "message",
    [
        Ready(("en", "de"), None, 1.5),
        StartFailed("no model", is_model_corrupt=True),
        Answer(7, Hypothesis((Word(" Größe,", 0.5, 1.0, 0.25),), "de", 0.1, -0.2)),
        BatchFailed("ValueError"),
        BatchDone(0.5, {"active": 3}),
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
    spec = EngineSpec("/models/tiny.en/weights.npz", [(1, 0), (2, 5)], word_timestamps=False)

    received = EngineSpec.from_json(spec.to_json())

    assert received.weights_file == spec.weights_file
    assert [tuple(head) for head in received.alignment_heads or ()] == [(1, 0), (2, 5)]
    assert not received.word_timestamps
