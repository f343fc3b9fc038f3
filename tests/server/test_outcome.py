"""What the log says of how a stream ended."""

import pytest
from aiohttp import WSCloseCode

from lwd.server.outcome import OUTCOMES, Outcome, close_code


def test_the_code_is_the_one_that_lwd_sent() -> None:
    """A client that answers 1012 with 1000, or with nothing, changes nothing."""
    told = {outcome: close_code(outcome, 1000) for outcome in OUTCOMES.values()}

    assert told == {outcome: close.code for close, outcome in OUTCOMES.items()}
    assert close_code(Outcome.DRAINED, WSCloseCode.ABNORMAL_CLOSURE) == 1012


@pytest.mark.parametrize(
    ("heard", "told"), [(WSCloseCode.ABNORMAL_CLOSURE, "1006"), (None, "None")]
)
def test_a_client_that_went_has_a_plain_code(heard: int | None, told: str) -> None:
    """In a log for people it is a number too, without the library's name for it."""
    assert repr(close_code(Outcome.CLIENT_GONE, heard)) == told
