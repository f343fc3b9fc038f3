"""The figures of some calls, with the targets that one stream has."""

from collections.abc import Sequence

from report import Figure
from streaming.bench import Offline
from streaming.score import Total, mean, percentile

_CHANGED_PERCENT, _WER_POINTS = 10, 1.0
_INTERIM_MEAN_S, _FINAL_P50_S, _FINAL_P95_S = 0.40, 0.15, 0.5


def figures(total: Total, offline: Offline | None, *, with_targets: bool) -> list[Figure]:
    """What a caller notices."""
    found = [*_interims(total), *_words(total), *_finals(total), *_texts(total, offline)]
    return found if with_targets else [_untargeted(figure) for figure in found]


def _interims(total: Total) -> Sequence[Figure]:
    return [
        Figure(
            "interim_latency_mean_s",
            "interim latency, Deepgram's method: average",
            mean(total.interim_s),
            " s",
            at_most=_INTERIM_MEAN_S,
        ),
        *_spread("interim_latency", "the same", total.interim_s),
        Figure(
            "worded_interim_latency_mean_s",
            "interims with words alone: average",
            mean(total.worded_interim_s),
            " s",
        ),
    ]


def _words(total: Total) -> Sequence[Figure]:
    unseen = 100 * (1 - len(total.word_s) / max(1, total.words))
    return [
        *_spread("word_latency", "word said to word shown", total.word_s),
        Figure("words_never_shown_percent", "words never shown as said", unseen, " %"),
    ]


def _finals(total: Total) -> Sequence[Figure]:
    return [
        *_spread(
            "final_latency",
            "final latency beyond end of speech and endpointing",
            total.final_s,
            (_FINAL_P50_S, _FINAL_P95_S),
        ),
        Figure("finals_missing", "utterances without a speech_final", total.missing_finals),
        *_spread("closing", "CloseStream to the last message", total.closing_s),
    ]


def _texts(total: Total, offline: Offline | None) -> Sequence[Figure]:
    wer = total.errors.percent
    found = [Figure("wer_percent", "word error rate of finals", wer, " %")]
    if offline:
        found.append(
            Figure(
                "wer_delta_points",
                "the same: points above the weights offline",
                wer - offline.best.percent,
                at_most=_WER_POINTS,
            )
        )
    return [
        *found,
        Figure(
            "changed_words_percent",
            "words of interims that were changed",
            total.stability.percent,
            " %",
            at_most=_CHANGED_PERCENT,
        ),
    ]


def _spread(
    key: str,
    title: str,
    values: Sequence[float],
    at_most: tuple[float | None, float | None] = (None, None),
) -> Sequence[Figure]:
    return [
        Figure(
            f"{key}_p{percent}_s",
            f"{title}: p{percent}",
            percentile(values, percent),
            " s",
            at_most=target,
        )
        for percent, target in zip((50, 95), at_most, strict=True)
    ]


def _untargeted(figure: Figure) -> Figure:
    return Figure(figure.key, figure.title, figure.value, figure.unit)
