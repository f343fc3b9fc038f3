"""Calls with one stream at a time, or as many as are asked for: latency, accuracy, stability."""

from collections.abc import Sequence
from dataclasses import asdict

from report import Measured
from rival_models import MODELS
from streaming.bench import Bench, Offline
from streaming.run import Run
from streaming.score import CallScore, Total
from streaming.summary import figures


def measure(bench: Bench) -> Measured:
    """Make all calls, and let the same weights hear the same audio offline."""
    streams = bench.plan.streams
    bench.say(f"{len(bench.calls)} calls over {streams} streams, in real time")
    run = bench.in_turn(streams)
    scores = bench.scores(run)
    total = Total.of(scores)
    offline = _offline(bench, scores) if bench.model in MODELS else None
    return Measured(
        figures(total, offline, with_targets=streams == 1),
        {
            "streams": streams,
            "calls": [asdict(call) for call in scores],
            "latencies": _latencies(total),
            "utterances": _utterances(bench, scores),
            "seams": asdict(total.seams),
            "words": {"shown": total.stability.shown, "changed": total.stability.changed},
            "wer_offline_percent": _rates(offline),
            "errors": run.errors,
            "usage": usage(run),
        },
        [*_remarks(total, offline), *disturbance(run)],
    )


def usage(run: Run) -> dict[str, object]:
    """CPU seconds for each second of audio, and memory, by process."""
    if not run.usage:
        return {}
    first, last = run.usage[0], run.usage[-1]
    audio_s = sum(heard.call.duration_s for heard in run.admitted)
    return {
        name: {
            "cpu_per_audio_s": (last.cpu_s[name] - first.cpu_s[name]) / max(1e-9, audio_s),
            "resident_bytes_first": first.resident_bytes[name],
            "resident_bytes_last": last.resident_bytes[name],
            "resident_bytes_peak": max(at.resident_bytes[name] for at in run.usage),
        }
        for name in first.cpu_s
    }


def disturbance(run: Run) -> list[str]:
    """A remark where the machine kept the clients themselves from being on time."""
    late_s = run.worst_late_s
    return [f"A client sent a frame {late_s:.2f} s late."] * (late_s > _ON_TIME_S)


_ON_TIME_S = 0.05


def _offline(bench: Bench, scores: Sequence[CallScore]) -> Offline:
    bench.say("the same audio offline")
    with bench.whisper() as whisper:
        by_name = {call.name: whisper.hear(call) for call in bench.calls}
    return Offline.of([by_name[scored.call] for scored in scores])


def _latencies(total: Total) -> dict[str, Sequence[float]]:
    """What the plot shows."""
    return {"interim": total.interim_s, "word": total.word_s, "final": total.final_s}


def _utterances(bench: Bench, scores: Sequence[CallScore]) -> list[dict[str, object]]:
    by_name = {call.name: call for call in bench.calls}
    return [
        {"call": scored.call, "clip": said.clip_id, "end_s": said.end_s, "final_latency_s": late_s}
        for scored in scores
        for said, late_s in zip(by_name[scored.call].utterances, scored.final_s, strict=False)
    ]


def _rates(offline: Offline | None) -> dict[str, float]:
    if not offline:
        return {}
    return {"utterances": offline.by_utterance.percent, "calls": offline.by_call.percent}


def _remarks(total: Total, offline: Offline | None) -> list[str]:
    seams, errors = total.seams, total.errors
    remarks = [
        f"Word errors: {errors.errors} of {errors.words}.",
        f"Seams within speech: {seams.count}; words lost there {seams.lost}, added {seams.added}.",
    ]
    if offline:
        rates = ", ".join(f"{name} {rate:.2f} %" for name, rate in _rates(offline).items())
        remarks.append(f"Word error rate of the weights offline, by {rates}.")
    return remarks
