"""How often a key may open streams."""

from hypothesis import given
from hypothesis import strategies as st

from lwd.auth.rate import HandshakeRate


def test_a_minute_holds_so_many_and_then_they_come_evenly() -> None:
    """A burst is taken at once; after it, one more is there each time its share has passed."""
    rate = HandshakeRate()

    assert [rate.take("key", 3, 100.0) for _ in range(4)] == [0, 0, 0, 20.0]
    assert rate.take("key", 3, 119.5) == 0.5
    assert rate.take("key", 3, 120.0) == 0
    assert rate.take("key", 3, 120.0) == 20.0
    assert [rate.take("key", 3, 500.0) for _ in range(4)] == [0, 0, 0, 20.0]


def test_keys_do_not_share() -> None:
    """One key's burst takes nothing from another."""
    rate = HandshakeRate()
    rate.take("one", 1, 0.0)

    assert rate.take("one", 1, 0.0) == 60.0
    assert rate.take("two", 1, 0.0) == 0


@given(st.integers(1, 10), st.lists(st.floats(0, 30), max_size=60))
def test_no_minute_holds_more_than_twice(per_minute: int, pauses_s: list[float]) -> None:
    """However handshakes are spread: a full bucket and what flows in meanwhile, never more."""
    rate = HandshakeRate()
    now_s, taken = 0.0, []
    for pause_s in pauses_s:
        now_s += pause_s
        if rate.take("key", per_minute, now_s) == 0:
            taken.append(now_s)

    for start_s in taken:
        assert sum(start_s <= at_s < start_s + 60 for at_s in taken) <= 2 * per_minute
