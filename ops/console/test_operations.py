"""The operations view follows what happens."""

from pathlib import Path

from playwright.sync_api import Page, expect

from console.conftest import Visitor
from tests.e2e.conftest import Daemon


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
    expect(page.locator(tile("Final results"))).to_contain_text(" s")


def test_the_view_tells_why_requests_were_refused(visitor: Visitor, daemon: Daemon) -> None:
    """In words, for whoever looks after it; never with what was sent."""
    page = visitor.open(daemon, "#operations")
    expect(page.locator("#rejections li").first).to_be_visible()
    before = page.locator("#rejections li").count()

    page.evaluate("() => fetch('/v1/listen?endpointing=sesame')")

    newest = page.locator("#rejections li").first
    expect(newest).to_contain_text("The value of the parameter endpointing cannot be used.")
    expect(newest).to_contain_text("400 · INVALID_QUERY_PARAMETER · /v1/listen")
    expect(page.locator("#errors")).to_contain_text("requests refused: bad_request")
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
