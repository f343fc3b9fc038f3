"""The benchmark's own reckoning: what it listens to, how it scores, and what it reports."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from corpus import Clip, english, read_manifest, spread, timed, with_rare_words
from figures import shapes
from figures.keyterms import Tally
from lwd.models.store import ModelStore
from report import Figure, Measured, as_json, table
from scoring import (
    Difference,
    Spread,
    WordErrors,
    align,
    equal_pairs,
    spelling,
    word_errors,
    words_of,
)
from session import Session, speedup

ROOT = Path(__file__).resolve().parent.parent.parent
ROW = {
    "id": "en.one",
    "path": "en/one.flac",
    "seconds": 6.5,
    "language": "en",
    "kind": "read",
    "text": "So long.",
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Clip]]:
    """Read a corpus whose manifest has a row with each of the given changes."""

    def read(*changes: dict[str, Any]) -> list[Clip]:
        rows = [json.dumps(ROW | change) for change in changes]
        (tmp_path / "manifest.jsonl").write_text("\n".join(rows) + "\n")
        return read_manifest(tmp_path)

    return read


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session of three rounds that says nothing."""
    return Session(
        store=ModelStore(tmp_path),
        clips=[],
        scratch=tmp_path,
        threads=1,
        rounds=3,
        n_clips=None,
        n_windows=1,
        console=Console(quiet=True),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"language": "de"},
        {"language": None},
        {"text": None},
        {"seconds": 28.5},
        {"kind": "accented-tts"},
        {"kind": "diarization, 3 speakers"},
        {"kind": "format"},
    ],
)
def test_what_says_nothing_about_words_is_left_out(
    change: dict[str, Any], read: Callable[..., list[Clip]]
) -> None:
    """Word errors are counted in English of one person, told once, that fits into a window."""
    clips = read({}, change, {"kind": "noisy read (babble, 5 dB SNR)"})

    assert english(clips) == [clips[0], clips[2]]


def test_guessed_times_are_no_reference(read: Callable[..., list[Clip]], tmp_path: Path) -> None:
    """Word times that another recogniser made are not measured against; an aligner's are."""
    (tmp_path / "one.json").write_text('[{"word": "so", "start": 0.5, "end": 0.75}]')
    aligned = {"words": "one.json", "words_source": "forced alignment"}
    guessed = {"words": "one.json", "words_source": "ASR output (not a reference)"}

    clips = read(aligned, guessed, {})

    assert timed(clips) == clips[:1]
    (word,) = clips[0].words()
    assert (word.text, word.start_s, word.end_s) == ("so", 0.5, 0.75)
    assert clips[2].words() == []


def test_keyterms_are_counted_once_said_heard_or_made_up(read: Callable[..., list[Clip]]) -> None:
    """In any case and with any marks; clips whose rare words nobody sought are left out."""
    rare = {"rare_words": ["kine", "reciter"], "text": "behold the kine and the kine"}
    clips = read(rare, {}, {"rare_words": []})
    tally = Tally()

    tally.add(clips[0], ["kine", "eunuch"], "Behold, the Kine; and the eunuch-kind.", 0.5)

    assert with_rare_words(clips) == [clips[0], clips[2]]
    assert (tally.said, tally.heard, tally.inserted) == (2, 1, 1)
    assert tally.errors == WordErrors(2, 6, 0)


def test_quick_run_hears_all_of_the_corpus(read: Callable[..., list[Clip]]) -> None:
    """Fewer clips are taken from everywhere, so that a quick run is no other test."""
    clips = read(*({"id": str(n)} for n in range(10)))

    assert [clip.clip_id for clip in spread(clips, 4)] == ["0", "2", "5", "7"]
    assert spread(clips, 11) == spread(clips, None) == clips


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        ("the good soul", 0),
        ("the good sold", 1),
        ("the soul", 1),
        ("the very good soul", 1),
        ("", 3),
        ("good soul the", 2),
    ],
)
def test_errors_are_the_fewest_changes(heard: str, errors: int) -> None:
    """A word replaced, left out or put in is one error each."""
    reference = ["the", "good", "soul"]

    assert word_errors(reference, heard.split()) == WordErrors(errors, 3, 0)
    pairs = align(reference, heard.split())
    assert len(pairs) - len(equal_pairs(reference, heard.split())) == errors


def test_rate_is_that_of_all_words_together() -> None:
    """A long clip counts for more than a short one."""
    together = word_errors(["a"], ["b"]) + word_errors(["a", "b", "c"], ["a", "b", "c"])

    assert together.percent == 25


def test_rates_are_compared_clip_by_clip() -> None:
    """What one clip costs is no sure difference, what each costs is; the clips' own errors cancel."""
    before = [WordErrors(errors, 10) for errors in (0, 5, 0, 9)] * 10
    once = [WordErrors(1, 10), *before[1:]]
    always = [WordErrors(clip.errors + 1, 10) for clip in before]

    assert Difference.of(before, before) == Difference(0, 0, 0)
    assert Difference.of(always, before) == Difference(10, 10, 10)
    one = Difference.of(once, before)
    assert one.points == 0.25
    assert one.low == 0 < one.points < one.high < 1.5


def test_loop_is_a_runaway() -> None:
    """A text several times as long as what was said is counted; a few words too many are not."""
    assert word_errors(["no"], ["no"] * 8).runaways == 1
    assert word_errors(["no"], ["no"] * 7).runaways == 0


def test_digits_are_told_one_by_one() -> None:
    """A string of digits is as many words as digits, whether or not they were taken for a number."""
    assert words_of("call 4385 now") == words_of("call 4 3 8 5 now")


