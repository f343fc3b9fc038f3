"""Whisper on MLX hears what Whisper hears."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.weights import load_whisper
from lwd.asr.types import SAMPLE_RATE, Hypothesis, Job, JobKind, Samples
from lwd.models.store import ModelStore
from tests.asr.mlx.conftest import load
from tests.asr.mlx.toys import Toy, always, hear, mel_of, noise, text
from tests.conftest import SPOKEN, bare, word_errors

ALIGNED_S = {"burden": 2.45, "borne": 3.22, "bravely": 4.78, "alone": 5.86}
"""When some words of the clip begin, by a forced alignment."""


def errors(heard: Hypothesis) -> int:
    """Words that differ from what is said in the clip."""
    return word_errors(bare(text(heard)), bare(SPOKEN))


@pytest.fixture(scope="session", params=["tiny_en", "base"])
def engine(request: pytest.FixtureRequest) -> MlxEngine:
    """Each of the embedded models."""
    loaded: MlxEngine = request.getfixturevalue(request.param)
    return loaded


@pytest.fixture(scope="session")
def final(engine: MlxEngine, speech: Samples) -> Hypothesis:
    """What it hears in the clip, told nothing."""
    return hear(engine, speech)


@pytest.mark.parametrize("model", ["tiny.en", "base"])
def test_the_text_is_the_reference_implementations(
    model: str, speech: Samples, model_store: Path, request: pytest.FixtureRequest
) -> None:
    """After each of the tokens lightning-whisper-mlx, on thirty seconds, says the same next."""
    engine: MlxEngine = request.getfixturevalue(model.replace(".", "_"))
    vocabulary = Toy(engine.model).vocabulary
    heard = hear(engine, speech, JobKind.BATCH, language="en")
    prefix = vocabulary.prefix("en")
    whisper: Any = load_whisper(ModelStore(model_store).files(model).weights)

    scores = whisper(mel_of(speech, 1500), mx.array([[*prefix, *heard.tokens]]))
    scores = np.array(scores[0, len(prefix) - 1 :])
    scores[:, vocabulary.suppressed] = -np.inf
    scores[0, vocabulary.suppressed_first] = -np.inf

    assert scores.argmax(axis=-1).tolist() == [*heard.tokens, vocabulary.end]
    assert heard.average_log_probability == pytest.approx(
        float(
            mx.max(mx.array(scores) - mx.logsumexp(mx.array(scores), -1, keepdims=True), -1).mean()
        ),
        abs=1e-2,
    )


@pytest.mark.parametrize("kind", list(JobKind))
def test_speech_is_heard(tiny_en: MlxEngine, speech: Samples, kind: JobKind) -> None:
    """Whatever a window is for, and on however short a context."""
    heard = hear(tiny_en, speech, kind)

    assert errors(heard) <= 3
    assert heard.temperature == 0.0
    assert heard.no_speech_probability < 0.5
    assert -1.0 < heard.average_log_probability < 0.0


def test_each_model_hears_the_clip(engine: MlxEngine, final: Hypothesis) -> None:
    """Without being told the language; base makes the reference's mistakes."""
    assert errors(final) <= (8 if engine.model.is_multilingual else 3)
    assert final.language == "en"
    assert 0.8 < final.language_probability <= 1.0


def test_word_times_are_where_the_words_are(final: Hypothesis, speech: Samples) -> None:
    """In order, inside the window, and close to a forced alignment of the clip."""
    spoken = [word for word in final.words if bare(word.text)]
    starts_s = {bare(word.text)[0]: word.start_s for word in spoken}
    for word in ALIGNED_S.keys() & starts_s.keys():
        assert starts_s[word] == pytest.approx(ALIGNED_S[word], abs=0.2)
    assert {"bravely", "alone"} <= starts_s.keys()
    duration_s = len(speech) / SAMPLE_RATE
    edges = [0.0, *(t for w in final.words for t in (w.start_s, w.end_s)), duration_s]
    assert all(before <= after for before, after in pairwise(edges))
    assert 0.1 < spoken[0].start_s < 0.8
    assert ALIGNED_S["alone"] + 0.2 < spoken[-1].end_s < duration_s - 0.1
    assert all(0 < word.probability <= 1 for word in final.words)


def test_words_join_to_the_text_of_the_tokens(engine: MlxEngine, final: Hypothesis) -> None:
    """Nothing is lost between decoding and words."""
    vocabulary = Toy(engine.model).vocabulary

    assert "".join(word.text for word in final.words) == vocabulary.text(final.tokens)


def test_a_draft_changes_nothing(tiny_en: MlxEngine, speech: Samples) -> None:
    """A final after an interim is the final without one, word times and all."""
    interim = hear(tiny_en, speech[: 5 * SAMPLE_RATE], JobKind.INTERIM)

    plain, drafted = hear(tiny_en, speech), hear(tiny_en, speech, draft=interim.tokens)

    assert drafted.tokens == plain.tokens
    for a, b in zip(drafted.words, plain.words, strict=True):
        assert a.text == b.text
        assert (a.start_s, a.end_s) == pytest.approx((b.start_s, b.end_s), abs=0.021)
        assert a.probability == pytest.approx(b.probability, abs=1e-2)


def test_what_is_settled_is_not_heard_again(tiny_en: MlxEngine, speech: Samples) -> None:
    """A text goes on after the words that it is given, with their times still right."""
    plain = hear(tiny_en, speech)
    n = next(n for n, word in enumerate(plain.words) if bare(word.text) == ["burden"])
    settled = [token for word in plain.words[:n] for token in word.tokens]

    rest = hear(tiny_en, speech, spoken=tuple(settled))

    assert [word.text for word in rest.words] == [word.text for word in plain.words[n:]]
    assert rest.tokens == plain.tokens[len(settled) :]
    for a, b in zip(rest.words, plain.words[n:], strict=True):
        assert (a.start_s, a.end_s) == pytest.approx((b.start_s, b.end_s), abs=0.021)


