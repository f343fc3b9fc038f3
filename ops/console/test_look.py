"""How the console looks, and whether everybody can use it: axe, a phone, two colour schemes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FloatRect, Page, expect

from console.conftest import KEY, PATIENCE_MS, Visitor
from tests.e2e.conftest import Daemon

Scheme = Literal["light", "dark"]


def heard(page: Page, speech_file: Path) -> None:
    """Have the console show what it shows of speech, with all that can be unfolded."""
    expect(page.locator("#options [name=model] option")).to_have_count(3)
    page.set_input_files("#file", speech_file)
    expect(page.locator("#state")).to_contain_text("Heard")
    page.evaluate(
        "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    page.locator(".word").first.click()


def assert_accessible(page: Page) -> None:
    """Raise with what axe finds."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    """Each colour scheme."""
    scheme: Scheme = request.param
    return scheme


@pytest.fixture(params=[(1280, 860), (375, 812)], ids=["desk", "phone"])
def sized(
    request: pytest.FixtureRequest, browser: Browser, scheme: Scheme, daemon: Daemon
) -> Iterator[Page]:
    """The console on a desk and on a phone."""
    width, height = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",  # so that no colour is caught halfway
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{daemon.port}/")
    yield page
    context.close()


def test_everybody_can_use_both_views(
    sized: Page, speech_file: Path, shots: Path, request: pytest.FixtureRequest
) -> None:
    """Axe finds no violation, and nothing has to be scrolled sideways."""
    name = request.node.callspec.id

    heard(sized, speech_file)
    assert_accessible(sized)
    assert_fits(sized)
    sized.screenshot(path=shots / f"speech-{name}.png", full_page=True)

    sized.evaluate("() => fetch('/v1/listen?encoding=wax')")
    sized.get_by_role("tab", name="Operations").click()
    expect(sized.locator("#rejections")).to_contain_text("encoding")
    assert_accessible(sized)
    assert_fits(sized)
    sized.screenshot(path=shots / f"operations-{name}.png", full_page=True)


def assert_fits(page: Page) -> None:
    """Raise when the page is wider than the window."""
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def box(page: Page, selector: str) -> FloatRect:
    """Where an element is that can be seen."""
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


def test_a_phone_is_filled_and_holds_the_tables(
    browser: Browser, daemon: Daemon, twice: Path
) -> None:
    """Every column can be seen without scrolling, with a stream in the table of streams too."""
    context = browser.new_context(viewport={"width": 375, "height": 812})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{daemon.port}/")
    expect(page.locator("#options [name=model] option")).to_have_count(3)
    assert box(page, "#transcript")["width"] == 375 - 2 * 16
    assert box(page, "#clear")["y"] == box(page, "[data-export=txt]")["y"]
    page.check("#at-pace")
    page.set_input_files("#file", twice)
    page.get_by_role("tab", name="Operations").click()
    expect(page.locator("#streams th")).to_have_count(1)

    widths = page.evaluate(
        """() => [...document.querySelectorAll(".scroll")].map((one) => [one.scrollWidth, one.clientWidth])"""
    )
    context.close()

    assert len(widths) == 2
    assert all(wanted <= given for wanted, given in widths), widths


def test_the_header_of_a_phone_takes_two_rows(
    browser: Browser, daemon: Daemon, shots: Path
) -> None:
    """Name and state beside each other, however long the state is, and the views below."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.route("**/readyz", lambda route: route.fulfill(status=503, body="an engine is starting"))
    page.goto(f"http://127.0.0.1:{daemon.port}/")
    expect(page.locator("#health")).to_contain_text("Takes no new streams: an engine is starting")
    long = [box(page, selector) for selector in ("h1", "#health", "[role=tablist]")]
    page.unroute("**/readyz")
    expect(page.locator("#health")).to_contain_text("Ready")
    short = [box(page, selector) for selector in ("h1", "#health", "[role=tablist]")]
    page.screenshot(path=shots / "header-phone.png")
    assert_fits(page)
    context.close()

    for name, state, views in (short, long):
        assert name["x"] + name["width"] <= state["x"]
        assert max(one["y"] for one in (name, state)) < views["y"]
        assert abs(name["y"] + name["height"] / 2 - state["y"] - state["height"] / 2) < 2
    assert short[1]["height"] < short[0]["height"] * 1.2


def test_nothing_leaves_a_hole_or_jumps(page: Page, twice: Path) -> None:
    """Neither folded panes, nor folded options, nor the progress of a file."""
    wide = box(page, "#transcript")
    for name in ("Events", "Use this in your code"):
        page.get_by_role("heading", name=name).click()
    below = box(page, ".exports")
    assert box(page, ".panes")["y"] - (below["y"] + below["height"]) < 48

    page.get_by_role("heading", name="Options").click()
    assert box(page, "#transcript")["width"] > wide["width"] + 100

    page.check("#at-pace")
    page.set_input_files("#file", twice)
    expect(page.locator("#progress")).to_be_visible()
    assert box(page, "#transcript")["y"] == wide["y"]


def test_everybody_can_type_the_key(visitor: Visitor, guarded: Daemon, shots: Path) -> None:
    """The question for a key is found by a screen reader, and so is what was wrong with it."""
    page = visitor.open(guarded)
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    page.keyboard.type(KEY[::-1])
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("does not take this key")

    assert_accessible(page)
    page.screenshot(path=shots / "key.png")


def test_everybody_can_read_a_refusal(page: Page, speech_file: Path, shots: Path) -> None:
    """It is an alert, with enough contrast."""
    page.fill("[name=utterance_end_ms]", "12")
    page.set_input_files("#file", speech_file)
    expect(page.get_by_role("alert")).to_contain_text("UtteranceEnd after")

    assert_accessible(page)
    page.screenshot(path=shots / "refusal.png")


def test_a_picture_while_somebody_speaks(page: Page, twice: Path, shots: Path) -> None:
    """Finals and interims at once: the picture in the documentation is made of this."""
    page.set_input_files("#file", twice)
    expect(page.locator("#state")).to_contain_text(
        "Heard"
    )  # the first batches of a daemon are slow
    page.check("#at-pace")
    page.set_input_files("#file", twice)
    expect(page.locator("#transcript p").nth(1).locator(".word.interim").nth(2)).to_be_visible()

    page.screenshot(path=shots / "console.png")

    expect(page.locator("#state")).to_contain_text("Heard")
