"""The settled words before a window, as far as they help to hear it. Pure."""

from collections import deque
from collections.abc import Sequence

from lwd.asr.types import Hypothesis, Word

_WORDS = 60
_DOUBTFUL_LOG_PROBABILITY = -1.0


class Context:
    """The last settled words. Dropped after a text to be doubted, or in another language."""

    def __init__(self) -> None:
        self._words: deque[Word] = deque(maxlen=_WORDS)
        self._language: str | None = None
        self._is_doubtful = False

    def judge(self, hypothesis: Hypothesis) -> None:
        """Take note of where the next words come from."""
        if hypothesis.language != self._language:
            self._words.clear()
            self._language = hypothesis.language
        self._is_doubtful = (
            hypothesis.temperature > 0
            or hypothesis.average_log_probability < _DOUBTFUL_LOG_PROBABILITY
        )

    def add(self, words: Sequence[Word]) -> None:
        """Settle words."""
        if self._is_doubtful:
            self._words.clear()
        else:
            self._words.extend(words)

    def clear(self) -> None:
        """Forget them: something was said that nobody understood."""
        self._words.clear()

    def last(self, n: int) -> Sequence[Word]:
        """The last words, at most `n` of them."""
        return list(self._words)[len(self._words) - min(n, len(self._words)) :]

    def since(self, time_s: float, *, at_least: int) -> Sequence[Word]:
        """The words that began since a time, and in any case the last few."""
        n = sum(word.start_s >= time_s for word in self._words)
        return self.last(max(n, at_least))
