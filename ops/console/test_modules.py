"""The parts of the page that need no page: how a transcript settles, and what is made of it."""

import json
import re
import shlex
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from lwd.errors import REJECTIONS
from lwd.protocol.messages import Word
from lwd.server.outcome import Outcome
from lwd.text.captions import captions

SOME = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def word(text: str, start: float, confidence: float = 0.9) -> dict[str, Any]:
    """A word of a fifth of a second."""
    return {
        "word": text.lower().strip(".,"),
        "punctuated_word": text,
        "start": start,
        "end": start + 0.2,
        "confidence": confidence,
    }


def results(text: str, start: float, *, final: bool, speech_final: bool = False, channel: int = 0,
            channels: int = 1) -> dict[str, Any]:  # fmt: skip
    """A message whose words follow upon each other."""
    words = [word(one, round(start + 0.25 * n, 3)) for n, one in enumerate(text.split())]
    return {
        "type": "Results",
        "channel_index": [channel, channels],
        "start": start,
        "duration": 0.25 * len(words),
        "is_final": final,
        "speech_final": speech_final,
        "channel": {"alternatives": [{"transcript": text, "confidence": 0.9, "words": words}]},
    }


def transcribed(page: Page, messages: list[dict[str, Any]], then: str) -> Any:
    """What an expression of `transcript`, after the messages, and of all modules comes to."""
    return page.evaluate(
        f"""async (messages) => {{
            const {{ Transcript }} = await import("/console/transcript.js");
            const written = await import("/console/export.js");
            const {{ captions }} = await import("/console/captions.js");
            const transcript = new Transcript();
            messages.forEach((message) => transcript.add(message));
            return {then};
        }}""",
        messages,
    )


LINES = """transcript.lines.map(
    (line) => [line.settledWords.map((word) => word.text).join(" "), line.text, line.ended])"""


def test_interims_are_replaced_and_finals_stay(page: Page) -> None:
    """Until a final comes each interim restates all since the last one."""
    messages = [
        results("the god", 0, final=False),
        results("The good soul", 0, final=False),
        results("The good soul", 0, final=True),
        results("open leash", 0.75, final=False),
    ]

    assert transcribed(page, messages, LINES) == [
        ["The good soul", "The good soul open leash", False]
    ]
    messages += [results("openly.", 0.75, final=True, speech_final=True)]
    assert transcribed(page, messages, LINES) == [
        ["The good soul openly.", "The good soul openly.", True]
    ]


def test_each_utterance_and_channel_has_its_line(page: Page) -> None:
    """A line ends with speech_final or UtteranceEnd; one that came to nothing is taken back."""
    messages = [
        results("Hello.", 0, final=True, channel=0, channels=2),
        results("Yes?", 0.1, final=True, speech_final=True, channel=1, channels=2),
        {"type": "UtteranceEnd", "channel": [0, 2], "last_word_end": 0.2},
        results("hm", 3, final=False, channel=0, channels=2),
        results("", 3, final=True, speech_final=True, channel=0, channels=2),
        results("", 4, final=True, speech_final=True, channel=1, channels=2),
        results("Again.", 5, final=True, speech_final=True, channel=0, channels=2),
    ]

    assert transcribed(page, messages, LINES) == [
        ["Hello.", "Hello.", True],
        ["Yes?", "Yes?", True],
        ["Again.", "Again.", True],
    ]
    assert transcribed(page, messages, "written.toText(transcript)") == (
        "Channel 1: Hello.\nChannel 2: Yes?\nChannel 1: Again.\n"
    )
    assert "<v Channel 2>Yes?" in transcribed(page, messages, "written.toVtt(transcript)")


