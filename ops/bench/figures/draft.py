"""What a draft saves: an interim of 23 words of which the interim before had 20."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

from corpus import english
from figures.utterance import MODEL
from lwd.asr.types import SAMPLE_RATE, JobKind, Samples
from lwd_engine import LwdEngine, Window, text
from report import Figure, Measured
from scoring import spelling
from session import Session, medians, speedup

_WORDS, _NEW_WORDS = 23, 3
_WINDOWS = 5
_AFTER_WORD_S = 0.1


@dataclass(frozen=True, slots=True)
class _Pair:
    """A window, and the tokens of all its words but the last few."""

    samples: Samples
    draft: tuple[int, ...]

    @property
    def bare(self) -> Window:
        """The window to be decoded from nothing."""
        return Window(self.samples, JobKind.INTERIM)

    @property
    def drafted(self) -> Window:
        """The window with its draft."""
        return Window(self.samples, JobKind.INTERIM, self.draft)


def measure(session: Session) -> Measured:
    """Decode windows from nothing and from their drafts by turns; only the decoder counts."""
    with session.lwd(MODEL) as lwd:
        pairs = list(islice(_pairs(session, lwd), _WINDOWS))
        contest = {
            "from nothing": lambda: _decoder_s(lwd, [pair.bare for pair in pairs]),
            "with a draft": lambda: _decoder_s(lwd, [pair.drafted for pair in pairs]),
        }
        seconds = session.alternate(contest, "draft")
        differ = sum(_text(lwd, pair.bare) != _text(lwd, pair.drafted) for pair in pairs)
    gain = speedup(seconds["from nothing"], seconds["with a draft"])
    return Measured(
        [
            Figure(
                "prefix_gain",
                "20 words drafted, 3 new: decoder time without the draft, over that with it",
                gain,
                "x",
                at_least=3,
            ),
            Figure("prefix_differences", "texts that a draft changes", differ, at_most=0),
        ],
        {
            "prefix_decoder_seconds": medians(seconds),
            "prefix_windows": len(pairs),
            "prefix_draft_tokens": median(len(pair.draft) for pair in pairs),
        },
    )


def _pairs(session: Session, lwd: LwdEngine) -> Iterator[_Pair]:
    """Windows in which exactly so many words are heard, each cut from another clip."""
    for clip in english(session.clips):
        (heard,) = lwd.transcribe(Window(clip.samples(), JobKind.INTERIM)).hypotheses
        spoken = [word for word in heard.words if spelling(word.text)]
        if len(spoken) < _WORDS:
            continue
        end = int((spoken[_WORDS - 1].end_s + _AFTER_WORD_S) * SAMPLE_RATE)
        samples = clip.samples()[:end]
        (cut,) = lwd.transcribe(Window(samples, JobKind.INTERIM)).hypotheses
        draft = _without_last_words(cut.tokens)
        if draft:
            yield _Pair(samples, draft)


def _without_last_words(tokens: Sequence[int]) -> tuple[int, ...]:
    """The tokens before the last three of 23 words; none for another number of words."""
    # It imports MLX, which a child that imports this module must not do before it has its BLAS.
    from lwd.asr.mlx.vocabulary import Vocabulary  # noqa: PLC0415

    vocabulary = Vocabulary(is_multilingual=False, n_languages=0)
    words = [word for word in vocabulary.split_words(tokens, "en") if spelling(word.text)]
    return tuple(tokens[: words[-_NEW_WORDS].first]) if len(words) == _WORDS else ()


def _decoder_s(lwd: LwdEngine, windows: Sequence[Window]) -> float:
    return sum(lwd.transcribe(window).seconds_by_stage["decoder"] for window in windows)


def _text(lwd: LwdEngine, window: Window) -> str:
    return text(lwd.transcribe(window).hypotheses[0])
