"""How a stream ends."""

import pytest

from lwd.protocol.closing import Close


@pytest.mark.parametrize(
    ("close", "code", "reason"),
    [
        (Close.NORMAL, 1000, ""),
        (
            Close.NO_CLIENT_DATA,
            1011,
            (
                "Deepgram did not receive audio data or a text message within the timeout window."
                " See https://dpgr.am/net0001"
            ),
        ),
        (
            Close.UNDECODABLE_AUDIO,
            1008,
            "Deepgram could not decode the audio. See https://dpgr.am/data0000 (DATA-0000)",
        ),
        (
            Close.INTERNAL_ERROR,
            1011,
            (
                "Deepgram did not provide a response message within the timeout window."
                " See https://dpgr.am/net0000"
            ),
        ),
        (Close.SERVICE_RESTART, 1012, "The server is restarting. Please reconnect."),
    ],
)
def test_close_frame(close: Close, code: int, reason: str) -> None:
    """Each way to end has its code and its exact text."""
    assert (close.code, close.reason) == (code, reason)


@pytest.mark.parametrize("close", Close)
def test_reason_fits(close: Close) -> None:
    """Every reason fits into a close frame."""
    assert len(close.reason.encode()) <= 123