def test_lines_stand_in_the_order_in_which_they_were_said(page: Page) -> None:
    """Channels are told one after the other; page and text have them by time all the same."""
    messages = [
        results("Good day.", 0, final=True, speech_final=True, channel=0, channels=2),
        results("And mine,", 4, final=True, speech_final=True, channel=1, channels=2),
        results("it was", 10, final=False, channel=1, channels=2),
        results("My name?", 2, final=True, speech_final=True, channel=0, channels=2),
        results("", 10, final=True, speech_final=True, channel=1, channels=2),
        results("Indeed.", 6, final=False, channel=0, channels=2),
    ]
    shown = page.evaluate(
        """async (messages) => {
            const { Transcript } = await import("/console/transcript.js");
            const { Paper } = await import("/console/paper.js");
            const sheet = document.createElement("div");
            document.body.append(sheet);
            const paper = new Paper(sheet, document.createElement("p"), document.createElement("p"));
            const transcript = new Transcript();
            messages.forEach((message) => {
                const line = transcript.add(message);
                line && paper.show(line, transcript);
            });
            return [...sheet.querySelectorAll("p:not([hidden]) .time")].map((one) => one.textContent);
        }""",
        messages,
    )

    assert shown == ["1 · 0:00", "1 · 0:02", "2 · 0:04", "1 · 0:06"]
    assert transcribed(page, messages, "written.toText(transcript)") == (
        "Channel 1: Good day.\nChannel 1: My name?\nChannel 2: And mine,\n"
    )


def test_a_late_utterance_end_leaves_new_words_alone(page: Page) -> None:
    """It may come when somebody speaks again."""
    messages = [
        results("and then", 2, final=False),
        {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 0.5},
    ]

    assert transcribed(page, messages, LINES) == [["", "and then", False]]


def test_words_settle_in_place(page: Page) -> None:
    """The element of a word stays when the word becomes final, so that nothing flickers."""
    messages = [
        results("the good sole", 0, final=False),
        results("The good soul", 0, final=True, speech_final=True),
    ]
    kept, classes = page.evaluate(
        """async (messages) => {
            const { Transcript } = await import("/console/transcript.js");
            const { Paper } = await import("/console/paper.js");
            const sheet = document.createElement("div");
            const paper = new Paper(sheet, document.createElement("p"), document.createElement("div"));
            const transcript = new Transcript();
            const seen = messages.map((message) => {
                paper.show(transcript.add(message), transcript);
                return [...sheet.querySelectorAll(".word")];
            });
            const kept = seen[1].every((element, n) => element === seen[0][n]);
            return [kept, seen[1].map((element) => element.className.trim())];
        }""",
        messages,
    )

    assert kept
    assert classes == ["word"] * 3


def test_captions_are_as_the_formats_want_them(page: Page) -> None:
    """To the byte: numbers, times, marks, and what WebVTT would take for tags."""
    messages = [
        results("R&D <b> it is.", 3599.9, final=True, speech_final=True),
        results("Good.", 3605, final=True, speech_final=True),
    ]

    assert transcribed(page, messages, "written.toSrt(transcript)") == (
        "1\n00:59:59,900 --> 01:00:00,900\nR&D <b> it is.\n\n"
        "2\n01:00:05,000 --> 01:00:06,000\nGood.\n\n"
    )
    assert transcribed(page, messages, "written.toVtt(transcript)") == (
        "WEBVTT\n\n00:59:59.900 --> 01:00:00.900\nR&amp;D &lt;b&gt; it is.\n\n"
        "01:00:05.000 --> 01:00:06.000\nGood.\n\n"
    )


def test_a_caption_ends_with_its_sentence(page: Page) -> None:
    """Where `lwd transcribe` ends it too; a short sentence goes on with the next."""
    text = "Well. Let us meet tomorrow on Zoom. The others will know."
    messages = [results(text, 0, final=True, speech_final=True)]

    cut = transcribed(page, messages, "captions(transcript)")

    words = [Word(one, 0.25 * n, 0.25 * n + 0.2, 1.0) for n, one in enumerate(text.split())]
    told = [" ".join(one["lines"]) for one in cut]
    assert told == ["Well. Let us meet tomorrow on Zoom.", "The others will know."]
    assert told == [" ".join(one.lines) for one in captions(words)]


