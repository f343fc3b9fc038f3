"""The streaming benchmark's own reckoning: its calls, and how it scores them."""

import json
import wave
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from corpus import Clip, TimedWord
from lwd.asr.types import SAMPLE_RATE, Samples
from report import Figure, Measured, as_json, missed
from scoring import WordErrors
from streaming import capacity
from streaming.bench import Bench, Plan
from streaming.capacity import search
from streaming.client import Received, Recording, Result, Word
from streaming.compose import Call, Utterance, compose, join, linear16
from streaming.endurance import results_of
from streaming.latency import final_latencies, interim_latencies, word_latencies
from streaming.nonspeech import without_speech
from streaming.run import in_turn, run
from streaming.score import Total, growth_percent, score
from streaming.seams import Seams, seams
from streaming.stability import Stability, stability
from streaming.summary import figures

QUIET = 0.01


def spoken(words: str, start_s: float = 0.0, step_s: float = 0.5) -> tuple[Word, ...]:
    """Words of the same length, one after the other."""
    return tuple(
        Word(word, start_s + n * step_s, start_s + (n + 1) * step_s)
        for n, word in enumerate(words.split())
    )


def result(words: str = "", end_s: float = 0.0, **changes: Any) -> Result:
    """An interim from the start of the stream, half a second a word, received at its end."""
    start_s = changes.pop("start_s", 0.0)
    fields: dict[str, Any] = {
        "received_s": end_s,
        "cursor_s": end_s,
        "start_s": start_s,
        "end_s": end_s,
        "text": words,
        "words": spoken(words, start_s),
        "is_final": False,
        "speech_final": False,
    }
    return Result(**fields | changes)


def closing(end_s: float, received_s: float, words: str = "") -> Result:
    """A speech_final."""
    return result(words, end_s, received_s=received_s, is_final=True, speech_final=True)


