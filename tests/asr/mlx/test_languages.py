"""The language of a window is told, or taken as given."""

import numpy as np
import pytest

from lwd.asr.mlx.engine import MlxEngine
from lwd.asr.mlx.model import AudioCache, WhisperModel
from lwd.asr.types import Hints, Job, JobKind, Samples
from tests.asr.mlx.toys import SHAPES, Toy, always, hear, make_whisper


def test_a_given_language_is_kept(base: MlxEngine, speech: Samples) -> None:
    """The caller knows better than the model."""
    heard = hear(base, speech[:32_000], JobKind.INTERIM, language="de")

    assert (heard.language, heard.language_probability) == ("de", 1.0)


def test_a_language_that_the_model_does_not_know_is_detected(
    base: MlxEngine, speech: Samples
) -> None:
    """Rather than refused."""
    heard = hear(base, speech[:48_000], JobKind.INTERIM, language="xx")

    assert heard.language == "en"
    assert heard.language_probability < 1.0


def test_a_batch_mixes_given_and_detected_languages(base: MlxEngine, speech: Samples) -> None:
    """Each window has its own."""
    jobs = [
        Job(n, n, JobKind.INTERIM, speech[:48_000], Hints(language))
        for n, language in enumerate(["fr", None, "en"])
    ]

    heard = {job.job_id: hypothesis for job, hypothesis in base.transcribe(jobs, always)}

    assert [heard[n].language for n in range(3)] == ["fr", "en", "en"]
    assert heard[1].language_probability < heard[2].language_probability == 1.0


def test_an_english_model_knows_english_only(tiny_en: MlxEngine, speech: Samples) -> None:
    """Whatever it is asked for."""
    heard = hear(tiny_en, speech, JobKind.INTERIM, language="de")

    assert tiny_en.languages == ("en",)
    assert (heard.language, heard.language_probability) == ("en", 1.0)


@pytest.mark.parametrize("layout", ["multilingual", "large-v3"])
def test_each_window_of_a_batch_is_told_by_itself(layout: str) -> None:
    """Together or alone, and beside longer windows: the same language and probability."""
    toy = Toy(WhisperModel(make_whisper(SHAPES[layout]), None))
    parts = [toy.audio(n, positions=60 + 60 * n) for n in range(4)]

    every = toy.vocabulary.languages
    together = toy.decoder.detect_languages(AudioCache.join(parts), [every] * len(parts))

    alone = [toy.decoder.detect_languages(part, [every])[0] for part in parts]
    assert [language for language, _ in together] == [language for language, _ in alone]
    assert all(language in toy.vocabulary.languages for language, _ in together)
    np.testing.assert_allclose([p for _, p in together], [p for _, p in alone], atol=1e-3)


def test_a_language_is_chosen_among_those_that_it_may_be() -> None:
    """However much likelier another one is."""
    toy = Toy(WhisperModel(make_whisper(SHAPES["multilingual"]), None))
    audio = toy.audio(1)
    [(likeliest, _)] = toy.decoder.detect_languages(audio, [toy.vocabulary.languages])
    others = [language for language in ("de", "fr", "ja") if language != likeliest]

    [(language, _)] = toy.decoder.detect_languages(audio, [others])

    assert language in others