TEXTS = st.lists(st.text("abcXYZ.,é-", min_size=1, max_size=60), max_size=40).map(" ".join)


@SOME
@given(TEXTS)
def test_captions_lose_no_word(page: Page, text: str) -> None:
    """Each fits on two lines, lasts six seconds at most, and none overlaps the next."""
    messages = [results(text, 0, final=True, speech_final=True)]

    cut = transcribed(page, messages, "captions(transcript)")

    assert " ".join(" ".join(one["lines"]) for one in cut).split() == text.split()
    for one, following in zip(cut, [*cut, None][1:], strict=True):
        assert len(one["lines"]) <= 2
        assert all(len(line) <= 42 or " " not in line for line in one["lines"])
        assert 0 < one["end"] - one["start"] <= 6
        assert following is None or one["end"] <= following["start"] + 0.001


def test_the_name_of_a_channel_takes_room(page: Page) -> None:
    """No line is longer for it."""
    text = "the good soul openly shouldered my burden and trudged on with me, and so it went " * 3
    messages = [
        results(text, 0, final=True, speech_final=True, channel=channel, channels=2)
        for channel in (0, 1)
    ]

    srt = transcribed(page, messages, "written.toSrt(transcript)")

    lines = [line for line in srt.splitlines() if not re.fullmatch(r"\d*|.* --> .*", line)]
    assert {line[:11] for line in lines if ": " in line} == {"Channel 1: ", "Channel 2: "}
    assert max(map(len, lines)) <= 42
    assert sorted(re.sub("Channel .: ", "", " ".join(lines)).split()) == sorted(text.split() * 2)


def test_the_voice_of_a_channel_takes_no_room(page: Page) -> None:
    """No player of WebVTT shows it, so lines break as they do where there is one channel."""
    text = "the good soul openly shouldered my burden and trudged on with me, and so it went " * 3
    of_two, alone = (
        transcribed(
            page,
            [results(text, 0, final=True, speech_final=True, channels=channels)],
            "written.toVtt(transcript)",
        )
        for channels in (2, 1)
    )

    assert of_two.count("<v Channel 1>") == alone.count(" --> ")
    assert of_two.replace("<v Channel 1>", "") == alone


@SOME
@given(st.lists(st.tuples(TEXTS, st.booleans(), st.booleans()), max_size=12))
def test_any_messages_leave_the_finals(page: Page, told: list[tuple[str, bool, bool]]) -> None:
    """Whatever the interims were, what is saved is what the finals said."""
    messages = [
        results(text, float(n), final=final, speech_final=final and ends)
        for n, (text, final, ends) in enumerate(told)
    ]

    text, saved = transcribed(
        page, messages, "[written.toText(transcript), written.toJson(transcript)]"
    )

    finals = [message for message in messages if message["is_final"]]
    said = [one["channel"]["alternatives"][0]["transcript"] for one in finals]
    assert text.split() == " ".join(said).split()
    assert json.loads(saved) == finals


@pytest.mark.parametrize(
    ("share", "now", "before", "expected"),
    [
        (0.5, [["0.1", 0], ["0.2", 10], ["+Inf", 10]], [], 0.15),
        (0.95, [["0.1", 8], ["0.2", 10], ["+Inf", 10]], [], 0.175),
        (
            0.5,
            [["0.1", 10], ["0.2", 12], ["+Inf", 12]],
            [["0.1", 10], ["0.2", 10], ["+Inf", 10]],
            0.15,
        ),
        (0.5, [["0.1", 0], ["+Inf", 3]], [], 0.1),
        (0.5, [["0.1", 4], ["+Inf", 4]], [["0.1", 4], ["+Inf", 4]], None),
        (0.5, [], [], None),
    ],
)
def test_quantiles_are_of_what_came_in_between(
    page: Page, share: float, now: list[Any], before: list[Any], expected: float | None
) -> None:
    """As Prometheus reckons them, from the difference of two readings."""
    value = page.evaluate(
        """async ([share, now, before]) => {
            const { quantile } = await import("/console/figures.js");
            return quantile(share, now, before);
        }""",
        [share, now, before],
    )

    assert value == (None if expected is None else pytest.approx(expected))