def utterance(start_s: float, end_s: float, words: str = "") -> Utterance:
    """Something said, its words half a second each."""
    timed = tuple(TimedWord(w.text, w.start_s, w.end_s) for w in spoken(words, start_s))
    return Utterance("clip", words, start_s, end_s, timed)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Clip]:
    """Make a clip of 2 s in which a tone sounds from 0.5 to 1.5 s; its word times may be known."""

    def record(name: str, *, is_timed: bool = False) -> Clip:
        tone = np.zeros(2 * SAMPLE_RATE, dtype=np.float32)
        tone[SAMPLE_RATE // 2 : 3 * SAMPLE_RATE // 2] = 0.5 * np.sin(np.arange(SAMPLE_RATE) / 5)
        path, words_path = tmp_path / f"{name}.wav", tmp_path / f"{name}.json"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
            file.writeframes(linear16(tone))
        words_path.write_text(json.dumps([{"word": name, "start": 0.5, "end": 1.5}]))
        return Clip(name, path, 2.0, "en", "read", name, words_path if is_timed else None)

    return record


def loudness(call: Call, start_s: float, end_s: float) -> float:
    """The highest sample of a stretch."""
    stretch = call.samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
    return float(np.abs(stretch).max())


@pytest.mark.parametrize("is_timed", [True, False])
def test_end_of_speech_is_where_the_call_goes_quiet(
    record: Callable[..., Clip], *, is_timed: bool
) -> None:
    """Latency is counted from the true end of speech, whether words or the level tell it."""
    clips = [record(name, is_timed=is_timed) for name in ("a", "b", "c", "d")]

    (call,) = compose(clips, 1, 8.0, seed=1)

    assert len(call.utterances) >= 3
    for said in call.utterances:
        assert said.end_s - said.start_s == pytest.approx(1.0, abs=0.02)
        assert loudness(call, said.start_s, said.start_s + 0.03) > QUIET
        assert loudness(call, said.end_s - 0.03, said.end_s) > QUIET
        assert loudness(call, said.start_s - 0.1, said.start_s - 0.02) < QUIET
        assert loudness(call, said.end_s + 0.02, said.end_s + 0.1) < QUIET
        assert [(word.start_s, word.end_s) for word in said.words] == (
            [(said.start_s, said.end_s)] if is_timed else []
        )


def test_pauses_are_natural_and_the_caller_hangs_up_at_once(record: Callable[..., Clip]) -> None:
    """Pauses last 0.8 to 2.5 s over a quiet line, and the call ends right behind the last word."""
    (call,) = compose([record("a", is_timed=True)], 1, 20.0, seed=2)

    ends = [said.end_s for said in call.utterances]
    pauses = [
        said.start_s - end_s for said, end_s in zip(call.utterances[1:], ends[:-1], strict=True)
    ]
    assert 20 <= ends[-1] < 20 + 2.5 + 1.1
    assert all(0.8 <= pause <= 2.5 for pause in pauses)
    assert max(pauses) - min(pauses) > 0.2
    assert call.duration_s == pytest.approx(ends[-1] + 0.1, abs=1e-3)
    assert 0 < loudness(call, 0, 0.4) < QUIET


def test_same_seed_makes_the_same_calls(record: Callable[..., Clip]) -> None:
    """Two runs are compared on the same audio."""
    clips = [record(name) for name in "abcdef"]

    first, second, other = (compose(clips, 2, 8.0, seed=seed) for seed in (3, 3, 4))

    assert [call.utterances for call in first] == [call.utterances for call in second]
    assert all(
        np.array_equal(one.samples, same.samples) for one, same in zip(first, second, strict=True)
    )
    assert [call.text for call in first] != [call.text for call in other]


def test_all_recordings_are_heard_and_those_with_known_ends_first(
    record: Callable[..., Clip],
) -> None:
    """No recording comes twice before all have come, and guessed ends of speech come last."""
    clips = [record(name, is_timed=name in "dabc") for name in "abcdef"]

    said = [said.clip_id for call in compose(clips, 3, 4.0, seed=5) for said in call.utterances]

    assert set(said[:4]) == set("abcd")
    assert set(said[:6]) == set("abcdef")


def test_joined_calls_keep_their_times(record: Callable[..., Clip]) -> None:
    """In a long stream each utterance ends where it ends in its own call."""
    (call,) = compose([record("a", is_timed=True)], 1, 3.0, seed=6)

    twice = join([call, call], "twice", pause_s=2.0)

    half_s = call.duration_s + 2.0
    assert twice.duration_s == 2 * half_s
    again = twice.utterances[len(call.utterances)]
    assert again.end_s == call.utterances[0].end_s + half_s
    assert again.words[0].end_s == again.end_s


def test_interim_latency_is_audio_sent_beyond_the_transcript() -> None:
    """Deepgram's method: only interims count, empty ones too unless words are asked for."""
    results = [
        result("so", end_s=1.0, cursor_s=1.4),
        result("", end_s=2.0, cursor_s=2.1),
        result("so long", end_s=3.0, cursor_s=9.0, is_final=True),
    ]

    assert interim_latencies(results) == pytest.approx([0.4, 0.1])
    assert interim_latencies(results, worded=True) == pytest.approx([0.4])
    assert interim_latencies(results, pace=4) == pytest.approx([0.1, 0.025])


def test_final_latency_begins_when_the_endpoint_is_due() -> None:
    """What counts is the wait beyond end of speech and endpointing; it may be below zero."""
    said = [utterance(0, 2), utterance(4, 6), utterance(8, 9)]
    results = [
        closing(1.0, 1.1),  # a pause in the middle of the first utterance
        result("so", 2.2),
        closing(2.3, 2.5),
        closing(5.9, 6.2),
    ]

    assert final_latencies(said, results, 0.3) == pytest.approx([0.2, -0.1])


def test_final_latency_of_fast_audio_is_of_the_paced_clock() -> None:
    """Audio sent four times as fast is due four times as early."""
    said = [utterance(0, 2), utterance(4, 6)]

    assert final_latencies(said, [closing(2.3, 0.675)], 0.3, pace=4) == pytest.approx([0.1])


def test_utterances_that_run_into_one_another_lack_a_final() -> None:
    """A speech_final that comes only behind the next utterance is missing, however it is timed."""
    said = [utterance(0, 2), utterance(3, 5), utterance(6, 8)]

    assert final_latencies(said, [closing(5.3, 5.4)], 0.3) == [None, pytest.approx(0.1)]
    assert final_latencies(said, [], 0.3) == [None, None]


def test_word_latency_ends_with_the_first_message_that_shows_it() -> None:
    """A word counts when it is first shown as it was said, in an interim or a final."""
    said = [utterance(0, 1.5, "so long Ann")]
    results = [
        result("so lone", 1.0, received_s=1.25),
        result("so", 1.0, received_s=1.5),
        result("So, long.", 1.5, received_s=2.0),
        result("so long Ann", 1.5, received_s=2.25, is_final=True),
    ]

    assert word_latencies(said, results) == pytest.approx([0.75, 1.0, 0.75])


def test_word_that_is_said_elsewhere_is_another() -> None:
    """The same word seconds later is not the one that was said, and one never shown is missing."""
    said = [utterance(0, 1, "no way"), utterance(6, 7, "no more")]
    results = [result("no", 6.5, start_s=6.0, received_s=7.0)]

    assert word_latencies(said, results) == [None, None, pytest.approx(0.5), None]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        pytest.param(["so", "so long", "So, long!"], Stability(2, 0), id="grows"),
        pytest.param(["so", "so lone", "so long"], Stability(2, 1), id="changed by the final"),
        pytest.param(["lone", "long", "long"], Stability(2, 1), id="changed by an interim"),
        pytest.param(["so long", "so", "so long"], Stability(2, 1), id="taken back for a while"),
        pytest.param(["so long", ""], Stability(2, 2), id="taken back"),
        pytest.param(["long", "so long", "so long"], Stability(2, 0), id="word put in front"),
        pytest.param(["", "so"], Stability(0, 0), id="first shown by the final"),
    ],
)
def test_words_changed_under_the_readers_eyes(messages: Sequence[str], expected: Stability) -> None:
    """Each shown word counts once, and once more if the next message has another in its place."""
    *interims, final = messages
    shown = [result(words, 1.0) for words in interims]

    assert stability([*shown, result(final, 1.0, is_final=True)]) == expected


