"""Rules, alerts and dashboard name what there is, and every alert has its section and its test.

promtool notices no misspelt metric: to it that is one without samples.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Histogram

from lwd import metrics
from lwd.metrics import REGISTRY
from lwd.server.outcome import Outcome
from tests.test_docs import anchors, metric_names

ROOT = Path(__file__).resolve().parent.parent.parent
PROMETHEUS = ROOT / "ops" / "prometheus"
RUNBOOK = ROOT / "docs" / "runbook.md"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "ops" / "grafana" / "lwd.json").read_text())


def rules(name: str) -> list[dict[str, Any]]:
    """The rules of a file."""
    groups = yaml.safe_load((PROMETHEUS / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules("alerts.yml")}
RECORDED = {rule["record"] for rule in rules("recording.yml")}


def expressions() -> Iterator[str]:
    """Every expression of rules, alerts and dashboard, and of the dashboard's variables."""
    yield from (rule["expr"] for name in ("recording.yml", "alerts.yml") for rule in rules(name))
    yield from (target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    yield from (
        variable["query"]
        for variable in DASHBOARD["templating"]["list"]
        if variable["type"] == "query"
    )


def series() -> set[str]:
    """The names of all series that `/metrics` shows."""
    return {
        name
        for metric in metric_names()
        for name in (metric, *(metric + suffix for suffix in ("_bucket", "_sum", "_count")))
    }


def test_every_metric_in_an_expression_exists() -> None:
    """A misspelt name would be an alert that never fires, and an empty panel."""
    named: set[str] = set()
    for expression in expressions():
        named |= set(re.findall(r"\blwd_\w+", re.sub(r"\b(job|instance):[\w:]+", "", expression)))

    assert named
    assert named <= series()


def test_every_recorded_name_in_an_expression_is_recorded() -> None:
    """A recorded series that is used is made."""
    used = {
        name for text in expressions() for name in re.findall(r"\b(?:job|instance):[\w:]+", text)
    }

    assert used <= RECORDED


def test_every_label_value_exists() -> None:
    """An outcome or reason that an alert asks for can come."""
    from lwd.errors import REJECTIONS  # noqa: PLC0415 - next to what it is compared with

    known = {"outcome": {"delivered", *(one.value for one in Outcome)}, "reason": {*REJECTIONS}}
    for expression in expressions():
        for label, values in re.findall(r'(outcome|reason)[!=]~?"([^"$]+)"', expression):
            assert set(values.split("|")) <= known[label], expression


def test_every_label_exists() -> None:
    """What is summed by a label has it; `job`, `instance` and `le` are Prometheus's own."""
    labels = {
        label
        for metric in vars(metrics).values()
        if isinstance(metric, Counter | Histogram)
        for label in metric._labelnames
    }
    for expression in expressions():
        for names in re.findall(r"\bby \(([^)]*)\)", expression):
            assert {name.strip() for name in names.split(",")} <= labels | {"job", "instance", "le"}


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    """Whoever is woken finds what the user feels, how to see it and what to do."""
    text = RUNBOOK.read_text()
    sections = dict(re.findall(r"^## (Lwd\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))

    assert list(sections) == list(ALERTS)
    for name, body in sections.items():
        assert re.search(r"^\*\*Felt\*\*", body, re.MULTILINE), name
        assert re.search(r"^\*\*See\*\*", body, re.MULTILINE), name
        assert re.search(r"^\*\*Do\*\*", body, re.MULTILINE), name


def test_every_panel_that_the_runbook_names_exists() -> None:
    """Whoever is woken finds what they are told to look at; a title may be shortened at a comma."""
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", RUNBOOK.read_text()))
    titles = {panel["title"] for panel in DASHBOARD["panels"]}

    assert named
    assert named <= titles | {title.partition(",")[0] for title in titles}


@pytest.mark.parametrize("name", ALERTS)
def test_alert_says_whom_it_wakes_and_where_help_is(name: str) -> None:
    """Each alert has a severity, a summary and a link that leads to its section."""
    alert = ALERTS[name]

    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    page, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert anchor in anchors(ROOT / page)


@pytest.mark.parametrize("name", ALERTS)
def test_alert_is_shown_to_fire_and_not_to_fire(name: str) -> None:
    """`make test-ops` proves both of each alert."""
    cases = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    expected = [
        bool(test["exp_samples"])
        for case in cases
        for test in case["promql_expr_test"]
        if f'alertname="{name}"' in test["expr"]
    ]

    assert set(expected) == {True, False}


def test_dashboard_is_small_and_whole() -> None:
    """Every panel says what it shows, from the chosen source and instances."""
    assert len(DASHBOARD["panels"]) <= 15
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == [
        "source",
        "instance",
    ]
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        assert panel["datasource"]["uid"] == "${source}"
        assert all("$instance" in target["expr"] for target in panel["targets"])
    assert len({metric.name for metric in REGISTRY.collect()}) > 12
