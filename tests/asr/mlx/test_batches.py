"""What is decoded together does not disturb each other."""

import pytest

from lwd.asr.mlx.model import AudioCache
from lwd.asr.mlx.row import Request
from tests.asr.mlx.toys import Toy, assert_same

MIXED = 4


@pytest.fixture(scope="session")
def parts(toy: Toy) -> list[AudioCache]:
    """Windows of different lengths."""
    return [toy.audio(n, positions=60 + 40 * n) for n in range(MIXED)]


@pytest.fixture(scope="session")
def requests(toy: Toy, parts: list[AudioCache]) -> list[Request]:
    """Rows that have nothing in common: lengths, settled words, drafts and languages."""
    [plain] = toy.decode(parts[2], toy.request(18, language="de"))
    draft = [*plain.tokens[:6], 1000, *plain.tokens[7:]]
    spoken = range(1000, 1009)
    return [
        toy.request(25),
        toy.request(9, spoken=spoken, language="fr"),
        toy.request(18, draft=draft, language="de"),
        toy.request(14, spoken=spoken[:4], draft=[1, 2, 3] * 9, language="ja"),
    ]


def test_rows_that_differ_give_what_each_gives_alone(
    toy: Toy, parts: list[AudioCache], requests: list[Request]
) -> None:
    """Batches mix windows of all lengths, settled words, drafts and languages."""
    together = toy.decode(AudioCache.join(parts), *requests)

    assert [decoded.row for decoded in together] == list(range(MIXED))
    assert len({len(decoded.tokens) for decoded in together}) == MIXED
    for decoded, part, request in zip(together, parts, requests, strict=True):
        [alone] = toy.decode(part, request)
        assert_same(decoded, alone)


def test_attention_stays_inside_a_rows_own_audio(
    toy: Toy, parts: list[AudioCache], requests: list[Request]
) -> None:
    """The padding of a shorter window gets no word."""
    first, *_ = toy.decode(AudioCache.join(parts), *requests)

    assert all(looked[:, 60:].max() < 1e-6 for looked in first.attention)


def test_a_row_is_answered_when_it_is_done(toy: Toy, passes: list[tuple[int, int]]) -> None:
    """A short text does not wait for the long ones beside it."""
    lengths = {0: 20, 1: 3, 2: 9}
    requests = [toy.request(length) for length in lengths.values()]

    answered = {
        decoded.row: len(passes) for decoded in toy.decoder.decode(toy.audio(1, 1, 1), requests)
    }

    assert answered == lengths
    assert list(answered) == [1, 2, 0]


def test_rows_that_are_done_leave_the_batch(toy: Toy, passes: list[tuple[int, int]]) -> None:
    """Those that go on get quicker."""
    requests = [toy.request(length) for length in (3, 3, 3, 12)]

    toy.decode(toy.audio(1, 1, 1, 1), *requests)

    assert passes[0][0] == 4
    assert passes[3:] == [(1, 1)] * 9


def test_a_row_that_nobody_wants_stops(toy: Toy, passes: list[tuple[int, int]]) -> None:
    """Cancelled before the next token, and not answered."""
    request = toy.request(20, is_wanted=lambda: len(passes) < 4)

    assert toy.decode(toy.audio(1), request) == []
    assert len(passes) == 4


def test_a_row_that_was_never_wanted_costs_nothing(toy: Toy, passes: list[tuple[int, int]]) -> None:
    """A window that was cancelled while it waited does not reach the decoder."""
    assert toy.decode(toy.audio(1), toy.request(20, is_wanted=lambda: False)) == []
    assert passes == []


def test_the_others_go_on_when_one_is_no_longer_wanted(
    toy: Toy, passes: list[tuple[int, int]]
) -> None:
    """One caller's leaving changes nothing for the others."""
    audio = toy.audio(1, 1)
    [alone] = toy.decode(audio.rows([1]), toy.request(12))
    passes.clear()
    leaving = toy.request(20, is_wanted=lambda: len(passes) < 3)

    [stayed] = toy.decode(audio, leaving, toy.request(12))

    assert stayed.row == 1
    assert_same(stayed, alone)
    assert passes[2:4] == [(2, 1), (1, 1)]


def test_a_row_may_ask_for_one_token_beside_a_long_draft(toy: Toy) -> None:
    """The widest rows and the narrowest fit together."""
    audio = toy.audio(1, 2)
    [long] = toy.decode(audio.rows([0]), toy.request(100))

    drafted, short = toy.decode(
        audio, toy.request(100, draft=long.tokens), toy.request(1, draft=[5] * 10)
    )

    assert_same(drafted, long)
    assert len(short.tokens) == 1