def test_words_behind_a_cut_are_compared_with_the_next_window() -> None:
    """A final that ends earlier than the interim before it changes nothing behind its end."""
    interim = result("a b c d", 2.0)
    cut = result("a b", 1.0, is_final=True)

    def then(words: str) -> Stability:
        following = result(words, 2.5, start_s=1.0)
        return stability([interim, cut, following, replace(following, is_final=True)])

    assert then("c d e") == Stability(5, 0)
    assert then("c x") == Stability(5, 1)


def test_words_that_no_message_confirms_were_changed() -> None:
    """A stream that ends without a final takes back what it showed; a final that lacks words, too."""
    assert stability([result("a b", 1.0)]) == Stability(2, 2)
    assert stability([result("a b c", 1.5), result("a c", 1.5, is_final=True)]) == Stability(3, 1)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a b", "c d", Seams(1, 0, 0)),
        ("a b", "d", Seams(1, 1, 0)),
        ("a b", "b c d", Seams(1, 0, 1)),
        ("a x b", "c d", Seams(1, 0, 0)),
    ],
)
def test_words_lost_and_doubled_at_seams(first: str, second: str, expected: Seams) -> None:
    """An error beside a seam within speech is told apart from errors elsewhere."""
    finals = [
        result(first, is_final=True),
        result("", is_final=True),
        result(second, is_final=True),
    ]

    assert seams("A, b c d.", finals) == expected


def test_pause_is_no_seam() -> None:
    """After a speech_final the next final begins with new speech."""
    assert seams("a b c d", [closing(1, 1, "a b"), closing(2, 2, "d")]) == Seams(0, 0, 0)


