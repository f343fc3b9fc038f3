"""A text that is not believed is decoded again, and in the end sampled.

The model's scores are laid down here, the same after every token, so that it is known what it says.
"""

import mlx.core as mx
import numpy as np
import pytest
from numpy.typing import NDArray

from lwd.asr.mlx.bias import NO_BIAS
from lwd.asr.mlx.choose import choose
from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.guards import Alarm
from lwd.asr.mlx.model import WhisperModel
from lwd.asr.types import Hints, Job, JobKind
from tests.asr.mlx.toys import SHAPES, Toy, always, engine_of, hear, make_whisper, noise, save

WORD = 1000
END = 50257
NO_SPEECH = 50362
LOOPS_MOSTLY = {WORD: 20.0, END: 19.9}
LOOPS_ALWAYS = {WORD: 60.0}
SOUND = {WORD: 40.0, END: 60.0}
"""Its end comes at once, but a text may not begin with it."""

DOUBTFUL = {WORD: 4.0, END: 6.0}
SILENT = {NO_SPEECH: 20.0}
NEARLY_SILENT = {NO_SPEECH: 11.3, WORD: 4.0, END: 6.0}
CLOSING = [JobKind.FINAL, JobKind.CUT, JobKind.BATCH]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> MlxEngine:
    """A small multilingual model."""
    directory = tmp_path_factory.mktemp("toy")
    return engine_of(save(make_whisper(SHAPES["multilingual"]), directory))


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """What the model thinks of each token that is not 0 to it."""
    laid_down: dict[int, float] = {}

    def logits(self: WhisperModel, hidden: mx.array) -> mx.array:
        row = np.zeros(self.dims.n_vocab, dtype=np.float32)
        for token, score in laid_down.items():
            row[token] = score
        return mx.broadcast_to(mx.array(row), (hidden.shape[0], len(row)))

    monkeypatch.setattr(WhisperModel, "logits", logits)
    return laid_down


def picked(logits: mx.array, temperatures: list[float]) -> NDArray[np.int64]:
    """The token of each row."""
    leanings = [NO_BIAS.after([])] * len(temperatures)
    return np.array([choice.token for choice in choose(logits, temperatures, leanings, -1)])


@pytest.mark.parametrize(("copies", "n_passes"), [(2, 6), (3, 9)])
def test_a_loop_is_stopped_early(
    toy: Toy,
    scores: dict[int, float],
    passes: list[tuple[int, int]],
    copies: int,
    n_passes: int,
) -> None:
    """A runaway costs a few passes, and one copy of what it says is left."""
    scores.update(LOOPS_ALWAYS)

    [decoded] = toy.decode(toy.audio(1), toy.request(200, copies=copies))

    assert len(passes) == n_passes
    assert decoded.alarm is Alarm.LOOP
    assert decoded.tokens == [WORD] * 3
    assert len(decoded.attention) == len(decoded.log_probabilities) == 3


def test_an_interim_is_told_as_it_is(
    engine: MlxEngine, scores: dict[int, float], contexts: list[int]
) -> None:
    """Its loop is cut off, and nobody waits for more: the next interim is near."""
    scores.update(LOOPS_ALWAYS)

    heard = hear(engine, noise(1.0), JobKind.INTERIM, language="en")

    assert contexts == [384]
    assert heard.tokens == (WORD,) * 3
    assert heard.temperature == 0.0


def test_a_sound_text_is_decoded_once(
    engine: MlxEngine, scores: dict[int, float], contexts: list[int]
) -> None:
    """On the short context of a final."""
    scores.update(SOUND)

    heard = hear(engine, noise(1.0), language="en")

    assert contexts == [512]
    assert heard.tokens == (WORD,)
    assert heard.average_log_probability == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("said", [LOOPS_ALWAYS, DOUBTFUL], ids=["a loop", "a doubtful text"])