def test_nothing_may_follow_what_is_settled(tiny_en: MlxEngine, speech: Samples) -> None:
    """Where all was told already, nothing is made up."""
    plain = hear(tiny_en, speech)

    assert hear(tiny_en, speech, spoken=plain.tokens).words == ()


def test_a_draft_saves_passes(
    tiny_en: MlxEngine, speech: Samples, passes: list[tuple[int, int]]
) -> None:
    """What a caller feels: a final that an interim foresaw costs one pass of the decoder."""
    plain = hear(tiny_en, speech)
    n_plain = len(passes)
    passes.clear()

    hear(tiny_en, speech, draft=plain.tokens)

    assert n_plain > 20
    assert len(passes) == 1


def test_without_alignment_words_still_have_times(model_store: Path, speech: Samples) -> None:
    """The window's time is shared out among them."""
    heard = hear(load(model_store, "tiny.en", aligned=False), speech, JobKind.INTERIM)

    assert heard.words[0].start_s == 0.0
    assert heard.words[-1].end_s == pytest.approx(len(speech) / SAMPLE_RATE)
    assert all(a.end_s == pytest.approx(b.start_s) for a, b in pairwise(heard.words))


def test_a_batch_hears_what_each_window_holds(tiny_en: MlxEngine, speech: Samples) -> None:
    """Rows of different lengths and kinds do not disturb each other, and none is lost."""
    windows = {
        1: (JobKind.FINAL, speech),
        2: (JobKind.INTERIM, speech[: 4 * SAMPLE_RATE]),
        3: (JobKind.INTERIM, np.pad(speech, (2 * SAMPLE_RATE, 0))),
    }
    jobs = [Job(n, n, *window) for n, window in windows.items()]

    together = {job.job_id: text(heard) for job, heard in tiny_en.transcribe(jobs, always)}

    assert together == {n: text(hear(tiny_en, x, kind)) for n, (kind, x) in windows.items()}


def test_cancelled_windows_are_not_heard(
    tiny_en: MlxEngine, speech: Samples, contexts: list[int]
) -> None:
    """They cost nothing, and the others of their batch are answered."""
    jobs = [Job(n, n, JobKind.INTERIM, speech) for n in range(2)]

    [(job, heard)] = tiny_en.transcribe(jobs, lambda job: job.job_id == 1)

    assert job is jobs[1]
    assert errors(heard) <= 3
    assert len(contexts) == 1


def test_a_window_cancelled_while_it_is_decoded_is_not_answered(
    tiny_en: MlxEngine, speech: Samples, passes: list[tuple[int, int]]
) -> None:
    """Its decoding stops at the next token."""
    job = Job(1, None, JobKind.FINAL, speech)

    assert list(tiny_en.transcribe([job], lambda _: len(passes) < 5)) == []
    assert len(passes) == 5


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.1, 0.5, 30.0])
@pytest.mark.parametrize("loudness", [0.0, 0.1], ids=["silence", "noise"])
def test_what_is_no_speech_gives_no_runaway(
    tiny_en: MlxEngine, seconds: float, loudness: float
) -> None:
    """From nothing to the longest window: a word or two at most, inside the window."""
    window = noise(seconds, loudness=loudness)

    heard = hear(tiny_en, window, JobKind.INTERIM)

    assert len(heard.words) <= 8
    assert all(0.0 <= word.start_s <= word.end_s <= seconds for word in heard.words)


def test_the_longest_window_is_heard(tiny_en: MlxEngine, speech: Samples) -> None:
    """Speech at the end of thirty seconds, and it is there that its words are."""
    before = noise(23.0, loudness=0.001)
    window = np.concatenate([before, speech, noise(0.4, loudness=0.001)])[: 30 * SAMPLE_RATE]

    heard = hear(tiny_en, window)

    assert errors(heard) <= 4
    assert 23.2 < heard.words[0].start_s < 24.0
    assert 29.0 < heard.words[-1].end_s < 29.8


def test_where_the_time_goes_is_told(tiny_en: MlxEngine, speech: Samples) -> None:
    """Each stage grows with the work."""
    before = tiny_en.seconds_by_stage()
    hear(tiny_en, speech, JobKind.INTERIM)
    after = tiny_en.seconds_by_stage()

    assert set(after) == {"mel", "encoder", "decoder", "words"}
    assert all(after[stage] > before[stage] for stage in after)


def test_memory_is_told_and_given_back(tiny_en: MlxEngine, speech: Samples) -> None:
    """At rest an engine holds its weights alone."""
    hear(tiny_en, speech, JobKind.INTERIM)
    assert tiny_en.memory_bytes()["cache"] > 0

    tiny_en.rest()

    held = tiny_en.memory_bytes()
    assert held["cache"] == 0
    assert held["peak"] >= held["active"] > 100 << 20
    assert errors(hear(tiny_en, speech, JobKind.INTERIM)) <= 3


def test_warming_up_tries_what_will_come(tiny_en: MlxEngine, passes: list[tuple[int, int]]) -> None:
    """The decoder alone and in a batch, with a draft and without."""
    tiny_en.warm_up()

    assert {rows for rows, _ in passes} == {1, 2}
    assert max(tokens for _, tokens in passes) > 10