def test_events_go_forward_in_time(page: Page) -> None:
    """An UtteranceEnd comes after the speech_final, and tells of the word before it."""
    told = page.evaluate(
        """async () => {
            const { Messages } = await import("/console/messages.js");
            const [list, count, events] = [1, 2, 3].map(() => document.createElement("ol"));
            const copy = document.createElement("button");
            const messages = new Messages({ list, count, copy, events });
            [
                { type: "SpeechStarted", timestamp: 0.58 },
                { type: "Results", speech_final: true, start: 0, duration: 6.69 },
                { type: "UtteranceEnd", last_word_end: 6.34 },
                { type: "Error", description: "no schema" },
                { type: "SpeechStarted", timestamp: 10 },
                { type: "Metadata", duration: 12.5 },
            ].forEach((message) => messages.add(message, ""));
            return [...events.children].map((one) => one.textContent);
        }"""
    )

    assert told == [
        "0.58\u00a0sSpeechStarted",
        "6.34\u00a0sUtteranceEnd",
        "6.69\u00a0sspeech_final",
        "–Error: no schema",
        "10.00\u00a0sSpeechStarted",
        "12.50\u00a0sMetadata: the stream is over",
    ]


def test_events_of_several_channels_have_their_number(page: Page) -> None:
    """As the lines of the transcript have; those of all the stream have none."""
    told = page.evaluate(
        """async () => {
            const { Messages } = await import("/console/messages.js");
            const [list, count, events] = [1, 2, 3].map(() => document.createElement("ol"));
            const copy = document.createElement("button");
            const messages = new Messages({ list, count, copy, events });
            [
                { type: "SpeechStarted", channel: [1, 2], timestamp: 0.5 },
                {
                    type: "Results", channel_index: [0, 2], channel: { alternatives: [] },
                    speech_final: true, start: 0, duration: 1,
                },
                { type: "UtteranceEnd", channel: [0, 2], last_word_end: 2 },
                { type: "SpeechStarted", channel: [0, 1], timestamp: 3 },
                { type: "Metadata", duration: 4, channels: 2 },
            ].forEach((message) => messages.add(message, ""));
            return [...events.children].map((one) => one.textContent);
        }"""
    )

    assert told == [
        "0.50\u00a0sSpeechStarted, channel 2",
        "1.00\u00a0sspeech_final, channel 1",
        "2.00\u00a0sUtteranceEnd, channel 1",
        "3.00\u00a0sSpeechStarted",
        "4.00\u00a0sMetadata: the stream is over",
    ]


def test_whatever_lwd_counts_has_words(page: Page) -> None:
    """No name of lwd's own stands among them."""
    ended, refused = page.evaluate(
        """async () => {
            const { ENDED, REFUSED } = await import("/console/outcomes.js");
            return [ENDED, REFUSED].map((words) => Object.keys(words));
        }"""
    )

    assert set(ended) == {outcome.value for outcome in Outcome} - {"completed"}
    assert set(refused) == set(REJECTIONS)


def test_latency_is_from_the_end_of_the_audio(page: Page) -> None:
    """A result counts from when the last of its audio was recorded; unknown audio has none.

    Finals that are cut in the midst of speech end before it by design, so they do not count.
    """
    measured = page.evaluate(
        """async () => {
            const { Latency, median } = await import("/console/latency.js");
            const latency = new Latency();
            [0.1, 0.2, 0.3].forEach((end, n) => latency.note(end, 1000 + 100 * n));
            const result = (start, duration, marks) => ({ start, duration, ...marks });
            latency.measure(result(0, 0.2, { is_final: false }), 1400);
            latency.measure(result(0, 0.1, { is_final: true }), 4000);
            latency.measure(result(0.1, 0.2, { is_final: true, speech_final: true }), 1700);
            latency.measure(result(0.1, 0.2, { is_final: true, from_finalize: true }), 1900);
            latency.measure(result(0, 9, { is_final: true, speech_final: true }), 1700);
            return [latency.interims, latency.finals, median([3, 1, 2]), median([])];
        }"""
    )

    assert measured == [[0.3], [0.5, 0.7], 2, None]