@pytest.mark.parametrize("kind", [JobKind.PAUSE, JobKind.CUT])
def test_a_text_that_alarms_is_heard_with_more_room(
    engine: MlxEngine,
    scores: dict[int, float],
    contexts: list[int],
    said: dict[int, float],
    kind: JobKind,
) -> None:
    """A short context makes loops; a longer one does so rarely."""
    scores.update(said)

    hear(engine, noise(1.0), kind, language="en")

    assert contexts == [512, 768]


@pytest.mark.parametrize(("said", "n_heard"), [(LOOPS_ALWAYS, 2), (DOUBTFUL, 1)])
def test_whoever_waits_for_a_final_waits_longer_only_for_what_is_broken(
    engine: MlxEngine,
    scores: dict[int, float],
    contexts: list[int],
    said: dict[int, float],
    n_heard: int,
) -> None:
    """A doubtful text now is better than one a little less doubtful later."""
    scores.update(said)

    hear(engine, noise(1.0), JobKind.FINAL, language="en")

    assert contexts == [512, 768][:n_heard]


@pytest.mark.parametrize("kind", CLOSING)
def test_what_loops_with_more_room_too_is_sampled(
    engine: MlxEngine,
    scores: dict[int, float],
    passes: list[tuple[int, int]],
    kind: JobKind,
) -> None:
    """Temperatures are tried in one batch, and the hypothesis says which one gave the text."""
    scores.update(LOOPS_MOSTLY)

    heard = hear(engine, noise(1.0), kind, language="en")

    assert heard.temperature in {0.2, 0.6, 1.0}
    assert 1 <= len(heard.tokens) < 9
    assert set(heard.tokens) == {WORD}
    assert max(rows for rows, _ in passes) == 3