def silence(seconds: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


def test_call_is_scored_by_its_finals() -> None:
    """Words that only interims had are errors; finals are compared as a whole, digit by digit."""
    call = Call("c", silence(2), (utterance(0, 1, "call 42"), utterance(1.5, 2, "now")))
    results = [
        result("call 4 2 now", 2.0),
        closing(1.3, 1.4, "call 4 2"),
        result("now", 2.0, start_s=1.5),
    ]

    scored = score(call, results, 0.3, str, closing_s=0.2)

    assert scored.errors == WordErrors(1, 4, 0)
    assert scored.final_s == pytest.approx([0.1])
    total = Total.of([scored, scored])
    assert total.errors.percent == 25
    assert (total.finals_due, total.missing_finals, total.closing_s) == (2, 0, [0.2, 0.2])


def test_server_that_answers_nothing_misses_its_targets() -> None:
    """Where no final ever came, the table says so, the target is missed, and JSON stays JSON."""
    call = Call("c", silence(2), (utterance(0, 1, "so"), utterance(1.5, 2, "long")))
    found = figures(Total.of([score(call, [], 0.3, str)]), None, with_targets=True)

    by_key = {figure.key: figure for figure in found}
    lacking = by_key["final_latency_p50_s"]
    assert (lacking.measured, lacking.is_reached) == ("none", False)
    assert by_key["finals_missing"].value == 1
    assert {"interim_latency_mean_s", "changed_words_percent"} <= set(missed(found))
    assert as_json([Measured(found)])["final_latency_p50_s"] is None
    assert json.loads(json.dumps(as_json([Measured(found)]), allow_nan=False))


def test_targets_are_those_of_one_stream() -> None:
    """Several streams are told without a verdict."""
    call = Call("c", silence(2), (utterance(0, 1, "so"),))

    found = figures(Total.of([score(call, [], 0.3, str)]), None, with_targets=False)

    assert [figure for figure in found if figure.is_reached is not None] == []
    assert all(isinstance(figure, Figure) for figure in found)


@pytest.mark.parametrize("capacity", [0, 1, 2, 5, 8, 11, 16, 40])
def test_capacity_is_found_exactly(capacity: int) -> None:
    """The largest number of streams that holds is found with few runs, and never above the limit."""
    asked: list[int] = []

    def holds(streams: int) -> bool:
        asked.append(streams)
        return streams <= capacity

    assert search(holds, limit=32) == min(capacity, 32)
    assert len(asked) == len(set(asked)) <= 11
    assert max(asked) <= 32


class WordyClient:
    """A server that says these texts, one for each call, in time."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = iter(texts)

    async def stream(self, pcm: bytes, pace: float) -> Recording:  # noqa: ARG002 - the protocol's
        """Have heard the call at once."""
        return Recording([Received(1.4, 1.4, next(self._texts))])

    def results(self, recording: Recording) -> Sequence[Result]:
        """What was said, as a speech_final."""
        return [closing(1.3, message.at_s, message.text) for message in recording.received]


def test_words_of_two_runs_decide_where_those_of_one_were_too_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chance may make a point, in what is tried as in what it is compared with."""
    monkeypatch.setattr("streaming.run._STAGGER_S", 0.0)
    right, wrong = "so long", "so"
    alone, first, again, overload = [right, wrong], [wrong] * 2, [right] * 2, [right] * 4
    said = (utterance(0, 1, "so long"), utterance(1.5, 2, ""))
    bench = Bench(
        client=WordyClient([*alone, *first, *again, *overload]),
        meter=None,
        model="tiny.en",
        calls=[Call(str(n), silence(2), said) for n in range(2)],
        clips=(),
        plan=Plan(1, max_streams=2, endpointing_s=0.3, minutes=1, pace=1, n_clips=None),
        threads=1,
        scratch=tmp_path,
        normalise=str,
        console=Console(quiet=True),
    )

    found: dict[str, Any] = as_json([capacity.measure(bench)])

    assert found["capacity_streams"] == 2
    tried = {trial["streams"]: trial for trial in found["capacity_trials"]}
    assert (tried[2]["wer_delta_points"], tried[2]["runs"]) == (0, 2)
    assert tried[1]["runs"] == 1


def test_memory_growth_is_counted_once_it_has_settled() -> None:
    """What the first third of a run takes is no growth."""
    assert growth_percent([10, 50, 100, 90, 100, 110, 100, 90, 100]) == pytest.approx(10)
    assert growth_percent([10, 20]) is None


def test_block_of_a_long_stream_has_its_own_clock() -> None:
    """The second five minutes are scored as if they were the first, at any pace."""
    results = [
        result("a", 9.0, start_s=8.0, received_s=4.6),
        result("b", 12.0, start_s=11.0, received_s=6.1, cursor_s=12.2),
    ]

    (second,) = results_of(results, 1, 10.0, pace=2)

    assert (second.start_s, second.end_s) == (1.0, 2.0)
    assert (second.received_s, second.cursor_s) == pytest.approx((1.1, 2.2))
    assert second.words[0].start_s == 1.0


def test_what_has_no_speech() -> None:
    """Noise, music, tones and coughs count; speech with noise does not."""
    kinds = [
        *("noise:bird", "music:hold 8 kHz", "dtmf", "tones:hum", "human-nonspeech:Cough"),
        *("silence", "noisy read (music, 10 dB SNR)", "read", "vad reference"),
    ]
    clips = [Clip(kind, Path(), 1.0, None, kind, "", None) for kind in kinds]

    assert [clip.kind for clip in without_speech(clips)] == kinds[:6]


class ScriptedClient:
    """A server that refuses every second call and answers the others at once."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    async def stream(self, pcm: bytes, pace: float) -> Recording:
        """Note the length of the call."""
        assert pace == 2
        self.calls.append(len(pcm))
        is_refused = len(self.calls) % 2 == 0
        error = "HTTP 429" if is_refused else None
        return Recording([Received(0.1, 0.1, "")], 0.2, 0.05, error, is_refused)

    def results(self, recording: Recording) -> Sequence[Result]:
        """Nothing."""
        return [result("", message.at_s) for message in recording.received]


def test_refused_calls_are_not_rated() -> None:
    """Each stream makes its calls in turn, and only admitted ones count, without an error."""
    client = ScriptedClient()
    calls = [Call(str(n), silence(n / 10), ()) for n in (1, 2, 3)]

    done = run(client, [calls], pace=2)

    assert client.calls == [3200, 6400, 9600]
    assert [heard.call.name for heard in done.admitted] == ["1", "3"]
    assert done.errors == []
    assert done.worst_late_s == 0.05


def test_calls_are_shared_out() -> None:
    """Every call is made, and all streams make as many, so that the load stays what it is."""
    calls = [Call(str(n), silence(0.1), ()) for n in range(3)]

    def names(streams: int) -> list[str]:
        return ["".join(call.name for call in queue) for queue in in_turn(calls, streams)]

    assert names(1) == ["012"]
    assert names(2) == ["02", "10"]
    assert names(4) == ["0", "1", "2", "0"]
