"""Files that somebody chooses or drops: what is heard, what is not, and what the page says of it."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from console.conftest import write_wav
from console.test_modules import SOME
from lwd.audio.containers import SNIFF_BYTES, container_of, frames_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4

STARTS = st.sampled_from(
    [
        *(b"RIFF....WAVE", b"RF64\x00\x00\x00\n\x00WAVE", b"fLaC", b"OggS", b"\x1aE\xdf\xa3"),
        *(b"ID3\x04", b"ID3\x07", b"....ftyp", b"\n\n\r\nmoov", b"#!AMR", b"\xff\xfb\x90"),
        *(b"\xff\xf1\x50\x80", b"\xff\xfe", b"# lwd\n\nlwd is", PNG[:8]),
    ]
)


def drop(page: Page, *files: Path, told: str = "Drop it, and lwd hears it") -> None:
    """Drop files on the page as a mouse does, which is told what comes of it."""
    held = [[file.name, base64.b64encode(file.read_bytes()).decode()] for file in files]
    transfer = page.evaluate_handle(
        """(held) => {
            const transfer = new DataTransfer();
            for (const [name, data] of held) {
                const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
                transfer.items.add(new File([bytes], name));
            }
            return transfer;
        }""",
        held,
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_be_visible()
    expect(page.locator("#drop")).to_have_text(told)
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_be_hidden()


def test_what_is_no_audio_is_refused_and_erases_nothing(
    page: Page, speech_file: Path, tmp_path: Path
) -> None:
    """No stream is opened for it, the page says why, and what was heard can still be saved."""
    page.set_input_files("#file", speech_file)
    expect(page.locator("#state")).to_contain_text("Heard ls_test.flac")
    before = page.locator("#transcript").inner_text()
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))

    for name, data in {"README.md": b"# lwd\n" * 99, "empty.wav": b"", "icon.png": PNG}.items():
        (tmp_path / name).write_bytes(data)
        page.set_input_files("#file", tmp_path / name)
        fault = f"{name} is no audio" if data else f"{name} is empty."
        expect(page.get_by_role("alert")).to_contain_text(fault)
        expect(page.locator("#state")).to_have_text(
            "No stream was opened. Below is what was heard before."
        )

    assert opened == []
    assert page.locator("#transcript").inner_text() == before
    expect(page.get_by_role("button", name="SRT")).to_be_enabled()


def test_a_file_without_speech_is_called_so(page: Page, tmp_path: Path) -> None:
    """There is nothing to save then, as at first."""
    save = page.get_by_role("group", name="Save as").get_by_role("button", name="Text")
    expect(save).to_be_disabled()

    page.set_input_files("#file", write_wav(tmp_path / "mute.wav", np.zeros(32_000, np.int16)))

    expect(page.locator("#state")).to_have_text("No speech in mute.wav")
    expect(save).to_be_disabled()


def test_one_of_several_files_is_heard_and_named(
    page: Page, speech_file: Path, tmp_path: Path
) -> None:
    """Whoever drops two is told which one it was."""
    mute = write_wav(tmp_path / "mute.wav", np.zeros(16_000, np.int16))

    drop(page, speech_file, mute)

    expect(page.locator("#state")).to_contain_text("Heard ls_test.flac, the first of 2: 6.67 s in")


def test_while_a_stream_runs_no_file_is_taken(page: Page, twice: Path, speech_file: Path) -> None:
    """The page says so before it is dropped, and the pace stays as it is."""
    page.check("#at-pace")
    page.set_input_files("#file", twice)
    expect(page.locator("#state")).to_contain_text("Sending speech.wav")
    expect(page.locator("#at-pace")).to_be_disabled()

    drop(page, speech_file, told="Stop the stream that runs, then drop it")

    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Stopped speech.wav")
    expect(page.locator("#at-pace")).to_be_enabled()
    drop(page, speech_file)


def test_a_file_that_is_stopped_was_not_heard(page: Page, twice: Path) -> None:
    """What came until then stays."""
    page.check("#at-pace")
    page.set_input_files("#file", twice)
    expect(page.locator("#transcript .word").first).to_be_visible()

    page.get_by_role("button", name="Stop").click()

    expect(page.locator("#state")).to_have_text("Stopped speech.wav")
    expect(page.locator("#transcript .word").first).to_be_visible()


@pytest.mark.parametrize("is_stopped", [True, False])
def test_nobody_has_to_wait_for_the_rest(
    page: Page, speech_file: Path, twice: Path, *, is_stopped: bool
) -> None:
    """How much is still to be heard is told, and may be done without, however slow lwd is."""
    page.set_input_files("#file", speech_file)
    expect(page.locator("#state")).to_contain_text("Heard ls_test.flac")
    page.route_web_socket("**/v1/listen*", lambda _: None)
    page.set_checked("#at-pace", is_stopped)
    page.set_input_files("#file", twice)
    if is_stopped:
        expect(page.locator("#clock")).to_contain_text("0:01 of 0:14")
        page.get_by_role("button", name="Stop").click()

    expect(page.locator("#state")).to_have_text("Finishing")
    left = page.locator("#clock")
    expect(left).to_have_text(re.compile(r"^0:\d\d still to be heard$"))
    page.get_by_role("button", name="End now").click()

    expect(page.locator("#state")).to_have_text(
        "Ended before all was heard. Below is what was heard before."
    )
    expect(left).to_be_empty()
    expect(page.get_by_role("button", name="Speak")).to_be_enabled()


def test_a_file_that_the_browser_cannot_decode_goes_as_it_is(page: Page, tmp_path: Path) -> None:
    """The stream is closed where lwd cannot decode it either, and the page says so."""
    file = tmp_path / "noise.flac"
    file.write_bytes(b"fLaC" + bytes(range(256)) * 64)

    page.set_input_files("#file", file)

    expect(page.locator("#refusal")).to_contain_text("lwd could not decode the audio. (1008")
    expect(page.locator("#state")).to_have_text("The stream broke off.")
    expect(page.get_by_role("button", name="Speak")).to_be_enabled()


@SOME
@given(heads=st.lists(st.builds(bytes.__add__, STARTS | st.just(b""), st.binary()), min_size=20))
def test_containers_are_known_as_lwd_knows_them(page: Page, heads: list[bytes]) -> None:
    """A file is sent as it is where lwd finds a container or frames in it, and nowhere else."""
    known = page.evaluate(
        """async (heads) => {
            const { isContainer } = await import("/console/recording.js");
            return heads.map((head) => isContainer(Uint8Array.from(head)));
        }""",
        [list(head) for head in heads],
    )

    sniffed = [head[:SNIFF_BYTES] for head in heads]
    assert known == [bool(container_of(head) or frames_of(head)) for head in sniffed]
