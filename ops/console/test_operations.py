"""The operations view follows what happens."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from console.conftest import KEY, Visitor
from tests.e2e.conftest import Daemon, StartDaemon


def tile(name: str) -> str:
    """The selector of a figure."""
    return f"#tiles div:has(dt:text-is('{name}')) strong"


def test_the_view_follows_the_streams(visitor: Visitor, daemon: Daemon, speech_file: Path) -> None:
    """A stream takes a place while it is open, and leaves its latency behind."""
    speaker, page = visitor.open(daemon), visitor.open(daemon, "#operations")
    expect(page.locator(tile("Open streams"))).to_have_text("0")
    expect(page.locator(tile("Free"))).to_have_text("100")
    expect(page.locator("#models")).to_contain_text("tiny.en")
    expect(page.locator("#models")).to_contain_text("1 of 1")
    expect(page.locator("#streams")).to_contain_text("No stream is open.")

    speaker.check("#at-pace")
    speaker.set_input_files("#file", speech_file)
    expect(page.locator(tile("Open streams"))).to_have_text("1")
    expect(page.locator("#streams tr")).to_have_count(1)
    expect(page.locator("#health")).to_contain_text("1 stream")
    expect(speaker.locator("#state")).to_contain_text("Heard")

    expect(page.locator(tile("Open streams"))).to_have_text("0")
    expect(page.locator(tile("Latency of finals"))).to_contain_text(" s")
    expect(page.locator("#tiles")).to_contain_text(re.compile(r"median, last \d+\s(s|min)"))


def test_the_header_is_told_of_streams_at_once(
    visitor: Visitor, daemon: Daemon, speech_file: Path
) -> None:
    """One word for a daemon that is well, and no number that is old."""
    page = visitor.open(daemon, init="window.setInterval = () => 0;")
    health = page.locator("#health")
    expect(health).to_have_text("Ready")
    page.check("#at-pace")

    page.set_input_files("#file", speech_file)

    expect(health).to_have_text("Ready, 1 stream")
    expect(page.locator("#state")).to_contain_text("Heard")
    expect(health).to_have_text("Ready")


def test_a_daemon_that_is_full_is_told_so(visitor: Visitor, start_daemon: StartDaemon) -> None:
    """In both places and without green, as the next caller is refused."""
    full = start_daemon(LWD_LIMITS__STREAMS="1")
    page = visitor.open(full)
    health, state = page.locator("#health"), page.locator("#operations-state")
    expect(health).to_have_text("Ready")
    expect(health).to_have_class(re.compile("well"))

    page.click("#speak")
    expect(health).to_have_text("Full, 1 stream")
    expect(health).not_to_have_class(re.compile("well"))
    page.get_by_role("tab", name="Operations").click()
    expect(state).to_contain_text("takes no new streams: it is full.")
    expect(page.locator(tile("Free"))).to_have_text("0")

    page.get_by_role("tab", name="Speech").click()
    page.get_by_role("button", name="Stop").click()
    expect(health).to_have_text("Ready")
    page.get_by_role("tab", name="Operations").click()
    expect(state).to_contain_text("takes new streams.")


def test_what_no_caller_feels_yet_is_told(
    visitor: Visitor, start_daemon: StartDaemon, tmp_path: Path
) -> None:
    """A keys file that cannot be used any more, and where its reason is."""
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": []}')
    keys.chmod(0o600)
    daemon = start_daemon(LWD_AUTH__KEYS=f"[{KEY}]", LWD_AUTH__KEYS_FILE=str(keys))
    keys.chmod(0o644)

    page = visitor.open(daemon, "#operations")
    page.get_by_label("Key", exact=True).fill(KEY)
    page.keyboard.press("Enter")

    state = page.locator("#operations-state")
    expect(state).to_contain_text("takes new streams. The keys file cannot be used")
    keys.chmod(0o600)
    expect(state).not_to_contain_text("keys file")


def test_the_view_tells_why_requests_were_refused(visitor: Visitor, daemon: Daemon) -> None:
    """In words, for whoever looks after it; never with what was sent."""
    page = visitor.open(daemon, "#operations")
    expect(page.locator("#rejections li").first).to_be_visible()
    before = page.locator("#rejections li").count()

    page.evaluate("() => fetch('/v1/listen?endpointing=sesame')")

    newest = page.locator("#rejections li").first
    expect(newest).to_contain_text("The value of the parameter endpointing cannot be used.")
    expect(newest).to_contain_text("Expected an integer from 0 to 2147483647.")
    expect(newest).to_contain_text("400 · INVALID_QUERY_PARAMETER · /v1/listen")
    expect(page.locator("#errors")).to_contain_text("requests that lwd could make nothing of")
    assert page.locator("#rejections li").count() >= before
    assert "sesame" not in page.locator("#rejections").inner_text()


def test_tabs_go_by_keyboard(page: Page) -> None:
    """Arrow keys change the view, and an address leads back to it."""
    page.get_by_role("tab", name="Speech").focus()
    page.keyboard.press("ArrowRight")

    expect(page.get_by_role("tab", name="Operations")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Operations")).to_be_visible()
    expect(page.get_by_role("tabpanel", name="Speech")).to_be_hidden()
    assert page.url.endswith("/#operations")


def test_back_leads_to_the_view_before(page: Page) -> None:
    """Each view is a step of the browser's history."""
    page.get_by_role("tab", name="Operations").click()
    page.get_by_role("tab", name="Operations").click()
    expect(page.get_by_role("tabpanel", name="Operations")).to_be_visible()

    page.go_back()
    expect(page.get_by_role("tabpanel", name="Speech")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("tabpanel", name="Operations")).to_be_visible()


