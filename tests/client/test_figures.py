"""What is read out of a daemon's answers."""

import math

from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from lwd import metrics
from lwd.client.figures import Figures, Quantile, quantile, read_metrics, read_operations


def test_figures_are_those_of_the_daemon() -> None:
    """The names are those that lwd itself writes."""
    metrics.BUILD.info({"version": "1.2.3", "python": "3.12"})
    metrics.STREAMS_LIMIT.set(40)
    metrics.QUEUED_JOBS.labels("a").set(2)
    metrics.QUEUED_JOBS.labels("b").set(1)
    metrics.START_TIME.set(1e9)
    metrics.CONFIG_CURRENT.set(0)
    metrics.KEYS_FILE_BROKEN.set(0)
    for _ in range(100):
        metrics.FINAL_LATENCY.observe(0.01)

    figures = read_metrics(generate_latest(metrics.REGISTRY).decode(), 1e9 + 60)

    assert (figures.version, figures.capacity, figures.uptime_s) == ("1.2.3", 40, 60)
    assert figures.queued is not None
    assert figures.queued >= 3
    assert figures.final_p95 is not None
    [concern] = figures.concerns
    assert "restart_needed" in concern
    metrics.CONFIG_CURRENT.set(1)


@given(st.text())
def test_anything_else_says_nothing(text: str) -> None:
    """A proxy's page in the place of metrics breaks nothing."""
    assert isinstance(read_metrics(text, 0.0), Figures)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
OPERATIONS = {
    "version": "1.2.3",
    "uptime_s": 60.25,
    "fault": None,
    "streams": {"open": 1, "limit": 40, "list": []},
    "models": [{"name": "a", "queued": 2}, {"name": "b", "queued": 1}],
    "latency": {"interim": [], "final": [["0.25", 96.0], ["+Inf", 100.0]]},
    "concerns": ["the keys file cannot be used"],
}


def test_operations_say_the_same() -> None:
    """With a key no other port is needed."""
    told = ("the keys file cannot be used",)
    assert read_operations(OPERATIONS) == Figures("1.2.3", 40, 3, Quantile(0.25), 60, told)


@given(JSON | st.floats(), st.sampled_from(sorted(OPERATIONS)))
@example(math.nan, "uptime_s")
@example(math.inf, "uptime_s")
def test_any_other_document_says_nothing(value: object, key: str) -> None:
    """Whatever stands in the place of one of the values breaks nothing."""
    assert read_operations(value) == Figures()
    assert isinstance(read_operations(OPERATIONS | {key: value}), Figures)
    for final in ([value], [["1", value]], [[value, 1]]):
        figures = read_operations(OPERATIONS | {"latency": {"final": final}})
        assert figures.final_p95 is None or math.isfinite(figures.final_p95.bound_s)
    assert isinstance(read_operations(OPERATIONS | {"models": [{"queued": value}]}), Figures)


def test_no_metrics_are_no_figures() -> None:
    """Nothing is made up."""
    assert read_metrics("", 0.0) == read_metrics("<html>", 0.0) == Figures()


def test_quantile_is_a_bound_of_the_histogram() -> None:
    """The least that covers the share, more than the last one above that; none without values."""
    buckets = [(0.1, 50.0), (0.5, 95.0), (1.0, 99.0), (float("inf"), 100.0)]

    assert quantile(buckets, 0.5) == Quantile(0.1)
    assert quantile(buckets, 0.95) == Quantile(0.5)
    assert quantile(buckets, 0.96) == Quantile(1.0)
    assert quantile(buckets, 1.0) == Quantile(1.0, is_over=True)
    assert quantile([(float("inf"), 3.0)], 0.95) is None
    assert quantile([(0.1, 0.0)], 0.95) is None
    assert quantile([], 0.95) is None
