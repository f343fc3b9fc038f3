"""The lwd that the clients talk to, and what it says of their streams."""

import urllib.request
from collections import Counter
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class Streams:
    """Streams that ended, by outcome, and how many are open."""

    ended: Counter[str]
    n_open: int


@dataclass(frozen=True, slots=True)
class Server:
    """lwd at `address`, host and port, which lets in `key` and no other; its metrics are at `ops`."""

    address: str
    ops: str
    key: str

    def streams(self) -> Streams:
        """What its metrics count."""
        with urllib.request.urlopen(f"http://{self.ops}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        samples = [sample for family in families for sample in family.samples]
        ended = {
            sample.labels["outcome"]: int(sample.value)
            for sample in samples
            if sample.name == "lwd_streams_total"
        }
        [n_open] = [int(sample.value) for sample in samples if sample.name == "lwd_streams_active"]
        return Streams(Counter(ended), n_open)
