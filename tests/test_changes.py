"""lwd.config.changes: what a running daemon can take of another configuration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.config import Config, load_config
from lwd.config.changes import changed, needs_restart, reloadable
from lwd.config.load import FIELDS
from lwd.errors import ConfigInvalid

OTHER = {
    "server.port": 9001,
    "limits.streams": 7,
    "engine.batch_size": 3,
    "engine.interim_deadline_s": 1.0,
    "model.name": "base",
    "log.level": "debug",
    "log.keep": 3,
    "ops.listen": "127.0.0.1:1",
    "auth.keys": ["k"],
    "server.trusted_proxies": ["10.0.0.0/8"],
}


def load(**values: object) -> Config:
    return load_config(None, values, {})


@given(st.sets(st.sampled_from(sorted(OTHER))), st.sets(st.sampled_from(sorted(OTHER))))
def test_what_can_be_taken_is_and_nothing_else(first: set[str], second: set[str]) -> None:
    """Each key has the value of after, or where a restart is needed that of before."""
    before = load(**{path: OTHER[path] for path in first})
    after = load(**{path: OTHER[path] for path in second})

    both = reloadable(before, after)

    assert set(changed(before, after)) == first ^ second
    assert [path for path in changed(before, both) if needs_restart(path)] == []
    assert [path for path in changed(both, after) if not needs_restart(path)] == []


def test_a_mixture_that_breaks_a_rule_is_refused() -> None:
    """The old address is open to others, so that the keys cannot go; no key is shown."""
    before = load(**{"server.host": "0.0.0.0", "auth.keys": ["sentinel"]})  # noqa: S104

    with pytest.raises(ConfigInvalid, match=r"server\.host.*restart lwd instead") as refused:
        reloadable(before, load())

    assert "sentinel" not in str(refused.value)


def test_every_key_is_either_reloadable_or_not() -> None:
    """What docs/operations.md says of sections."""
    fixed = {path for path in FIELDS if needs_restart(path)}

    assert {path for path in FIELDS if path.startswith("ops.")} <= fixed
    assert {
        path for path in FIELDS if path.startswith(("vad.", "callback.", "auth."))
    } & fixed == set()
    assert "log.level" not in fixed
    assert "engine.interim_deadline_s" not in fixed
