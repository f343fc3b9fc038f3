"""The speech view: a microphone and files, words, exports, and refusals."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from console.conftest import KEY, Visitor, write_wav
from console.test_files import drop
from tests.conftest import SPOKEN, bare, read_pcm, word_errors
from tests.e2e.conftest import Daemon

MOST_ERRORS = 7
"""Of nineteen words; tiny.en hears four of them wrong in the recording itself."""


def is_spoken(text: str) -> bool:
    """Whether a text is what the recording says, as far as a tiny model hears it."""
    return word_errors(bare(text), bare(SPOKEN)) <= MOST_ERRORS


def settled(page: Page) -> str:
    """The words that are final."""
    return " ".join(page.locator("#transcript .word:not(.interim)").all_inner_texts())


def test_what_is_said_is_read(page: Page) -> None:
    """Interims come while it is said and become finals; times, events and latency are shown."""
    page.click("#speak")
    expect(page.locator("#state")).to_contain_text("Listening")
    expect(page.locator("#transcript .interim").first).to_be_visible()
    expect(page.locator("#events")).to_contain_text("UtteranceEnd")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Done.")
    with page.expect_download() as download:
        page.get_by_role("button", name="SRT").click()

    assert download.value.suggested_filename == "transcript.srt"
    assert is_spoken(settled(page))
    assert is_spoken(" ".join(page.locator("#spoken p").all_inner_texts()))
    expect(page.locator("#transcript .interim")).to_have_count(0)
    expect(page.locator("#events")).to_contain_text("SpeechStarted")
    expect(page.locator("#events")).to_contain_text("Metadata")
    for latency in ("#interim-latency", "#final-latency"):
        expect(page.locator(latency)).to_have_text(re.compile(r"^\d+(\.\d+)?\ss$"))


def test_a_word_tells_its_time_and_confidence(page: Page, speech_file: Path) -> None:
    """To whoever points at it, and to whoever has only a keyboard."""
    page.set_input_files("#file", speech_file)
    expect(page.locator("#state")).to_contain_text("Heard")
    described = re.compile(r"^“\w+,?”, \d+\.\d\d to \d+\.\d\d s, (fairly )?(un)?sure, \d+\s%$")

    page.locator(".word").nth(3).hover()
    expect(page.locator("#inspector")).to_have_text(described)
    third = page.locator("#inspector").inner_text()
    page.locator("#transcript").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#inspector")).to_have_text(described)
    expect(page.locator("#inspector")).not_to_have_text(third)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#inspector")).to_have_text(third)


def test_a_dropped_file_can_be_saved(page: Page, speech_file: Path, tmp_path: Path) -> None:
    """As text, captions and messages, which all say the same."""
    drop(page, speech_file)
    expect(page.locator("#state")).to_contain_text("Heard ls_test.flac: 6.67 s in")
    words = bare(settled(page))
    saved = {}
    for name in ("Text", "SRT", "VTT", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        assert path.stem == "ls_test"
        download.value.save_as(path)
        saved[path.suffix] = path.read_text()

    assert is_spoken(" ".join(words))
    assert bare(saved[".txt"]) == words
    finals = json.loads(saved[".json"])
    assert [
        bare(word["word"])[0]
        for final in finals
        for word in final["channel"]["alternatives"][0]["words"]
    ] == words
    assert saved[".vtt"].startswith("WEBVTT\n\n00:00:0")
    srt = re.sub(r"^\d+\n[\d:,]+ --> [\d:,]+$", "", saved[".srt"], flags=re.MULTILINE)
    assert bare(srt) == words


def test_channels_are_told_apart(page: Page, speech_file: Path, tmp_path: Path) -> None:
    """Each has its lines, with its number; together they are mixed."""
    pcm = read_pcm(speech_file, 16_000)
    late = np.concatenate([np.zeros(16_000, np.int16), pcm])[: len(pcm)]
    file = write_wav(tmp_path / "two.wav", np.stack([pcm, late], 1).ravel(), channels=2)

    page.check("[name=multichannel]")
    page.set_input_files("#file", file)

    expect(page.locator("#state")).to_contain_text("Heard")
    told = page.locator("#transcript .time").all_inner_texts()
    assert sorted({one.partition(" · ")[0] for one in told}) == ["1", "2"]
    first = page.locator("#transcript p").filter(has_text="1 · ").locator(".word")
    assert is_spoken(" ".join(first.all_inner_texts()))


def test_options_reach_the_stream_and_the_code(page: Page, speech_file: Path) -> None:
    """What is chosen is in the query, and in what is offered to be copied."""
    page.select_option("[name=model]", "base")
    page.select_option("[name=language]", "en")
    page.check("[name=numerals]")
    page.fill("[name=keyterm]", "soul\ngood & bad")
    page.check("[name=redact][value=ssn]")
    with page.expect_websocket() as opened:
        page.set_input_files("#file", speech_file)
    expect(page.locator("#state")).to_contain_text("Heard")
    page.get_by_role("heading", name="Messages").click()
    page.click("#copy-messages")
    messages = page.evaluate("() => navigator.clipboard.readText()").splitlines()

    for part in ("model=base", "language=en", "numerals=true", "keyterm=soul", "redact=ssn"):
        assert part in opened.value.url
    assert "keyterm=good+%26+bad" in opened.value.url
    assert json.loads(messages[-1])["type"] == "Metadata"
    assert page.locator("#messages li").count() == len(messages)
    for client, part in {
        "python": '"keyterm": ["soul","good & bad"]',
        "javascript": 'keyterm: ["soul","good & bad"]',
        "browser": "keyterm=soul&keyterm=good+%26+bad",
        "livekit": 'language="en"',
        "pipecat": "numerals=True",
        "shell": "--param redact=ssn",
    }.items():
        page.select_option("#client", client)
        code = page.locator("#snippet").inner_text()
        assert part in code
        assert page.evaluate("() => location.host") in code
        if client in ("python", "livekit", "pipecat"):
            compile(code, client, "exec")


def test_options_stay_when_the_page_is_loaded_anew(page: Page) -> None:
    """All kinds of them; the code is of them at once."""
    page.select_option("[name=model]", "base")
    page.select_option("[name=language]", "de")
    page.uncheck("[name=punctuate]")
    page.check("[name=redact][value=ssn]")
    page.fill("[name=keyterm]", "soul\ntrudged")
    before = page.locator("#snippet").inner_text()

    page.reload()

    expect(page.locator("[name=language]")).to_have_value("de")
    expect(page.locator("[name=model]")).to_have_value("base")
    expect(page.locator("[name=punctuate]")).not_to_be_checked()
    expect(page.locator("[name=redact][value=pci]")).not_to_be_checked()
    expect(page.locator("#snippet")).to_have_text(before)


def test_a_language_goes_with_its_model(page: Page) -> None:
    """The code never asks a model for a language that it does not have."""
    page.select_option("[name=model]", "base")
    page.select_option("[name=language]", "de")
    expect(page.locator("#snippet")).to_contain_text('"language": "de"')

    page.select_option("[name=model]", "tiny.en")

    expect(page.locator("[name=language]")).to_have_value("")
    expect(page.locator("#snippet")).not_to_contain_text("language")


def test_a_model_that_is_gone_is_chosen_no_more(page: Page) -> None:
    """The default takes its place."""
    page.evaluate(
        """() => sessionStorage.setItem("lwd-options", JSON.stringify([["model", "gone"]]))"""
    )

    page.reload()

    expect(page.locator("[name=model] option")).to_have_count(3)
    expect(page.locator("[name=model]")).to_have_value("")


def enter(page: Page, key: str) -> None:
    """Type a key into the dialog that asks for one."""
    page.get_by_label("Key", exact=True).fill(key)
    page.keyboard.press("Enter")


def test_a_rejected_key_shows_its_reason(visitor: Visitor, guarded: Daemon) -> None:
    """The page asks until a key will do, and asks for no other."""
    page = visitor.open(guarded)
    dialog = page.get_by_role("dialog")
    page.get_by_label("Key", exact=True).fill("wrong")
    page.get_by_role("button", name="Use it").click()
    expect(dialog).to_contain_text(
        "lwd does not take this key: Invalid credentials. (401 INVALID_AUTH)"
    )
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="Use it").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#options [name=model] option")).to_have_count(2)
    page.reload()
    expect(page.locator("#options [name=model] option")).to_have_count(2)
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("view", ["", "#operations"])
def test_nobody_is_refused_before_a_key_is_typed(
    visitor: Visitor, guarded: Daemon, view: str
) -> None:
    """Who only opens the page must not look like somebody who guesses keys."""
    count = f"""() => fetch("/v1/status/operations", {{ headers: {{ Authorization: "Token {KEY}" }} }})
        .then((answer) => answer.json()).then(({{ rejected }}) => rejected.auth)"""
    page = visitor.open(guarded)
    before = page.evaluate(count)

    page = visitor.open(guarded, view)
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("#key-fault")).to_be_hidden()
    enter(page, KEY)
    expect(page.locator("#options [name=model] option")).to_have_count(2)

    assert page.evaluate(count) == before


def test_another_key_is_asked_for_when_one_is_good_no_more(
    visitor: Visitor, guarded: Daemon, speech_file: Path
) -> None:
    """A stream that is refused for it opens the dialog, with the reason in it."""
    page = visitor.open(guarded)
    dialog = page.get_by_role("dialog")
    enter(page, KEY)
    expect(dialog).to_be_hidden()
    page.evaluate("() => sessionStorage.setItem('lwd-key', 'revoked')")

    page.set_input_files("#file", speech_file)

    expect(dialog).to_contain_text("lwd does not take this key: Invalid credentials.")
    expect(page.locator("#refusal")).to_contain_text("lwd does not take this key")
    enter(page, "  ")
    expect(dialog).to_contain_text("Type a key.")
    enter(page, KEY)
    expect(dialog).to_be_hidden()
    expect(page.locator("#refusal")).to_be_hidden()


@pytest.mark.parametrize("key", ["abc…def", "ключ", "abc def", "a/b="])
def test_a_key_that_no_browser_can_send_is_not_kept(
    visitor: Visitor, guarded: Daemon, key: str
) -> None:
    """The dialog says so and stays; one that was kept by a page before is asked for anew."""
    page = visitor.open(guarded)
    dialog = page.get_by_role("dialog")
    enter(page, key)
    expect(dialog.get_by_role("alert")).to_contain_text("No browser can send this key")
    expect(page.locator("#refusal")).to_be_hidden()

    page.evaluate("(key) => sessionStorage.setItem('lwd-key', key)", key)
    page.reload()
    expect(dialog).to_be_visible()
    enter(page, KEY)
    expect(page.locator("#options [name=model] option")).to_have_count(2)
    expect(dialog).to_be_hidden()


def test_where_no_page_may_copy_the_code_is_selected(page: Page) -> None:
    """The button says so, and the keys for copying do the rest."""
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); }"
    )

    page.click("#copy-snippet")

    expect(page.locator("#copy-snippet")).to_have_text("Selected: copy it by key or menu")
    selected = page.evaluate("() => getSelection().toString()")
    assert selected == page.locator("#snippet").inner_text().rstrip()


def test_the_python_code_works(page: Page, speech_file: Path, tmp_path: Path) -> None:
    """As it is copied and saved, with a file to hear; each channel is told by its number."""
    page.fill("[name=keyterm]", "good soul\ntrudged")
    page.check("[name=multichannel]")
    program = tmp_path / "listen.py"
    program.write_text(page.locator("#snippet").inner_text())

    ran = subprocess.run(
        [sys.executable, program, speech_file], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    finals = [line for line in ran.stdout.splitlines() if line.startswith("1 final")]
    assert is_spoken(" ".join(line.removeprefix("1 final") for line in finals))


def test_a_page_of_another_name_is_told_what_it_lacks(visitor: Visitor, daemon: Daemon) -> None:
    """Without keys lwd takes no name that it does not know, and browsers give no microphone."""
    page = visitor.open(daemon, host="lwd.test")
    expect(page.locator("#refusal")).to_contain_text("add it to server.allowed_hosts")

    page.click("#speak")

    expect(page.locator("#refusal")).to_contain_text(
        "Browsers give the microphone to pages of https:// and of localhost alone."
    )


@pytest.fixture
def with_key(visitor: Visitor, guarded: Daemon) -> Page:
    """The console of the daemon that asks for a key, which was typed."""
    page = visitor.open(guarded)
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#options [name=model] option")).to_have_count(2)
    return page


def test_a_refused_stream_shows_its_reason(
    with_key: Page, visitor: Visitor, guarded: Daemon, speech_file: Path
) -> None:
    """A browser hides it: too many streams, a key that is good no more, a bad option."""
    page, refusal = with_key, with_key.locator("#refusal")
    other = visitor.open(guarded)
    other.get_by_label("Key", exact=True).fill(KEY)
    other.get_by_role("button", name="Use it").click()
    expect(other.locator("#options [name=model] option")).to_have_count(2)
    other.click("#speak")
    expect(other.locator("#state")).to_contain_text("Listening")

    page.set_input_files("#file", speech_file)
    expect(refusal).to_contain_text("As many streams are open as lwd takes.")
    expect(refusal).to_contain_text("429 · TOO_MANY_REQUESTS · ")

    other.get_by_role("button", name="Stop").click()
    expect(other.locator("#state")).to_have_text("Done.")
    page.evaluate("() => sessionStorage.setItem('lwd-key', 'revoked')")
    page.set_input_files("#file", speech_file)
    expect(refusal).to_contain_text("lwd does not take this key: Invalid credentials.")

    enter(page, KEY)
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.fill("[name=utterance_end_ms]", "999")
    page.set_input_files("#file", speech_file)
    expect(refusal).to_contain_text("“UtteranceEnd after” has a value that lwd does not take.")
    expect(page.locator("#state")).to_have_text("No stream was opened.")

    page.fill("[name=utterance_end_ms]", "1000")
    page.set_input_files("#file", speech_file)
    expect(page.locator("#state")).to_contain_text("Heard")
    expect(refusal).to_be_hidden()


def test_a_refused_option_is_called_as_the_page_calls_it(page: Page, speech_file: Path) -> None:
    """With what it takes; its field is marked until it is changed, also for screen readers."""
    field = page.get_by_label("End of an utterance after")
    page.get_by_role("heading", name="Options").click()
    expect(field).to_be_hidden()
    field.evaluate("(field) => { field.value = '-5'; }")

    page.set_input_files("#file", speech_file)

    said = "“End of an utterance after” has a value that lwd does not take."
    takes = "Expected an integer from 0 to 2147483647."
    expect(page.get_by_role("alert")).to_contain_text(f"{said}{takes}400 · INVALID_QUERY")
    expect(field).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(takes)))

    page.get_by_label("UtteranceEnd after").fill("2000")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("5")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("")


def test_a_refused_stream_counts_once(page: Page, speech_file: Path) -> None:
    """Although the page asks again to learn why, and shows the id of the stream itself."""
    counted = """async () => {
        const status = (what) => fetch(`/v1/status/${what}`).then((answer) => answer.json());
        const { rejected } = await status("operations");
        const { rejections } = await status("rejections");
        return [rejected.bad_request, rejections[0]?.request_id];
    }"""
    before, _ = page.evaluate(counted)

    page.fill("[name=utterance_end_ms]", "998")
    page.set_input_files("#file", speech_file)
    expect(page.locator("#refusal")).to_contain_text("“UtteranceEnd after”")

    after, newest = page.evaluate(counted)
    assert after == before + 1
    expect(page.locator("#refusal code")).to_contain_text(newest)


def test_an_lwd_that_is_gone_is_called_so_also_to_who_speaks(page: Page) -> None:
    """In the words for whoever chooses a file, although part of the page is still to come."""
    page.evaluate(
        "() => { AudioWorklet.prototype.addModule = () => Promise.reject(new Error('no answer')); }"
    )

    page.click("#speak")

    expect(page.locator("#refusal")).to_have_text(
        "lwd cannot be reached. See whether it runs, and whether the network lets you."
    )
    expect(page.get_by_role("button", name="Speak")).to_be_enabled()