def test_a_slow_engine_hears_a_doubtful_text_once(
    engine: MlxEngine,
    scores: dict[int, float],
    contexts: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To hear it again would take longer than its caller can wait."""
    monkeypatch.setattr("lwd.asr.mlx.engine._PATIENCE_S", 0.0)
    scores.update(DOUBTFUL)

    hear(engine, noise(1.0), JobKind.PAUSE, language="en")

    assert contexts == [512]


@pytest.mark.parametrize(("kind", "n_rows"), [(JobKind.PAUSE, 1), (JobKind.BATCH, 3)])
def test_a_doubtful_text_is_sampled_only_in_a_recording(
    engine: MlxEngine,
    scores: dict[int, float],
    passes: list[tuple[int, int]],
    kind: JobKind,
    n_rows: int,
) -> None:
    """Live speech has no time for it."""
    scores.update(DOUBTFUL)

    hear(engine, noise(1.0), kind, language="en")

    assert max(rows for rows, _ in passes) == n_rows


def test_the_same_window_gets_the_same_text(engine: MlxEngine, scores: dict[int, float]) -> None:
    """Sampling is reproducible, whatever was drawn before."""
    scores.update(LOOPS_MOSTLY)
    first = hear(engine, noise(1.0), language="en")
    mx.random.seed(99)
    hear(engine, noise(1.5), language="en")

    assert hear(engine, noise(1.0), language="en") == first


def test_when_no_temperature_helps_the_greedy_text_is_told(
    engine: MlxEngine, scores: dict[int, float]
) -> None:
    """Its caller gets one answer, without the loop."""
    scores.update(LOOPS_ALWAYS)

    heard = hear(engine, noise(1.0), language="en")

    assert heard.tokens == (WORD,) * 3
    assert heard.temperature == 0.0


def test_silence_is_not_decoded_again(
    engine: MlxEngine, scores: dict[int, float], contexts: list[int]
) -> None:
    """What the model itself takes for silence has no words, and costs no second try."""
    scores.update({**SILENT, END: 2.0})

    heard = hear(engine, noise(0.1), language="en")

    assert contexts == [512]
    assert heard.words == ()
    assert heard.no_speech_probability > 0.9


@pytest.mark.parametrize("kind", [JobKind.PAUSE, JobKind.FINAL, JobKind.CUT])
def test_words_are_not_taken_for_silence_on_a_short_context_alone(
    engine: MlxEngine, scores: dict[int, float], contexts: list[int], kind: JobKind
) -> None:
    """Speech seems silence there more often than on Whisper's own context."""
    scores.update(NEARLY_SILENT)

    heard = hear(engine, noise(1.0), kind, language="en")

    assert contexts == [512, 1500]
    assert heard.words == ()
    assert 0.5 < heard.no_speech_probability < 0.75


def test_an_interim_may_be_silent_at_once(
    engine: MlxEngine, scores: dict[int, float], contexts: list[int]
) -> None:
    """It shows nothing, and what is said is heard again anyway."""
    scores.update(NEARLY_SILENT)

    assert hear(engine, noise(1.0), JobKind.INTERIM, language="en").words == ()
    assert contexts == [384]


def test_sound_windows_do_not_wait_for_doubtful_ones(
    engine: MlxEngine, scores: dict[int, float], contexts: list[int]
) -> None:
    """A row of a batch is answered before another is decoded again."""
    scores.update(LOOPS_ALWAYS)
    doubtful = Job(1, "a", JobKind.FINAL, noise(1.0), Hints("en"))
    told = Job(2, "b", JobKind.INTERIM, noise(1.0), Hints("en"))

    answers = engine.transcribe([doubtful, told], always)

    assert next(answers)[0] is told
    assert contexts == [384, 512]
    [(job, _)] = answers
    # The caller knows a window by its id.
    assert job.job_id == doubtful.job_id


def test_nobody_is_heard_again_who_has_left(
    engine: MlxEngine, scores: dict[int, float], contexts: list[int]
) -> None:
    """A window that was cancelled after its first try is not encoded again."""
    scores.update(LOOPS_ALWAYS)
    leaving = Job(1, "a", JobKind.FINAL, noise(1.0), Hints("en"))
    staying = Job(2, "b", JobKind.INTERIM, noise(1.0), Hints("en"))
    wanted = {1, 2}

    answers = engine.transcribe([leaving, staying], lambda job: job.job_id in wanted)
    assert next(answers)[0] is staying
    wanted.clear()

    assert list(answers) == []
    assert contexts == [384, 512]


def test_sampling_follows_the_probabilities() -> None:
    """At temperature 1 each token comes as often as the model believes in it."""
    probabilities = np.array([0.5, 0.3, 0.2, 0.0001])
    mx.random.seed(1)

    drawn = picked(mx.array(np.log(probabilities))[None] + mx.zeros((4000, 1)), [1.0] * 4000)

    shares = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, probabilities, atol=0.04)


def test_a_low_temperature_stays_near_the_best() -> None:
    """The first tries differ less from the greedy text than the last."""
    logits = mx.array([[0.0, 1.0, 0.5]]) + mx.zeros((2000, 1))

    cold, hot = ((picked(logits, [temperature] * 2000) == 1).mean() for temperature in (0.2, 1.0))

    assert cold > 0.85
    assert hot < 0.6


def test_greedy_rows_beside_sampled_ones_stay_greedy() -> None:
    """A temperature belongs to its row."""
    logits = mx.zeros((200, 50)) + mx.array(np.eye(50, dtype=np.float32)[7] * 0.01)

    tokens = picked(logits, [0.0, 1.0] * 100)

    assert set(tokens[::2]) == {7}
    assert len(set(tokens[1::2])) > 20


def test_sampled_texts_differ(toy: Toy) -> None:
    """Tries at a temperature are other texts than the greedy one, and than each other."""
    mx.random.seed(3)
    requests = [toy.request(12, temperature=t) for t in (0.0, 0.0, 1.0, 1.0, 1.0)]

    decoded = toy.decode(toy.audio(1, 1, 1, 1, 1), *requests)

    assert decoded[0].tokens == decoded[1].tokens
    assert len({tuple(row.tokens) for row in decoded}) == 4
    assert [row.temperature for row in decoded] == [0.0, 0.0, 1.0, 1.0, 1.0]
