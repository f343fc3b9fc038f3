"""How late results are, in seconds of the wall clock. Pure.

Audio that is sent `pace` times as fast as it is spoken is said when the paced clock says so.
"""

from collections.abc import Sequence
from itertools import pairwise

from corpus import TimedWord
from scoring import equal_pairs, spelling
from streaming.client import Result
from streaming.compose import Utterance

_END_TOLERANCE_S = 0.25
"""By which a result may end before the speech does that it closes: alignments differ."""

_WORD_TOLERANCE_S = 1.0
"""Between the word that was said and the word that was shown; further apart they are not the same."""


def interim_latencies(
    results: Sequence[Result], pace: float = 1.0, *, worded: bool = False
) -> list[float]:
    """Deepgram's method: audio sent when an interim came, less the audio that it covers.

    With `worded` only those that show words: an empty one costs a server nothing.
    """
    return [
        (result.cursor_s - result.end_s) / pace
        for result in results
        if not result.is_final and (result.words or not worded)
    ]


def final_latencies(
    utterances: Sequence[Utterance],
    results: Sequence[Result],
    endpointing_s: float,
    pace: float = 1.0,
) -> list[float | None]:
    """For each utterance but the last: receipt of its speech_final, less its end and the endpointing.

    Negative where the speaker was quiet before the reference says so. None where there was no
    speech_final, or only one that goes on into the next utterance. The last utterance is hung up on.
    """
    closings = [result for result in results if result.is_final and result.speech_final]
    latencies: list[float | None] = []
    for utterance, following in pairwise(utterances):
        earliest_s = utterance.end_s - _END_TOLERANCE_S
        closing = next((result for result in closings if result.end_s >= earliest_s), None)
        if closing is None or closing.end_s >= following.start_s + _END_TOLERANCE_S:
            latencies.append(None)
        else:
            due_s = (utterance.end_s + endpointing_s) / pace
            latencies.append(closing.received_s - due_s)
    return latencies


def word_latencies(
    utterances: Sequence[Utterance], results: Sequence[Result], pace: float = 1.0
) -> list[float | None]:
    """For each word of known time: receipt of the first message that shows it, less its end.

    None where no message ever shows it.
    """
    said = [word for utterance in utterances for word in utterance.words]
    shown_s: list[float | None] = [None] * len(said)
    for result in results:
        first, last = _overlapping(said, result)
        window = said[first:last]
        pairs = equal_pairs(
            [spelling(word.text) for word in window], [spelling(word.text) for word in result.words]
        )
        for i, j in pairs:
            near = abs(window[i].end_s - result.words[j].end_s) <= _WORD_TOLERANCE_S
            if near and shown_s[first + i] is None:
                shown_s[first + i] = result.received_s - window[i].end_s / pace
    return shown_s


def _overlapping(said: Sequence[TimedWord], result: Result) -> tuple[int, int]:
    """Which of the words that were said may be in a result."""
    within = [
        n
        for n, word in enumerate(said)
        if word.end_s >= result.start_s - _WORD_TOLERANCE_S
        and word.start_s <= result.end_s + _WORD_TOLERANCE_S
    ]
    return (within[0], within[-1] + 1) if within and result.words else (0, 0)
