"""What was measured of each system, side by side. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.table import Table

from report import Figure
from scoring import WordErrors
from streaming.score import Total, mean, percentile

_CPU = "CPU"
COLUMNS = (
    "interim mean",
    "word p50",
    "word p95",
    "final p50",
    "final p95",
    "WER",
    "changed",
    _CPU,
)


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


def live(total: Total, cpu_per_audio_s: float) -> list[Figure]:
    """The figures of a server that was called."""
    return [
        Figure("interim_latency_mean_s", COLUMNS[0], mean(total.interim_s), " s"),
        Figure("word_latency_p50_s", COLUMNS[1], percentile(total.word_s, 50), " s"),
        Figure("word_latency_p95_s", COLUMNS[2], percentile(total.word_s, 95), " s"),
        Figure("final_latency_p50_s", COLUMNS[3], percentile(total.final_s, 50), " s"),
        Figure("final_latency_p95_s", COLUMNS[4], percentile(total.final_s, 95), " s"),
        *offline(total.errors),
        Figure("changed_words_percent", COLUMNS[6], total.stability.percent, " %"),
        Figure("cpu_per_audio_s", COLUMNS[7], cpu_per_audio_s, " s/s"),
    ]


def offline(errors: WordErrors) -> list[Figure]:
    """The one figure of a system that hears everything before it answers."""
    return [Figure("wer_percent", COLUMNS[5], errors.percent, " %")]


def side_by_side(rows: Iterable[Row]) -> Table:
    """A line for each system; one that failed has its reason in the last column."""
    rows = list(rows)
    notes = any(row.failure for row in rows)
    drawn = Table("system", *COLUMNS, *(["not measured"] * notes))
    for row in rows:
        shown = {figure.title: figure.measured for figure in row.figures}
        cells = [shown.get(column, "-") for column in COLUMNS]
        drawn.add_row(row.name, *cells, *([row.failure or ""] * notes))
    return drawn
