"""What stands before a text, what may not be said in it, and where its words end."""

from collections.abc import Iterator
from itertools import pairwise

import mlx.core as mx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.asr.mlx.bias import Bias
from lwd.asr.mlx.model import WhisperModel
from lwd.asr.mlx.vocabulary import Vocabulary
from lwd.asr.types import Keyterm
from tests.asr.mlx.toys import SHAPES, Toy, make_whisper

ENGLISH = Vocabulary(is_multilingual=False, n_languages=0)
MULTILINGUAL = Vocabulary(is_multilingual=True, n_languages=99)
LARGE_V3 = Vocabulary(is_multilingual=True, n_languages=100)


def tokens_of(text: str) -> list[int]:
    """A text in the multilingual vocabulary."""
    tokens: list[int] = MULTILINGUAL._tokenizer.encode(text)
    return tokens


@pytest.mark.parametrize(
    ("vocabulary", "prefix"),
    [
        (ENGLISH, "<|startoftranscript|><|notimestamps|>"),
        (MULTILINGUAL, "<|startoftranscript|><|de|><|transcribe|><|notimestamps|>"),
        (LARGE_V3, "<|startoftranscript|><|de|><|transcribe|><|notimestamps|>"),
    ],
)
def test_a_transcription_begins_as_the_model_was_trained(
    vocabulary: Vocabulary, prefix: str
) -> None:
    """With its language where it knows several, and without timestamps."""
    assert vocabulary.text(vocabulary.prefix("de")) == prefix


def test_models_know_as_many_languages_as_they_were_trained_on() -> None:
    """English, 99, and Cantonese besides since large-v3."""
    assert ENGLISH.languages == ("en",)
    assert len(set(MULTILINGUAL.languages)) == 99
    assert set(LARGE_V3.languages) - set(MULTILINGUAL.languages) == {"yue"}


@pytest.mark.parametrize(
    ("term", "language", "spellings"),
    [
        ("kubernetes", "en", {" kubernetes", " Kubernetes"}),
        (" zau al makan ", "en", {" zau al makan", " Zau al makan", " Zau Al Makan"}),
        ("iPhone", "de", {" iPhone", " IPhone"}),
        ("NATO", "en", {" NATO"}),
        ("寿司", "ja", {"寿司"}),
        ("寿司", "de", {" 寿司"}),
        ("<|endoftext|>", "en", {" <|endoftext|>"}),
        (" ", "en", set()),
    ],
)
def test_a_keyterm_is_sought_as_whisper_writes_it(
    term: str, language: str, spellings: set[str]
) -> None:
    """After a space where words have them, in its own case and in that of a name."""
    bias = MULTILINGUAL.bias((Keyterm(term),), language)

    assert {MULTILINGUAL.text(tokens) for tokens in said_with(bias)} == spellings


def said_with(bias: Bias, text: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every text that goes on with a bias from beginning to end."""
    nexts = bias.after(text).tokens.tolist()
    begun = nexts if not text else set(nexts) - set(bias.after(()).tokens.tolist())
    for token in begun:
        yield from said_with(bias, (*text, token))
    if text and not begun:
        yield text


@given(
    st.lists(st.builds(Keyterm, st.text(st.characters()), st.floats(allow_nan=False))),
    st.sampled_from(["en", "ja"]),
    st.lists(st.integers(0, 51865)),
)
def test_any_keyterms_will_do(keyterms: list[Keyterm], language: str, text: list[int]) -> None:
    """Whatever a client sends, only tokens of text are leant to."""
    leaning = MULTILINGUAL.bias(tuple(keyterms), language).after(text)

    assert leaning.tokens.shape == leaning.nats.shape
    assert all(token < MULTILINGUAL.end for token in leaning.tokens)


@pytest.mark.parametrize("vocabulary", [ENGLISH, MULTILINGUAL, LARGE_V3])
def test_annotations_are_suppressed(vocabulary: Vocabulary) -> None:
    """No music notes, brackets, timestamps or special tokens; ordinary marks may be said."""
    suppressed = set(vocabulary.suppressed)
    encode = vocabulary._tokenizer.encode

    for annotation in (" [", " (", " ♪", "♪♪", " --", '"'):
        assert encode(annotation)[0] in suppressed
    for mark in (".", ",", "?", "!", "-", "'", " the", "%"):
        assert encode(mark)[0] not in suppressed
    assert vocabulary.end not in suppressed
    assert {vocabulary.start, vocabulary.no_speech, *vocabulary.prefix("en")} <= suppressed
    assert vocabulary._tokenizer.sot_prev in suppressed


@pytest.mark.parametrize("layout", ["english", "multilingual", "large-v3"])
def test_what_is_suppressed_is_never_said(layout: str) -> None:
    """Not even by a model that would like to, nor when it is sampled."""
    whisper = make_whisper(SHAPES[layout])
    toy = Toy(WhisperModel(whisper, None))
    longed_for = [*toy.vocabulary.suppressed, *toy.vocabulary.suppressed_first]
    loud = mx.zeros((SHAPES[layout].n_vocab, 1))
    loud[mx.array(longed_for)] = 9.0
    embedding = whisper.decoder.token_embedding
    embedding.weight = embedding.weight * (1.0 + loud)
    audio = toy.audio(1, 2, 3, 4)
    requests = [toy.request(12, temperature=t) for t in (0.0, 0.2, 0.6, 1.0)]

    said = [row.tokens for row in toy.decode(audio, *requests)]

    assert not {token for tokens in said for token in tokens} & set(toy.vocabulary.suppressed)
    assert all(tokens for tokens in said)
    assert not {tokens[0] for tokens in said} & set(toy.vocabulary.suppressed_first)


def test_words_come_with_the_space_before_them() -> None:
    """Marks stand alone, and the pieces join to the text."""
    tokens = tokens_of(" Then, the good-natured soul's burden was 3.5 kg.")

    split = MULTILINGUAL.split_words(tokens, "en")

    assert "".join(word.text for word in split) == MULTILINGUAL.text(tokens)
    assert [word.text for word in split][:4] == [" Then", ",", " the", " good"]
    assert [word.text for word in split][-2:] == [" kg", "."]


@pytest.mark.parametrize(
    ("language", "text", "most"),
    [
        ("ja", "今日はとても良い天気ですね。", 4),
        ("zh", "今天天气很好,我们去散步吧。", 4),
        ("th", "วันนี้อากาศดีมาก", 4),
    ],
)
def test_scripts_without_spaces_are_split_at_characters(
    language: str, text: str, most: int
) -> None:
    """Pieces are a few characters long, hold no half of one, and join to the text."""
    split = MULTILINGUAL.split_words(tokens_of(text), language)

    assert "".join(word.text for word in split) == text
    assert len(split) >= len(text) // most
    assert all(len(word.text) <= most for word in split)
    assert not any("\ufffd" in word.text for word in split)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", " It costs 12 € at Zoë's café 🎉 today"),
        ("ja", "寿司🍣と彁です"),
        ("de", " Straße, Öl!"),
    ],
)
def test_words_hold_every_token_in_order(language: str, text: str) -> None:
    """So each word has the times and probabilities of its own tokens."""
    tokens = tokens_of(text)

    split = MULTILINGUAL.split_words(tokens, language)

    assert (split[0].first, split[-1].end) == (0, len(tokens))
    assert all(a.end == b.first for a, b in pairwise(split))
    assert all(word.first < word.end for word in split)
    assert all(MULTILINGUAL.text(tokens[w.first : w.end]) == w.text for w in split)