def test_rejections_that_are_alike_are_one(visitor: Visitor, daemon: Daemon) -> None:
    """With how many they are; ten kinds are shown, and the rest where it is asked for."""
    page = visitor.open(daemon, "#operations")
    expect(page.locator("#rejections li").first).to_be_visible()
    names = [
        *("encoding", "endpointing", "channels", "sample_rate", "utterance_end_ms", "punctuate"),
        *("numerals", "dictation", "smart_format", "multichannel", "vad_events"),
    ]
    page.evaluate(
        """async (names) => {
            for (const name of names) {
                await fetch(`/v1/listen?${name}=sesame`);
            }
            await fetch("/v1/listen?vad_events=sesame");
            await fetch("/v1/nothing");
        }""",
        names,
    )

    twice = page.locator("#rejections li").filter(has_text="parameter vad_events")
    expect(twice).to_contain_text("2 times, last at ")
    expect(page.locator("#rejections li")).to_have_count(10)
    expect(page.locator("#older summary")).to_have_text(re.compile(r"^[2-9]\d* more$"))
    expect(page.locator("#older-rejections")).to_be_hidden()
    page.locator("#older summary").click()
    expect(page.locator("#older-rejections")).to_contain_text("parameter encoding")
    expect(page.locator("#rejections li").first).to_contain_text(re.compile(r"\. See docs/"))


def test_remedies_show_commands_as_code(visitor: Visitor, guarded: Daemon) -> None:
    """Without the marks that they are written with."""
    page = visitor.open(guarded)
    page.get_by_label("Key", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("does not take this key")
    page.get_by_label("Key", exact=True).fill(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("tab", name="Operations").click()

    wrong = page.locator("#rejections li").filter(has_text="The key is not one of lwd's")
    expect(wrong.locator("code").first).to_have_text("lwd keys list")
    expect(wrong.first).not_to_contain_text("`")


def test_a_daemon_that_stops_or_is_gone_is_told(page: Page) -> None:
    """The header says that no new stream is taken; a view that never was has nothing older."""
    page.route("**/readyz", lambda route: route.fulfill(status=503, body="draining\n"))
    expect(page.locator("#health")).to_have_text(
        re.compile(r"^Takes no new streams: draining(, \d+ streams?)?$")
    )
    expect(page.locator("#health")).not_to_have_class(re.compile("well"))

    page.route("**/v1/status/*", lambda route: route.abort())
    page.get_by_role("tab", name="Operations").click()

    expect(page.locator("#operations-state")).to_have_text("lwd does not answer.")
