"""Prometheus from Debian: promtool checks and tests the rules, and a real one scrapes a real lwd."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from proxy import free_port

from tests.e2e.conftest import Daemon

ROOT = Path(__file__).resolve().parent.parent.parent
PROMETHEUS = ROOT / "ops" / "prometheus"


def promtool(*arguments: str | Path, given: str | None = None) -> str:
    """Run promtool in the rules' directory; its output, if it is content."""
    result = subprocess.run(
        ["promtool", *arguments],  # noqa: S607 - Debian's
        cwd=PROMETHEUS,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def fetch(url: str) -> str:
    """The body of an answer."""
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - loopback
        return str(response.read().decode())


def test_configuration_is_valid() -> None:
    """Prometheus starts with the configuration and its rules."""
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


def test_alerts_fire_when_they_should_alone() -> None:
    """Each alert fires for the node that is bad, in its time, and for no other."""
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")


def test_metrics_are_well_named(daemon: Daemon) -> None:
    """No fault is found in what lwd exposes."""
    promtool("check", "metrics", given=fetch(f"http://127.0.0.1:{daemon.ops_port}/metrics"))


def test_dashboard_asks_what_prometheus_understands(tmp_path: Path) -> None:
    """Every expression of the dashboard parses."""
    dashboard = json.loads((ROOT / "ops" / "grafana" / "lwd.json").read_text())
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    recorded = [
        {"record": f"dashboard:{n}", "expr": expr.replace("$__rate_interval", "5m")}
        for n, expr in enumerate(targets)
    ]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))

    assert f"{len(targets)} rules found" in promtool("check", "rules", file)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, daemon: Daemon) -> Iterator[str]:
    """A Prometheus with our configuration, but for the daemon's port and the pace; its address."""
    directory = tmp_path_factory.mktemp("prometheus")
    for path in PROMETHEUS.glob("*.yml"):
        text = path.read_text().replace("127.0.0.1:8081", f"127.0.0.1:{daemon.ops_port}")
        (directory / path.name).write_text(text.replace("_interval: 15s", "_interval: 1s"))
    address = f"127.0.0.1:{free_port()}"
    with (directory / "output.log").open("wb") as output:
        process = subprocess.Popen(
            [  # noqa: S607 - Debian's
                "prometheus",
                f"--config.file={directory}/prometheus.yml",
                f"--storage.tsdb.path={directory}/data",
                f"--web.listen-address={address}",
            ],
            stdout=output,
            stderr=output,
        )
    yield f"http://{address}/api/v1"
    process.terminate()
    process.wait()


def ask(api: str, expression: str) -> list[Any]:
    """The samples of an expression, asked for until there are any."""
    query = urllib.parse.urlencode({"query": expression})
    for _ in range(120):
        try:
            result: list[Any] = json.loads(fetch(f"{api}/query?{query}"))["data"]["result"]
        except OSError:
            result = []
        if result:
            return result
        time.sleep(0.5)
    raise AssertionError(f"no sample of {expression}")


def test_scrape(prometheus: str, daemon: Daemon) -> None:
    """A running lwd is up and ready, the rules are evaluated without a fault, and no alert fires."""
    [up] = ask(prometheus, "up == 1")
    [ratio] = ask(prometheus, "instance:lwd_streams:ratio")
    groups = json.loads(fetch(f"{prometheus}/rules"))["data"]["groups"]
    health = {rule["health"] for group in groups for rule in group["rules"]}
    firing = json.loads(fetch(f"{prometheus}/alerts"))["data"]["alerts"]

    assert up["metric"]["instance"] == f"127.0.0.1:{daemon.ops_port}"
    assert float(ratio["value"][1]) == 0
    assert health <= {"ok", "unknown"}
    assert firing == []
