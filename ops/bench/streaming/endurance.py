"""One stream for a long time: whether it stays as quick, as small and as right as it begins."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from lwd.audio.vad import FRAME_SAMPLES
from report import Figure, Measured
from scoring import WordErrors
from streaming.bench import Bench
from streaming.calls import disturbance
from streaming.client import Result, Word
from streaming.compose import Call, join
from streaming.run import Run, Usage
from streaming.score import Total, growth_percent, mean, percentile, score

_BLOCK_S, _PAUSE_S = 300.0, 2.0
_DRIFT_S, _GROWTH_PERCENT, _WER_POINTS = 0.1, 5, 1.0


@dataclass(frozen=True, slots=True)
class Block:
    """Some minutes of the stream, in each of which the same is said."""

    final_p50_s: float
    final_p95_s: float
    finals_missing: int
    interim_mean_s: float
    wer_percent: float
    resident_bytes: int | None


def measure(bench: Bench) -> Measured:
    """Say the same five minutes again and again, on one connection."""
    plan = bench.plan
    chosen = enough(bench.calls, min(_BLOCK_S, 60 * plan.minutes / 2))
    said = _whole_frames(join(chosen, "block", _PAUSE_S))
    n_blocks = max(2, round(60 * plan.minutes / said.duration_s))
    long = join([said] * n_blocks, "long")
    bench.say(f"{n_blocks} times {said.duration_s / 60:.1f} minutes on one stream, {plan.pace:g} x")
    run = bench.run([[long]], plan.pace)
    blocks = _blocks(bench, said, run, n_blocks)
    growth = growth_percent([sum(at.resident_bytes.values()) for at in run.usage])
    return Measured(
        _figures(blocks, growth, _short_wer_percent(bench, chosen)),
        {
            "long_minutes": long.duration_s / 60,
            "long_pace": plan.pace,
            "long_blocks": [asdict(block) for block in blocks],
            "long_errors": run.errors,
        },
        disturbance(run),
    )


def _whole_frames(call: Call) -> Call:
    """The call and silence up to the end of a frame.

    At another offset within its frames speech detection hears faint speech otherwise; what shall
    differ between two blocks is only how old the stream is.
    """
    missing = -len(call.samples) % FRAME_SAMPLES
    return replace(call, samples=np.pad(call.samples, (0, missing)))


def enough(calls: Sequence[Call], seconds: float) -> list[Call]:
    """As many calls as are needed for so many seconds."""
    chosen: list[Call] = []
    while sum(call.duration_s for call in chosen) < seconds:
        chosen.append(calls[len(chosen) % len(calls)])
    return chosen


def results_of(
    results: Sequence[Result], number: int, duration_s: float, pace: float
) -> list[Result]:
    """The results of one block, on the block's own clock. Blocks are parted by silence."""
    begins_s = number * duration_s
    return [
        _earlier(result, begins_s, begins_s / pace)
        for result in results
        if begins_s <= _anchor_s(result) < begins_s + duration_s
    ]


def _anchor_s(result: Result) -> float:
    return result.words[0].start_s if result.words else result.start_s


def _earlier(result: Result, audio_s: float, wall_s: float) -> Result:
    return replace(
        result,
        received_s=result.received_s - wall_s,
        cursor_s=result.cursor_s - audio_s,
        start_s=result.start_s - audio_s,
        end_s=result.end_s - audio_s,
        words=tuple(
            Word(word.text, word.start_s - audio_s, word.end_s - audio_s) for word in result.words
        ),
    )


def _blocks(bench: Bench, said: Call, run: Run, n_blocks: int) -> list[Block]:
    (heard,) = run.heard
    results = bench.client.results(heard.recording)
    pace = bench.plan.pace
    blocks = []
    for number in range(n_blocks):
        within = results_of(results, number, said.duration_s, pace)
        scored = score(said, within, bench.plan.endpointing_s, bench.normalise, pace=pace)
        total = Total.of([scored])
        blocks.append(
            Block(
                final_p50_s=percentile(total.final_s, 50),
                final_p95_s=percentile(total.final_s, 95),
                finals_missing=total.missing_finals,
                interim_mean_s=mean(total.interim_s),
                wer_percent=total.errors.percent,
                resident_bytes=_resident_bytes(run.usage, number, said.duration_s / pace),
            )
        )
    return blocks


def _resident_bytes(usage: Sequence[Usage], number: int, wall_s: float) -> int | None:
    """The most memory of all processes in one block."""
    if not usage:
        return None
    began_s = usage[0].at_s + number * wall_s
    return max(
        sum(at.resident_bytes.values()) for at in usage if began_s <= at.at_s < began_s + wall_s
    )


def _short_wer_percent(bench: Bench, chosen: Sequence[Call]) -> float | None:
    """The word error rate of the same calls one by one, where another section has made them."""
    if 1 not in bench.done:
        return None
    errors = {call.call: call.errors for call in bench.scores(bench.done[1])}
    return sum((errors[call.name] for call in chosen), WordErrors()).percent


def _figures(
    blocks: Sequence[Block], growth: float | None, short_wer_percent: float | None
) -> list[Figure]:
    first, last = blocks[0], blocks[-1]
    ends = "one long stream, its last minutes less its first"
    found = [
        Figure(
            "long_final_latency_p95_s",
            "one long stream, its last minutes: final latency p95",
            last.final_p95_s,
            " s",
        ),
        Figure(
            "long_drift_s",
            f"{ends}: final latency p50",
            last.final_p50_s - first.final_p50_s,
            " s",
            at_most=_DRIFT_S,
        ),
        Figure(
            "long_wer_delta_points",
            f"{ends}: word error rate, points",
            last.wer_percent - first.wer_percent,
            at_most=_WER_POINTS,
        ),
    ]
    if short_wer_percent is not None:
        title = "one long stream, its last minutes: points above the same as short calls"
        points = last.wer_percent - short_wer_percent
        found.append(Figure("long_wer_above_short_points", title, points, at_most=_WER_POINTS))
    if growth is not None:
        title = "one long stream: memory above its peak in the first third"
        found.append(
            Figure("long_memory_growth_percent", title, growth, " %", at_most=_GROWTH_PERCENT)
        )
    return found