def test_code_for_an_lwd_behind_tls_with_a_key(page: Page) -> None:
    """Schemes and the key's place follow the page's own address."""
    written = page.evaluate(
        """async () => {
            const { SNIPPETS } = await import("/console/snippets.js");
            const given = { params: [["punctuate", "true"]], host: "lwd.example", tls: true };
            const write = ({ write }) => write({ ...given, key: "KEY", asksForKey: true });
            return Object.values(SNIPPETS).map(write);
        }"""
    )

    for code in written:
        assert re.search(r"(https|wss)://(lwd\.example|\{)", code)
        assert not re.search(r"\b(http|ws)://lwd", code)
        assert "KEY" in code
        assert "punctuate" in code


def test_code_asks_for_what_its_client_takes(page: Page) -> None:
    """A file says itself what it is, and what a framework has no place for is named."""
    page.check("[name=multichannel]")
    page.fill("[name=replace]", "it's:it is")
    codes = {}
    for client in ("python", "javascript", "browser", "livekit", "pipecat", "shell"):
        page.select_option("#client", client)
        codes[client] = page.locator("#snippet").inner_text()

    for code in codes.values():
        assert not re.search(r"encoding['\"]?[:=]", code)
    assert "node listen.mjs FILE" in codes["javascript"]
    assert 'socket.on("error", ({ message }) => {' in codes["javascript"]
    assert "console.error(`No stream: ${message}`);" in codes["javascript"]
    assert "model" not in codes["javascript"]
    assert "# Chosen, but not to be had here: vad_events, multichannel\n" in codes["pipecat"]
    assert "# Chosen, but not to be had here: multichannel, replace\n" in codes["livekit"]
    assert "multichannel=" not in codes["pipecat"] + codes["livekit"]
    assert codes["shell"].startswith(
        "# a file, with lwd's own client, which in a checkout is .venv/bin/lwd\n"
    )
    words = shlex.split(codes["shell"].partition("\n\n")[0], comments=True)
    assert words[:3] == ["lwd", "listen", "--url"]
    assert words[-3:] == ["--param", "replace=it's:it is", "FILE"]


def test_code_says_what_is_off_where_its_client_would_ask_for_it(page: Page) -> None:
    """Nothing that was taken away on the page comes back by a client's own defaults."""
    for name in ("interim_results", "vad_events", "punctuate"):
        page.uncheck(f"[name={name}]")
    page.fill("[name=endpointing]", "")
    codes = {}
    for client in ("livekit", "pipecat", "shell"):
        page.select_option("#client", client)
        codes[client] = page.locator("#snippet").inner_text()

    off = ("interim_results", "punctuate", "vad_events", "filler_words")
    for part in (*(f"{name}=False," for name in off), "endpointing_ms=10,"):
        assert codes["livekit"].count(part) == 1
    for name in ("interim_results", "punctuate", "profanity_filter"):
        assert codes["pipecat"].count(f"{name}=False,") == 1
    assert "not to be had here" not in codes["livekit"] + codes["pipecat"]
    listen = shlex.split(codes["shell"].partition("\n\n")[0], comments=True)
    assert {"--no-interim", "--no-punctuate"} < set(listen)
    assert listen[listen.index("--endpointing") + 1] == "10"

    page.reload()
    page.check("[name=filler_words]")
    page.select_option("#client", "livekit")
    expect(page.locator("#snippet")).to_contain_text("filler_words=True,")
    expect(page.locator("#snippet")).not_to_contain_text("filler_words=False")
