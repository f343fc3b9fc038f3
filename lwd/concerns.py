"""What is amiss in a daemon though no caller feels it yet, and the metric that tells it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that is amiss while `metric` has the value `told_by`; `text` says where to look."""

    name: str
    metric: str
    told_by: float
    text: str


CONCERNS = (
    Concern(
        "configuration",
        "lwd_config_current",
        0.0,
        "the configuration has changed and is not in force as a whole: see reload_refused and"
        " restart_needed in the log",
    ),
    Concern(
        "keys",
        "lwd_keys_file_broken",
        1.0,
        "the keys file cannot be used, and the keys of before hold: see keys_file_broken in the log",
    ),
)


def concerns(value_of: Callable[[str], float | None]) -> tuple[Concern, ...]:
    """Those that the metrics tell of; None is the value of one that is not there."""
    return tuple(one for one in CONCERNS if value_of(one.metric) == one.told_by)
