"""How many callers a server carries at once, and what becomes of them when there are twice as many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from report import Figure, Measured
from scoring import WordErrors
from streaming.bench import Bench
from streaming.calls import disturbance, usage
from streaming.run import Run, in_turn
from streaming.score import CallScore, Total, growth_percent, mean, percentile

_FINAL_P95_S, _OVERLOAD_P95_S = 1.0, 2.0
_WER_POINTS = 1.0
_STREAMS = {"tiny.en": 8, "base": 4}
"""How many are to be carried, on two cores."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Streams at once, and what came of their calls.

    `wer_delta_points` compares with the same calls when each was the only one; of `runs`, as all
    else is of the first.
    """

    streams: int
    final_p50_s: float
    final_p95_s: float
    finals_missing: int
    interim_mean_s: float
    wer_delta_points: float
    refused: int
    errors: int
    memory_growth_percent: float | None
    usage: dict[str, object]
    runs: int = 1

    @property
    def is_in_time(self) -> bool:
        """Whether all are served, soon enough."""
        return self.final_p95_s <= _FINAL_P95_S and not (self.refused or self.errors)

    @property
    def is_accurate(self) -> bool:
        """Whether it is heard as well as one alone."""
        return self.wer_delta_points <= _WER_POINTS

    @property
    def holds(self) -> bool:
        """Whether the server carries so many."""
        return self.is_in_time and self.is_accurate


def measure(bench: Bench) -> Measured:
    """Search for the most streams that hold, then offer twice as many."""
    trials: dict[int, Trial] = {}
    remarks: list[str] = []

    def trial(streams: int) -> Trial:
        if streams not in trials:
            run = bench.in_turn(streams)
            trials[streams] = found = _tried(bench, streams, run, alone)
            late = disturbance(run)
            remarks.extend(f"{streams} at once: {remark}" for remark in late)
            bench.say(
                f"{streams} at once: final latency p95 {found.final_p95_s:.2f} s, word error rate"
                f" {found.wer_delta_points:+.2f} points, {found.errors} errors"
            )
        return trials[streams]

    bench.say("each call alone, to compare with")
    alone = {call.call: call.errors for call in bench.scores(bench.in_turn(1))}
    carried = search(lambda streams: trial(streams).holds, bench.plan.max_streams)
    overload = trial(2 * max(1, carried))
    return Measured(
        _figures(carried, overload, _STREAMS.get(bench.model)),
        {"capacity_trials": [asdict(trials[streams]) for streams in sorted(trials)]},
        remarks,
    )


def search(holds: Callable[[int], bool], limit: int) -> int:
    """The largest number up to `limit` that holds, if all below it do; 0 for none."""
    good, bad = 0, 1
    while bad <= limit and holds(bad):
        good, bad = bad, 2 * bad
    bad = min(bad, limit + 1)
    while bad - good > 1:
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good


def _tried(bench: Bench, streams: int, run: Run, alone: Mapping[str, WordErrors]) -> Trial:
    found = _trial(bench, streams, run, alone)
    if not found.is_in_time or found.is_accurate:
        return found
    # Chance alone may make a point: it is the two runs together that have too many errors, or not.
    again = bench.run(in_turn(bench.calls, streams))
    points = _points([*bench.scores(run), *bench.scores(again)], alone)
    return replace(found, wer_delta_points=points, runs=2)


def _trial(bench: Bench, streams: int, run: Run, alone: Mapping[str, WordErrors]) -> Trial:
    scores = bench.scores(run)
    total = Total.of(scores)
    return Trial(
        streams=streams,
        final_p50_s=percentile(total.final_s, 50),
        final_p95_s=percentile(total.final_s, 95),
        finals_missing=total.missing_finals,
        interim_mean_s=mean(total.interim_s),
        wer_delta_points=_points(scores, alone),
        refused=len(run.heard) - len(run.admitted),
        errors=len(run.errors),
        memory_growth_percent=growth_percent([sum(at.resident_bytes.values()) for at in run.usage]),
        usage=usage(run),
    )


def _points(scores: Sequence[CallScore], alone: Mapping[str, WordErrors]) -> float:
    same = sum((alone[call.call] for call in scores), WordErrors())
    return Total.of(scores).errors.percent - same.percent


def _figures(carried: int, overload: Trial, target: int | None) -> list[Figure]:
    title = f"twice as many ({overload.streams})"
    growth = overload.memory_growth_percent
    found = [
        Figure("capacity_streams", "streams carried at once", carried, at_least=target),
        Figure(
            "overload_final_latency_p95_s",
            f"{title}: final latency of those admitted, p95",
            overload.final_p95_s,
            " s",
            at_most=_OVERLOAD_P95_S,
        ),
        Figure("overload_errors", f"{title}: errors", overload.errors, at_most=0),
        Figure("overload_refused", f"{title}: refused", overload.refused),
    ]
    if growth is not None:
        memory = f"{title}: memory above its peak in the first third"
        found.append(Figure("overload_memory_growth_percent", memory, growth, " %"))
    return found
