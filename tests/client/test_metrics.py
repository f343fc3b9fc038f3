"""What is read out of a daemon's metrics."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from lwd import metrics
from lwd.client.metrics import Figures, quantile, read_figures


def test_figures_are_those_of_the_daemon() -> None:
    """The names are those that lwd itself writes."""
    metrics.BUILD.info({"version": "1.2.3", "python": "3.12"})
    metrics.STREAMS_LIMIT.set(40)
    metrics.QUEUED_JOBS.labels("a").set(2)
    metrics.QUEUED_JOBS.labels("b").set(1)
    metrics.START_TIME.set(1e9)
    for _ in range(100):
        metrics.FINAL_LATENCY.observe(0.01)

    figures = read_figures(generate_latest(metrics.REGISTRY).decode())

    assert (figures.version, figures.capacity, figures.started_at) == ("1.2.3", 40, 1e9)
    assert figures.queued is not None
    assert figures.queued >= 3
    assert figures.final_p95_s is not None


@given(st.text())
def test_anything_else_says_nothing(text: str) -> None:
    """A proxy's page in the place of metrics breaks nothing."""
    assert isinstance(read_figures(text), Figures)


def test_no_metrics_are_no_figures() -> None:
    """Nothing is made up."""
    assert read_figures("") == read_figures("<html>") == Figures()


def test_quantile_is_a_bound_of_the_histogram() -> None:
    """The least that covers the share; infinite above the last; none without values."""
    buckets = [(0.1, 50.0), (0.5, 95.0), (1.0, 99.0), (float("inf"), 100.0)]

    assert quantile(buckets, 0.5) == 0.1
    assert quantile(buckets, 0.95) == 0.5
    assert quantile(buckets, 0.96) == 1.0
    assert quantile(buckets, 1.0) == float("inf")
    assert quantile([(0.1, 0.0)], 0.95) is None
    assert quantile([], 0.95) is None
