"""The end of an utterance by the times of its words. Pure."""

from collections.abc import Sequence

from lwd.asr.types import Word


class UtteranceTracker:
    """Tells when an utterance has ended by the times of its words, whatever the VAD says.

    Deepgram's `utterance_end_ms`: one event for each utterance, once the audio is that far past
    the last final word and no later word is in sight.
    """

    def __init__(self, utterance_end_ms: int | None) -> None:
        self._gap_s = None if utterance_end_ms is None else utterance_end_ms / 1000
        self._last_word_end_s: float | None = None
        self._later_words = False

    def saw(self, words: Sequence[Word], *, is_final: bool) -> None:
        """Take note of a result's words."""
        if is_final:
            self._later_words = False
            if words:
                self._last_word_end_s = words[-1].end_s
        else:
            self._later_words = bool(words)

    def ended(self, now_s: float) -> float | None:
        """End of the last word if the utterance has ended at `now_s`, told once; else None."""
        last = self._last_word_end_s
        if last is None or self._gap_s is None or self._later_words or now_s < last + self._gap_s:
            return None
        self._last_word_end_s = None
        return last
