"""What the log says of connections that are refused."""

import asyncio

import pytest
from structlog.testing import capture_logs

from lwd.server.refusals import Refusals


async def test_the_end_is_told_with_how_many_there_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line at the beginning and one after a quiet time; then it may begin anew."""
    monkeypatch.setattr("lwd.server.refusals._QUIET_S", 0.01)
    refusals = Refusals(9000)
    with capture_logs() as logs:
        for told in (2, 4):
            for _ in range(5):
                refusals.note(limit=7)
            async with asyncio.timeout(30):
                while len(logs) < told:  # noqa: ASYNC110 - a log has no event
                    await asyncio.sleep(0.01)

    full = {"event": "connections_full", "log_level": "warning", "port": 9000, "limit": 7}
    free = {"event": "connections_free", "log_level": "warning", "port": 9000, "refused": 5}
    assert logs == [full, free, full, free]