def test_times_are_compared_of_equal_words() -> None:
    """A word that was misheard or added shifts nothing."""
    said = ["the", "good", "soul", "openly"]
    heard = ["then", "the", "goods", "soul", "openly"]

    assert equal_pairs(said, heard) == [(0, 1), (2, 3), (3, 4)]


def test_marks_and_case_are_no_difference() -> None:
    """Words are the same word however they are written; a lone mark is none."""
    assert [spelling(word) for word in (" Don't,", " –", "'Well", " naïve.")] == [
        "don't",
        "",
        "well",
        "naïve",
    ]


def test_bias_keeps_its_sign() -> None:
    """The spread tells how large errors are, and the bias whether words come early or late."""
    found = Spread.of([-0.1, -0.02, -0.04, 0.01])

    assert found.median_ms == pytest.approx(30)
    assert found.p90_ms == pytest.approx(82)
    assert found.bias_ms == pytest.approx(-30)


def test_contestants_take_turns(session: Session) -> None:
    """Noise of the machine hits all alike, and the round that fills caches does not count."""
    order = []
    left = {"a": [4.0, 3.0, 2.0, 90.0], "b": [1.0, 1.0, 1.0, 90.0]}

    def contestant(name: str) -> Callable[[], float]:
        def take() -> float:
            order.append(name)
            return left[name].pop()

        return take

    contest = {name: contestant(name) for name in left}

    taken = session.alternate(contest, "turns")

    assert order == ["a", "b"] * 4
    assert taken == {"a": [2.0, 3.0, 4.0], "b": [1.0, 1.0, 1.0]}
    assert speedup(taken["a"], taken["b"]) == 3


def test_real_time_factor_is_readable() -> None:
    """Two digits tell how fast a model is, and a line says which way is good."""
    rows = [{"batch": 1, "real_time_factor": 0.123456, "whole": 0.6}]
    rows += [{"batch": 8, "real_time_factor": 0.000789, "whole": 0.03}]

    console = Console(width=120)
    with console.capture() as capture:
        console.print(shapes.table("tiny", rows))

    shown = capture.get()
    assert [line.split("│")[2].strip() for line in shown.splitlines() if "│" in line] == [
        "0.12",
        "0.00079",
    ]
    assert "below 1 is faster than real time" in " ".join(shown.split())


def run_engine(*arguments: object, without: str = "whisper_normalizer") -> tuple[int, list[str]]:
    """Status and last line of the engine's benchmark, where a package is not installed."""
    program = (
        "import runpy, sys; sys.path[0] = 'ops/bench'; sys.modules[sys.argv.pop(1)] = None;"
        "sys.argv[0] = 'engine.py'; runpy.run_path('ops/bench/engine.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, without, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_help_needs_no_rival() -> None:
    """`--help` answers where nothing of the benchmark's own is installed."""
    status, lines = run_engine("--help")

    assert status == 0
    assert lines[0].startswith("usage: engine.py")


def test_missing_package_is_told_with_the_command(
    read: Callable[..., list[Clip]], tmp_path: Path
) -> None:
    """What has to be installed first is told before anything is measured."""
    read({})

    status, lines = run_engine("--corpus", tmp_path, without="faster_whisper")

    assert status == 64
    [line] = lines
    assert line.startswith("engine.py: faster_whisper")
    assert line.endswith("not installed; run: make bench-setup")


def test_missing_corpus_is_one_line(tmp_path: Path) -> None:
    """A directory without a manifest is named."""
    status, lines = run_engine("--corpus", tmp_path / "none")

    assert status == 66
    [line] = lines
    assert line.startswith(f"engine.py: {tmp_path}/none/manifest.jsonl: No such file")


def test_missing_model_is_one_line(read: Callable[..., list[Clip]], tmp_path: Path) -> None:
    """A store without the model is named, with the command that fills it."""
    read({})

    status, lines = run_engine(
        "--corpus", tmp_path, "--store", tmp_path / "none", "--only", "start"
    )

    assert status == 69
    [line] = lines
    assert line == (
        f"engine.py: model tiny.en: not in the store '{tmp_path}/none'; "
        "run: lwd models pull tiny.en"
    )


@pytest.mark.parametrize("sizes", ["1,x", "0", "1,,2", ""])
def test_wrong_batches_are_told_what_is_expected(sizes: str) -> None:
    """Sizes that are no numbers are answered with an example."""
    status, lines = run_engine("--shape", "tiny", "--batches", sizes)

    assert status == 2
    assert lines[-1].endswith(f"{sizes}: expected whole numbers above 0, such as 1,8,32")


def test_missed_targets_are_named() -> None:
    """The report says which targets were reached, by label and key; a figure without one is told."""
    reached = Figure("quick", "speed", 2.5, "x", at_least=2.5)
    missed = Figure("slow", "start", 3.01, " s", at_most=3)
    told = Figure("limit", "machine", 195.4, " GFLOP/s")

    console = Console(width=120)
    with console.capture() as capture:
        console.print(table([reached, missed, told]))

    rows = [line.split("│")[1:-1] for line in capture.get().splitlines() if "│" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["speed", "at least 2.50x", "2.50x", "yes"],
        ["quick", "", "", ""],
        ["start", "at most 3 s", "3.01 s", "no"],
        ["slow", "", "", ""],
        ["machine", "", "195 GFLOP/s", ""],
        ["limit", "", "", ""],
    ]
    assert as_json([Measured([reached, missed]), Measured([told], {"profile": {"mel": 1}})]) == {
        "quick": 2.5,
        "slow": 3.01,
        "limit": 195.4,
        "profile": {"mel": 1},
        "missed": ["slow"],
    }
