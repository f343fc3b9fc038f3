"""Whisper on MLX hears what Whisper hears."""

from itertools import pairwise
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.lightning import submodule
from lwd.asr.mlx.weights import load_whisper
from lwd.asr.types import SAMPLE_RATE, Hints, Hypothesis, Job, JobKind, Samples
from lwd.audio.mel import log_mel
from lwd.models.store import ModelStore
from tests.asr.mlx.conftest import load
from tests.conftest import SPOKEN, bare, word_errors


def hear(
    engine: MlxEngine, samples: Samples, kind: JobKind = JobKind.FINAL, language: str | None = None
) -> Hypothesis:
    """One window's hypothesis."""
    job = Job(1, None, kind, samples, Hints(language))
    [(_, hypothesis)] = engine.transcribe([job], lambda _: True)
    return hypothesis


def text(hypothesis: Hypothesis) -> str:
    """A hypothesis as Whisper wrote it."""
    return "".join(word.text for word in hypothesis.words).strip()


@pytest.mark.parametrize("model", ["tiny.en", "base"])
def test_the_words_are_the_reference_implementations(
    model: str, speech: Samples, model_store: Path
) -> None:
    """lightning-whisper-mlx, greedy on thirty padded seconds, gives the same text."""
    files = ModelStore(model_store).files(model)
    mel = mx.array(log_mel(speech, n_mels=80, n_frames=3000))
    decoding = submodule("decoding")
    options = decoding.DecodingOptions(language="en", without_timestamps=True, fp16=False)
    expected = decoding.decode(load_whisper(files.weights), mel, options).text

    heard = hear(load(model_store, model), speech, JobKind.CUT, "en")

    assert text(heard) == expected
    assert word_errors(bare(expected), bare(SPOKEN)) <= 9


@pytest.mark.parametrize("kind", list(JobKind))
def test_a_shorter_context_costs_no_words(
    tiny_en: MlxEngine, speech: Samples, kind: JobKind
) -> None:
    """Interims and finals use less than thirty seconds of context, and hear the same."""
    heard = hear(tiny_en, speech, kind)

    assert word_errors(bare(text(heard)), bare(SPOKEN)) <= 3


def test_word_times_are_where_the_words_are(tiny_en: MlxEngine, speech: Samples) -> None:
    """In order, inside the audio, and close to a forced alignment of the file."""
    heard = hear(tiny_en, speech)

    starts = {bare(word.text)[0]: word.start_s for word in heard.words if bare(word.text)}
    for word, start_s in {"burden": 2.45, "borne": 3.22, "bravely": 4.78, "alone": 5.86}.items():
        assert starts[word] == pytest.approx(start_s, abs=0.15)
    edges = [0.0, *(t for w in heard.words for t in (w.start_s, w.end_s)), len(speech) / 16_000]
    assert all(before <= after for before, after in pairwise(edges))
    assert all(0 < word.probability <= 1 for word in heard.words)


def test_without_alignment_words_still_have_times(model_store: Path, speech: Samples) -> None:
    """Without alignment the window's time is shared out among its words."""
    heard = hear(load(model_store, "tiny.en", aligned=False), speech)

    assert heard.words[0].start_s == 0.0
    assert heard.words[-1].end_s == pytest.approx(len(speech) / SAMPLE_RATE)
    assert all(a.end_s == pytest.approx(b.start_s) for a, b in pairwise(heard.words))


def test_a_batch_hears_what_each_window_holds(tiny_en: MlxEngine, speech: Samples) -> None:
    """Rows of different lengths do not disturb each other, and none is lost."""
    windows = [speech, speech[: 4 * SAMPLE_RATE], speech[8_000:]]
    jobs = [Job(n, n, JobKind.FINAL, window) for n, window in enumerate(windows)]

    together = {job.job_id: text(heard) for job, heard in tiny_en.transcribe(jobs, lambda _: True)}

    assert together == {n: text(hear(tiny_en, window)) for n, window in enumerate(windows)}


def test_the_language_is_detected(base: MlxEngine, speech: Samples) -> None:
    """A multilingual model tells which language it heard, unless it was told."""
    detected = hear(base, speech)
    assert detected.language == "en"
    assert detected.language_probability > 0.8
    assert hear(base, speech, language="de").language == "de"
    assert "de" in base.languages


def test_an_english_model_knows_english_only(tiny_en: MlxEngine, speech: Samples) -> None:
    """Whatever it is asked."""
    assert tiny_en.languages == ("en",)
    assert hear(tiny_en, speech, language="de").language == "en"


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5, 29.99, 30.0])
def test_any_length_is_heard(tiny_en: MlxEngine, seconds: float) -> None:
    """From nothing to the longest window; noise gives no endless text."""
    noise = np.random.default_rng(3).normal(0, 0.01, round(seconds * SAMPLE_RATE))

    heard = hear(tiny_en, noise.astype(np.float32))

    assert len(heard.words) < 400


def test_a_prompt_is_not_repeated(tiny_en: MlxEngine, speech: Samples) -> None:
    """What was said before, or may be said, is not heard again."""
    hints = Hints("en", context="She was tired and sad.", keyterms=("trudged",))
    job = Job(1, None, JobKind.FINAL, speech, hints)

    [(_, heard)] = tiny_en.transcribe([job], lambda _: True)

    assert word_errors(bare(text(heard)), bare(SPOKEN)) <= 3


def test_where_the_time_goes_is_told(tiny_en: MlxEngine, speech: Samples) -> None:
    """Each stage grows with the work, and memory is counted also after it was given back."""
    before = tiny_en.seconds_by_stage()
    hear(tiny_en, speech)
    after = tiny_en.seconds_by_stage()

    assert set(after) == {"mel", "encoder", "decoder", "words"}
    assert all(after[stage] > before[stage] for stage in after)
    tiny_en.rest()
    assert tiny_en.memory_bytes()["cache"] == 0
    assert tiny_en.memory_bytes()["active"] > 100 << 20
