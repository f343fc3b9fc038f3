"""Pieces of real speech."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwd.recording.pieces import cut_pieces
from tests.conftest import read_pcm

SECOND = 16_000


def test_speech_is_cut_out_of_silence(speech_file: Path) -> None:
    """Two sentences with silence around them are two pieces, to the sample as they were."""
    speech = read_pcm(speech_file, SECOND)
    silence = np.zeros(4 * SECOND, np.int16)
    audio = np.concatenate([silence, speech, silence, speech])

    first, second = cut_pieces(np.array_split(audio, 37), longest_s=28, pause_s=2)

    assert 3 <= first.start_s <= 4.5
    assert 3 <= second.start_s - 4 - len(speech) / SECOND <= 4.5
    for piece in (first, second):
        start = round(piece.start_s * SECOND)
        expected = audio[start : start + len(piece.samples)].astype(np.float32) / 2**15
        assert np.array_equal(piece.samples, expected)
        assert abs(piece.duration_s - len(speech) / SECOND) < 2


def test_little_is_held_of_a_long_recording(speech_file: Path) -> None:
    """A piece comes before the rest is read."""
    speech = read_pcm(speech_file, SECOND)
    n_read = 0

    def blocks() -> Iterator[NDArray[np.int16]]:
        nonlocal n_read
        while n_read < 50:
            n_read += 1
            yield speech

    pieces = cut_pieces(blocks(), longest_s=10, pause_s=2)

    for n in range(1, 4):
        assert next(pieces).duration_s <= 10
        assert n_read <= 2 * n + 1


def test_silence_is_nothing() -> None:
    """Where nobody speaks there is no piece, and where there is no audio neither."""
    assert list(cut_pieces([np.zeros(SECOND * 30, np.int16)], longest_s=28, pause_s=2)) == []
    assert list(cut_pieces([], longest_s=28, pause_s=2)) == []
