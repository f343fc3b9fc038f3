"""What was measured of each system, side by side. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from report import Figure
from scoring import WordErrors
from streaming.score import Total, mean, percentile

COLUMNS = {
    "interim_latency_mean_s": "interim\nmean s",
    "word_latency_p50_s": "word\np50 s",
    "word_latency_p95_s": "word\np95 s",
    "final_latency_p50_s": "final\np50 s",
    "final_latency_p95_s": "final\np95 s",
    "wer_percent": "WER\n%",
    "changed_words_percent": "changed\n%",
    "cpu_per_audio_s": "CPU\ns/s",
}
"""Headings by the key of the figure; CPU is seconds for each second of audio."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system: a figure for each column that it has, or why it has none."""

    name: str
    figures: Sequence[Figure] = ()
    failure: str | None = None
    remarks: Sequence[str] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Everything by its key; null for what is not a number."""
        values = {
            figure.key: None if math.isnan(figure.value) else figure.value
            for figure in self.figures
        }
        return values | {"failure": self.failure, "remarks": [*self.remarks]} | dict(self.details)


def live_figures(total: Total, cpu_per_audio_s: float) -> list[Figure]:
    """The figures of a server that was called."""
    return [
        _figure("interim_latency_mean_s", mean(total.interim_s)),
        _figure("word_latency_p50_s", percentile(total.word_s, 50)),
        _figure("word_latency_p95_s", percentile(total.word_s, 95)),
        _figure("final_latency_p50_s", percentile(total.final_s, 50)),
        _figure("final_latency_p95_s", percentile(total.final_s, 95)),
        *offline_figures(total.errors),
        _figure("changed_words_percent", total.stability.percent),
        _figure("cpu_per_audio_s", cpu_per_audio_s),
    ]


def offline_figures(errors: WordErrors) -> list[Figure]:
    """The one figure of a system that hears everything before it answers."""
    return [_figure("wer_percent", errors.percent)]


def _figure(key: str, value: float) -> Figure:
    return Figure(key, COLUMNS[key].replace("\n", " "), value)


def side_by_side(rows: Sequence[Row]) -> Table:
    """A line for each system; those that failed have their reasons below."""
    reasons = [f"{row.name} was not measured: {row.failure}" for row in rows if row.failure]
    drawn = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        caption=Text("\n".join(reasons)) if reasons else None,
        caption_justify="left",
    )
    for heading in ("system", *COLUMNS.values()):
        drawn.add_column(heading, no_wrap=True)
    for row in rows:
        shown = {figure.key: figure.measured for figure in row.figures}
        drawn.add_row(row.name, *(shown.get(key, "-") for key in COLUMNS))
    return drawn
